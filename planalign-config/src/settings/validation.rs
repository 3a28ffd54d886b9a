//! When the rules that check a run speak up.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HIGHEST_PAY;
use super::identifier::Identifier;
use super::markers::Share;
use crate::fixed::Rate;
use crate::rate;

/// The built-in rules that stop runs that cannot mean anything.
pub const STOPPING_RULES: &[&str] = &["census_acceptance", "workforce_feasibility"];

/// The other built-in rules, whose severity users decide.
pub const RATED_RULES: &[&str] = &[
    "data_freshness_check",
    "row_count_drift",
    "compensation_reasonableness",
    "hire_termination_ratio",
    "event_sequence",
    "accumulator_integrity",
    "state_consistency",
    "workforce_totals",
    "snapshot_consistency",
    "contribution_limits",
    "pay_outliers",
    "yearly_jumps",
    "distribution_drift",
];

/// Rules of one's own, severities and thresholds; results do not depend on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Built-in rules that are off, or whose findings all have this severity instead of their own, for example
    /// `hire_termination_ratio: info`.
    #[schemars(extend("propertyNames" = { "enum": RATED_RULES }))]
    pub severity: BTreeMap<String, Rating>,
    /// Rules of your own, which run in the stage VALIDATION: queries for what is wrong in a year. More rows than `max_rows` are
    /// a finding.
    ///
    /// ```yaml
    /// - name: small_raises
    ///   severity: warning
    ///   sql: >
    ///     from fct_yearly_events where simulation_year = {year} and event_type = 'raise'
    ///     and compensation_amount < previous_compensation * 1.01
    ///   max_rows: 0
    ///   message: raises of less than one percent
    /// ```
    pub rules: Vec<SqlRule>,
    /// Pay that can be.
    pub compensation_reasonableness: CompensationReasonableness,
    /// Hires to leavers.
    pub hire_termination_ratio: HireTerminationRatio,
    /// People whose pay is far from that of their level.
    pub pay_outliers: PayOutliers,
    /// Totals and averages that change much from one year to the next.
    pub yearly_jumps: YearlyJumps,
    /// Changes of who the workforce consists of.
    pub distribution_drift: DistributionDrift,
}

/// What the findings of a rule are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// The rule does not run.
    Off,
    /// Worth knowing.
    Info,
    /// Unusual.
    Warning,
    /// Wrong.
    Error,
}

/// A rule written as a query for what is wrong in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRule {
    /// Name of the rule.
    #[schemars(with = "Identifier")]
    pub name: String,
    /// What its finding is worth.
    pub severity: Rating,
    /// A query. Each `{year}` in it, also within quotes, is replaced by the simulated year.
    pub sql: String,
    /// Rows that the query may have without a finding.
    pub max_rows: u64,
    /// What is wrong if it has more.
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$"),
        extend("x-words" = "text on one line")
    )]
    pub message: String,
}

/// Pay that can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompensationReasonableness {
    /// Annual rates of pay below this, in dollars, are errors.
    #[schemars(range(max = HIGHEST_PAY))]
    pub minimum_compensation: u32,
    /// Annual rates of pay above this, in dollars, are errors.
    #[schemars(range(min = 1, max = HIGHEST_PAY))]
    pub maximum_compensation: u32,
    /// A yearly change of the average rate of pay by more than this share is a warning.
    #[schemars(range(min = 0, max = 10))]
    pub maximum_average_change: Rate,
}

/// Hires to leavers, in years whose headcount hardly changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HireTerminationRatio {
    /// Fewer hires to a leaver are a warning.
    #[schemars(range(min = 0, max = 1000))]
    pub minimum_ratio: Rate,
    /// More hires to a leaver are a warning.
    #[schemars(range(min = 0, max = 1000))]
    pub maximum_ratio: Rate,
    /// The headcount hardly changes if it does by at most this share.
    #[schemars(with = "Share")]
    pub steady_growth: Rate,
}

/// People whose pay is far from that of their level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PayOutliers {
    /// Robust z-scores above this are remarkable: distances from the median, in median absolute deviations x 1.4826.
    #[schemars(range(min = 1, max = 1000))]
    pub maximum_robust_z: Rate,
}

/// Totals and averages that change much from one year to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct YearlyJumps {
    /// Changes by more than this share are remarkable.
    #[schemars(range(min = 0, max = 1000))]
    pub maximum_change: Rate,
}

/// Changes of who the workforce consists of, by level, age and tenure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistributionDrift {
    /// Population stability indexes above this are remarkable; 0.25 is commonly taken for a major shift.
    #[schemars(range(min = 0, max = 100))]
    pub maximum_stability_index: Rate,
}

impl Default for PayOutliers {
    fn default() -> Self {
        Self { maximum_robust_z: rate!(8.0) }
    }
}

impl Default for YearlyJumps {
    fn default() -> Self {
        Self { maximum_change: rate!(0.25) }
    }
}

impl Default for DistributionDrift {
    fn default() -> Self {
        Self { maximum_stability_index: rate!(0.25) }
    }
}

impl Default for CompensationReasonableness {
    fn default() -> Self {
        Self { minimum_compensation: 10_000, maximum_compensation: 5_000_000, maximum_average_change: rate!(0.15) }
    }
}

impl Default for HireTerminationRatio {
    fn default() -> Self {
        Self { minimum_ratio: rate!(0.3), maximum_ratio: rate!(3.0), steady_growth: rate!(0.05) }
    }
}
