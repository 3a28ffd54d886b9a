//! Plan eligibility and limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{PositiveShare, Share};
use crate::fixed::Rate;
use crate::rate;

/// Who may participate in the plan, and when they enter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanEligibility {
    /// Minimum age in completed years.
    #[schemars(range(max = 21), extend("x-note" = "IRC 410(a)(1)(A)"))]
    pub minimum_age: u8,
    /// Days of service required before entry; 0 if months are given.
    #[schemars(range(max = 365), extend("x-note" = "one year of service, IRC 410(a)(1)(A)"))]
    pub waiting_period_days: u16,
    /// Months of service required before entry; 0 if days are given.
    #[schemars(range(max = 12), extend("x-note" = "one year of service, IRC 410(a)(1)(A)"))]
    pub waiting_period_months: u8,
    /// Scheduled hours per year required of part-time employees; 0: no hours rule.
    #[schemars(range(max = 1000), extend("x-note" = "IRC 410(a)(3)(A)"))]
    pub minimum_hours_annual: u16,
    /// Days on which employees enter the plan once they qualify.
    #[schemars(extend("x-note" = "annual dates could delay entry longer than IRC 410(a)(4) allows"))]
    pub entry_dates: EntryDates,
    /// Share of new hires in an excluded class.
    #[schemars(with = "Share")]
    pub new_hire_ineligible_pct: Rate,
}

/// Days on which employees enter the plan once they qualify.
///
/// IRC 410(a)(4) requires entry by the first day of the next plan year or six months after qualifying, whichever is sooner.
/// No choice here can be later, whatever the waiting period: with semiannual dates (Jan 1 and Jul 1), the next one is never
/// more than six months away. Annual dates could be, so they aren't offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryDates {
    /// On the day they qualify.
    #[default]
    Immediate,
    /// On the first of a month.
    Monthly,
    /// On the first of a quarter.
    Quarterly,
    /// On Jan 1 and Jul 1.
    SemiAnnual,
}

/// Plan limits on deferrals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deferrals {
    /// Plan cap on deferral rates; the default rate and other maximum rates can't exceed it.
    #[schemars(with = "PositiveShare")]
    pub maximum_rate: Rate,
    /// Whether participants age 50 or older may make catch-up contributions (IRC 414(v)).
    pub catch_up: bool,
    /// Whether the higher catch-up limit applies at ages 60 to 63 (SECURE 2.0 s.109).
    pub super_catch_up: bool,
}

/// IRS limits for years that haven't been published yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IrsLimits {
    /// Annual increase in the limits after the last published year; `None`: later years are errors.
    #[schemars(with = "Option<Share>", extend("x-note" = "limits never fall, IRC 415(d)"))]
    pub index_rate: Option<Rate>,
}

impl Default for PlanEligibility {
    fn default() -> Self {
        Self {
            minimum_age: 21,
            waiting_period_days: 0,
            waiting_period_months: 0,
            minimum_hours_annual: 0,
            entry_dates: EntryDates::default(),
            new_hire_ineligible_pct: rate!(0.0),
        }
    }
}

impl Default for Deferrals {
    fn default() -> Self {
        Self { maximum_rate: rate!(0.75), catch_up: true, super_catch_up: true }
    }
}

impl Default for IrsLimits {
    fn default() -> Self {
        Self { index_rate: Some(rate!(0.025)) }
    }
}
