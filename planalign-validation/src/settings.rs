//! The part of the configuration that the rules use.

use std::collections::BTreeMap;
use std::path::PathBuf;

use planalign_config::settings::{
    CompensationReasonableness, DistributionDrift, HireTerminationRatio, PayOutliers, Rating, SqlRule, YearlyJumps,
};
use planalign_config::{Rate, SimulationConfig, rate};
use serde::{Deserialize, Serialize};

/// A census file and its digest, to detect changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CensusOrigin {
    /// Path of the file.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Thresholds, and the plan settings that limits depend on. Rates are fractions: 0.06 is 6%.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleSettings {
    /// First simulated year, which opens with the census.
    pub start_year: i32,
    /// `census.max_rejected_share`: highest share of rejected census rows a run accepts.
    pub max_rejected_share: Rate,
    /// The census file as of the start of the run; `None` skips the check.
    pub census: Option<CensusOrigin>,
    /// `validation.severity`: overrides for the severity of built-in rules' findings.
    pub severity: BTreeMap<String, Rating>,
    /// `validation.rules`: user-defined rules.
    pub user_rules: Vec<SqlRule>,
    /// `validation.rule_seconds`: time that a user-defined rule may take for a year, in seconds.
    pub rule_seconds: u32,
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
    /// Share of the opening headcount above which hires are a warning.
    pub maximum_hire_share: Rate,
    /// `deferrals.maximum_rate`: the plan's cap on deferral rates.
    pub maximum_deferral_rate: Rate,
    /// `deferrals.catch_up`: whether the plan allows catch-up contributions.
    pub catch_up: bool,
    /// `deferrals.super_catch_up`: whether ages 60-63 have the higher limit.
    pub super_catch_up: bool,
    /// `deferral_auto_escalation.maximum_rate`: the rate at which automatic increases stop.
    pub maximum_escalated_rate: Rate,
    /// `employer_match.match_cap_percent`: cap on the match as a share of pay; `None` for no cap.
    pub match_cap: Option<Rate>,
}

/// Share of the opening headcount above which hires are a warning.
const MAXIMUM_HIRE_SHARE: Rate = rate!(0.5);

impl From<&SimulationConfig> for RuleSettings {
    /// Takes the settings from a configuration. `census` is `None`; the caller sets it.
    fn from(settings: &SimulationConfig) -> Self {
        let SimulationConfig { validation, deferrals, .. } = settings;
        Self {
            start_year: settings.simulation.start_year,
            max_rejected_share: settings.census.max_rejected_share,
            census: None,
            severity: validation.severity.clone(),
            user_rules: validation.rules.clone(),
            rule_seconds: validation.rule_seconds,
            compensation: validation.compensation_reasonableness.clone(),
            hire_termination: validation.hire_termination_ratio.clone(),
            pay_outliers: validation.pay_outliers.clone(),
            yearly_jumps: validation.yearly_jumps.clone(),
            distribution_drift: validation.distribution_drift.clone(),
            maximum_hire_share: MAXIMUM_HIRE_SHARE,
            maximum_deferral_rate: deferrals.maximum_rate,
            catch_up: deferrals.catch_up,
            super_catch_up: deferrals.super_catch_up,
            maximum_escalated_rate: settings.deferral_auto_escalation.maximum_rate,
            match_cap: settings.employer_match.match_cap_percent,
        }
    }
}

impl Default for RuleSettings {
    /// Returns the configuration's defaults.
    fn default() -> Self {
        Self::from(&SimulationConfig::default())
    }
}
