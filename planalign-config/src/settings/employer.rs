//! Employer contributions: match and core.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{PositiveShare, Share};
use crate::fixed::Rate;
use crate::rate;

/// Matching contributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployerMatch {
    /// Match formula.
    pub active_formula: MatchFormula,
    /// Tiers in ascending order; each matches `rate` of deferrals above the previous tier, up to `up_to` of pay.
    pub tiers: Vec<MatchTier>,
    /// Match cap as a share of pay; `None`: no cap.
    #[schemars(with = "Option<PositiveShare>")]
    pub match_cap_percent: Option<Rate>,
    /// Pay that the match is based on.
    pub compensation: MatchCompensation,
    /// Whether catch-up contributions are matched.
    pub match_catch_up: bool,
    /// Who receives the contribution.
    pub eligibility: EmployerEligibility,
}

/// Match formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchFormula {
    /// No match.
    None,
    /// Tiers of the deferral rate.
    #[default]
    Tiered,
}

/// A tier of the match.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchTier {
    /// Upper limit of the tier: deferrals as a share of pay.
    #[schemars(with = "PositiveShare")]
    pub up_to: Rate,
    /// Match per dollar deferred.
    #[schemars(range(min = 0, max = 2))]
    pub rate: Rate,
}

/// Pay that the match is based on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchCompensation {
    /// Pay for the whole plan year.
    #[default]
    PlanYear,
    /// Pay from the entry date.
    FromEntry,
}

/// Nonelective (core) contributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployerCoreContribution {
    /// Core contribution formula.
    pub status: CoreStatus,
    /// Core contribution as a share of pay.
    #[schemars(with = "Share")]
    pub contribution_rate: Rate,
    /// Who receives the contribution.
    pub eligibility: EmployerEligibility,
}

/// Core contribution formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoreStatus {
    /// No core contribution.
    None,
    /// The same share of pay for everyone.
    #[default]
    Flat,
}

/// Who receives an employer contribution for a year.
#[expect(clippy::struct_excessive_bools, reason = "each is a separate setting, and any may be combined")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployerEligibility {
    /// Minimum completed years of service.
    #[schemars(range(max = 2), extend("x-note" = "IRC 410(a)(1)(B)"))]
    pub minimum_tenure_years: u8,
    /// Minimum hours worked in the year.
    #[schemars(range(max = 1000), extend("x-note" = "a year of service, 29 CFR 2530.200b-1"))]
    pub minimum_hours_annual: u16,
    /// Whether participants must be employed on Dec 31.
    pub require_active_at_year_end: bool,
    /// Whether new hires receive it in the year of hire, regardless of `minimum_tenure_years`.
    pub allow_new_hires: bool,
    /// Whether new-hire terminations are exempt from `require_active_at_year_end`.
    pub allow_terminated_new_hires: bool,
    /// Whether other terminations are exempt from `require_active_at_year_end`.
    pub allow_experienced_terminations: bool,
}

impl EmployerEligibility {
    fn after(minimum_tenure_years: u8) -> Self {
        Self {
            minimum_tenure_years,
            minimum_hours_annual: 1000,
            require_active_at_year_end: true,
            allow_new_hires: minimum_tenure_years == 0,
            allow_terminated_new_hires: false,
            allow_experienced_terminations: false,
        }
    }
}

impl Default for EmployerMatch {
    fn default() -> Self {
        Self {
            active_formula: MatchFormula::default(),
            tiers: vec![
                MatchTier { up_to: rate!(0.03), rate: rate!(1.0) },
                MatchTier { up_to: rate!(0.05), rate: rate!(0.5) },
            ],
            match_cap_percent: Some(rate!(0.04)),
            compensation: MatchCompensation::default(),
            match_catch_up: true,
            eligibility: EmployerEligibility::after(0),
        }
    }
}

impl Default for EmployerCoreContribution {
    fn default() -> Self {
        Self {
            status: CoreStatus::default(),
            contribution_rate: rate!(0.02),
            eligibility: EmployerEligibility::after(1),
        }
    }
}
