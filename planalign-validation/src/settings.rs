//! What the rules need to know of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use planalign_config::settings::{
    CompensationReasonableness, DistributionDrift, HireTerminationRatio, PayOutliers, Rating, SqlRule, YearlyJumps,
};
use planalign_config::{Rate, SimulationConfig, rate};
use serde::{Deserialize, Serialize};

/// A census file, and how to tell that it is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CensusOrigin {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Thresholds, and the settings of the plan that limits depend on. Rates are fractions, 0.06 is 6%.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleSettings {
    /// First simulated year; it opens with the census.
    pub start_year: i32,
    /// `census.max_rejected_share`: share of rejected rows of the census that a run tolerates.
    pub max_rejected_share: Rate,
    /// The census file as it was when the run began; `None`: not known, and not checked.
    pub census: Option<CensusOrigin>,
    /// `validation.severity`: what the findings of built-in rules are worth, where it is not their own judgement.
    pub severity: BTreeMap<String, Rating>,
    /// `validation.rules`: the user's own.
    pub own: Vec<SqlRule>,
    /// `validation.compensation_reasonableness`.
    pub compensation: CompensationReasonableness,
    /// `validation.hire_termination_ratio`.
    pub hire_termination: HireTerminationRatio,
    /// `validation.pay_outliers`.
    pub pay_outliers: PayOutliers,
    /// `validation.yearly_jumps`.
    pub yearly_jumps: YearlyJumps,
    /// `validation.distribution_drift`.
    pub distribution_drift: DistributionDrift,
    /// Hires above this share of the opening headcount are remarkable.
    pub remarkable_hire_share: Rate,
    /// `deferrals.maximum_rate`: the plan's own cap on a deferral rate.
    pub maximum_deferral_rate: Rate,
    /// `deferrals.catch_up`: whether the plan takes catch-up contributions.
    pub catch_up: bool,
    /// `deferrals.super_catch_up`: whether those of 60 to 63 have the higher limit.
    pub super_catch_up: bool,
    /// `deferral_auto_escalation.maximum_rate`: where automatic increases end.
    pub maximum_escalated_rate: Rate,
    /// `employer_match.match_cap_percent`: cap on the match as a share of pay; `None`: no cap.
    pub match_cap: Option<Rate>,
}

/// Hires above this share of the opening headcount are remarkable.
const REMARKABLE_HIRE_SHARE: Rate = rate!(0.5);

impl From<&SimulationConfig> for RuleSettings {
    /// What a configuration says. The census is the caller's to add, as it is not read here.
    fn from(settings: &SimulationConfig) -> Self {
        let SimulationConfig { validation, deferrals, .. } = settings;
        Self {
            start_year: settings.simulation.start_year,
            max_rejected_share: settings.census.max_rejected_share,
            census: None,
            severity: validation.severity.clone(),
            own: validation.rules.clone(),
            compensation: validation.compensation_reasonableness.clone(),
            hire_termination: validation.hire_termination_ratio.clone(),
            pay_outliers: validation.pay_outliers.clone(),
            yearly_jumps: validation.yearly_jumps.clone(),
            distribution_drift: validation.distribution_drift.clone(),
            remarkable_hire_share: REMARKABLE_HIRE_SHARE,
            maximum_deferral_rate: deferrals.maximum_rate,
            catch_up: deferrals.catch_up,
            super_catch_up: deferrals.super_catch_up,
            maximum_escalated_rate: settings.deferral_auto_escalation.maximum_rate,
            match_cap: settings.employer_match.match_cap_percent,
        }
    }
}

impl Default for RuleSettings {
    /// The defaults of the configuration.
    fn default() -> Self {
        Self::from(&SimulationConfig::default())
    }
}
