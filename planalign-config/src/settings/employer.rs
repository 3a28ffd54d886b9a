//! The employer's money: match and core contribution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{PositiveShare, Share};
use crate::fixed::Rate;
use crate::rate;

/// Matching contributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployerMatch {
    /// How the match is computed.
    pub active_formula: MatchFormula,
    /// Tiers in ascending order; each matches `rate` of the deferrals above the tier before, up to `up_to` of pay.
    pub tiers: Vec<MatchTier>,
    /// Cap of the match as a share of pay; `None`: none.
    #[schemars(with = "Option<PositiveShare>")]
    pub match_cap_percent: Option<Rate>,
    /// Pay that counts.
    pub compensation: MatchCompensation,
    /// Whether catch-up contributions are matched.
    pub match_catch_up: bool,
    /// Who gets it.
    pub eligibility: EmployerEligibility,
}

/// How the match is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchFormula {
    /// There is no match.
    None,
    /// By tiers of the deferral rate.
    #[default]
    Tiered,
}

/// A tier of the match.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchTier {
    /// Deferrals up to this share of pay belong to the tier, above those of the tier before.
    #[schemars(with = "PositiveShare")]
    pub up_to: Rate,
    /// Match per dollar deferred.
    #[schemars(range(min = 0, max = 2))]
    pub rate: Rate,
}

/// Pay that counts for the match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchCompensation {
    /// The whole year's.
    #[default]
    PlanYear,
    /// Since the entry date.
    FromEntry,
}

/// Contributions that do not depend on deferrals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployerCoreContribution {
    /// Whether there is any.
    pub status: CoreStatus,
    /// Share of pay.
    #[schemars(with = "Share")]
    pub contribution_rate: Rate,
    /// Who gets it.
    pub eligibility: EmployerEligibility,
}

/// How the core contribution is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoreStatus {
    /// There is none.
    None,
    /// The same share of pay for everyone.
    #[default]
    Flat,
}

/// Who gets an employer contribution for a year.
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, and any may be combined")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployerEligibility {
    /// Completed years of service.
    #[schemars(range(max = 2), extend("x-note" = "IRC 410(a)(1)(B)"))]
    pub minimum_tenure_years: u8,
    /// Hours of the year.
    #[schemars(range(max = 1000), extend("x-note" = "a year of service, 29 CFR 2530.200b-1"))]
    pub minimum_hours_annual: u16,
    /// Whether one must be employed on Dec 31.
    pub require_active_at_year_end: bool,
    /// Whether people get it in the year of hire, whatever `minimum_tenure_years` says.
    pub allow_new_hires: bool,
    /// Whether those who leave in the year of hire are spared `require_active_at_year_end`.
    pub allow_terminated_new_hires: bool,
    /// Whether others who leave are spared `require_active_at_year_end`.
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
