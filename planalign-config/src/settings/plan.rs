//! Who may take part in the plan, and its limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{PositiveShare, Share};
use crate::fixed::Rate;
use crate::rate;

/// Who may take part in the plan, and from when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanEligibility {
    /// Age in completed years.
    #[schemars(range(max = 21), extend("x-note" = "IRC 410(a)(1)(A)"))]
    pub minimum_age: u8,
    /// Days of service before entry; 0 if months are given.
    #[schemars(range(max = 365), extend("x-note" = "one year of service, IRC 410(a)(1)(A)"))]
    pub waiting_period_days: u16,
    /// Months of service before entry; 0 if days are given.
    #[schemars(range(max = 12), extend("x-note" = "one year of service, IRC 410(a)(1)(A)"))]
    pub waiting_period_months: u8,
    /// Hours a year that part-timers must be scheduled for; 0: no hours rule.
    #[schemars(range(max = 1000), extend("x-note" = "IRC 410(a)(3)(A)"))]
    pub minimum_hours_annual: u16,
    /// The days on which people enter once they qualify.
    #[schemars(extend("x-note" = "with annual dates people could wait longer than IRC 410(a)(4) allows"))]
    pub entry_dates: EntryDates,
    /// Share of new hires in an excluded class of employees.
    #[schemars(with = "Share")]
    pub new_hire_ineligible_pct: Rate,
}

/// The days on which people enter once they qualify.
///
/// IRC 410(a)(4) asks for entry by the first day of the plan year that follows, or six months after qualifying if that is
/// sooner. No choice here can be later, whatever the waiting period: with semi-annual dates (Jan 1 and Jul 1) the next one
/// is never more than six months away. Annual dates could be, and are therefore none of the choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryDates {
    /// On the day itself.
    #[default]
    Immediate,
    /// On the first of a month.
    Monthly,
    /// On the first of a quarter.
    Quarterly,
    /// On Jan 1 and Jul 1.
    SemiAnnual,
}

/// The plan's limits on deferrals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deferrals {
    /// The plan's own cap on a person's deferral rate; the default rate and the other maximum rates may not be above it.
    #[schemars(with = "PositiveShare")]
    pub maximum_rate: Rate,
    /// Whether people of 50 and more may make catch-up contributions (IRC 414(v)).
    pub catch_up: bool,
    /// Whether those of 60 to 63 have the higher limit (SECURE 2.0 s.109).
    pub super_catch_up: bool,
}

/// Limits of the tax code in years not yet published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IrsLimits {
    /// Yearly index of the limits after the last published year; `None`: no projection, such years are refused.
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
