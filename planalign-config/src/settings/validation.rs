//! Validation rules: severities, thresholds, and custom rules.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HIGHEST_PAY;
use super::identifier::Identifier;
use super::markers::Share;
use crate::fixed::Rate;
use crate::rate;

/// Built-in rules that stop a run whose results would be meaningless.
pub const STOPPING_RULES: &[&str] = &["census_acceptance", "workforce_feasibility"];

/// Other built-in rules, whose severity users can change.
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

/// Validation rules: your own, severities, and thresholds; they don't affect results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Severity for all findings of a built-in rule instead of its own, or `off`, such as `hire_termination_ratio: info`.
    #[schemars(extend("propertyNames" = { "enum": RATED_RULES }))]
    pub severity: BTreeMap<String, Rating>,
    /// Your own rules: queries that select invalid rows of a year. More than `max_rows` rows are a finding. They are checked in the
    /// VALIDATION stage, or in the `stage` that a rule names.
    ///
    /// ```yaml
    /// - name: small_raises
    ///   severity: warning
    ///   sql: >
    ///     from fct_yearly_events where simulation_year = {year} and event_type = 'raise'
    ///     and compensation_amount < previous_compensation * 1.01
    ///   max_rows: 0
    ///   message: raises under one percent
    /// ```
    pub rules: Vec<SqlRule>,
    /// Which data tests of the dbt project run, each after the stage that completes the tables it reads; `validate --data` runs all.
    #[serde(default)]
    pub dbt_tests: DbtTests,
    /// Seconds that one of your own rules may take for a year; then the run stops.
    #[serde(default = "rule_seconds")]
    #[schemars(range(min = 1, max = 86_400))]
    pub rule_seconds: u32,
    /// Plausible pay.
    pub compensation_reasonableness: CompensationReasonableness,
    /// Hire-to-termination ratio.
    pub hire_termination_ratio: HireTerminationRatio,
    /// Employees whose pay is far from others at their level.
    pub pay_outliers: PayOutliers,
    /// Large year-over-year changes in totals and averages.
    pub yearly_jumps: YearlyJumps,
    /// Shifts in the makeup of the workforce.
    pub distribution_drift: DistributionDrift,
}

/// Data tests of the dbt project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DbtTests {
    /// Those that don't come with PlanAlign.
    #[default]
    Own,
    /// All.
    All,
    /// None.
    Off,
}

/// Severity of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// The rule does not run.
    Off,
    /// For information.
    Info,
    /// Unusual.
    Warning,
    /// Wrong.
    Error,
}

/// A rule written as a query that selects invalid rows of a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRule {
    /// Name of the rule.
    #[schemars(with = "Identifier")]
    pub name: String,
    /// Severity of its finding.
    pub severity: Rating,
    /// Query over tables of the run; it can't read files. Every `{year}`, even within quotes, is replaced by the simulated year.
    pub sql: String,
    /// Stage that checks the rule, by default VALIDATION.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Identifier")]
    pub stage: Option<String>,
    /// Number of rows allowed without a finding.
    pub max_rows: u64,
    /// Message of the finding if there are more.
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$"),
        extend("x-words" = "text on one line")
    )]
    pub message: String,
}

/// Plausible pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompensationReasonableness {
    /// Annual pay rates below this, in dollars, are errors.
    #[schemars(range(max = HIGHEST_PAY))]
    pub minimum_compensation: u32,
    /// Annual pay rates above this, in dollars, are errors.
    #[schemars(range(min = 1, max = HIGHEST_PAY))]
    pub maximum_compensation: u32,
    /// A year-over-year change in the average pay rate above this share is a warning.
    #[schemars(range(min = 0, max = 10))]
    pub maximum_average_change: Rate,
}

/// Hire-to-termination ratio in years with steady headcount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HireTerminationRatio {
    /// Fewer hires per termination are a warning.
    #[schemars(range(min = 0, max = 1000))]
    pub minimum_ratio: Rate,
    /// More hires per termination are a warning.
    #[schemars(range(min = 0, max = 1000))]
    pub maximum_ratio: Rate,
    /// Headcount is steady if it changes by at most this share.
    #[schemars(with = "Share")]
    pub steady_growth: Rate,
}

/// Employees whose pay is far from others at their level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PayOutliers {
    /// Robust z-scores above this are findings: distances from the median, in median absolute deviations x 1.4826.
    #[schemars(range(min = 1, max = 1000))]
    pub maximum_robust_z: Rate,
}

/// Large year-over-year changes in totals and averages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct YearlyJumps {
    /// Changes above this share are findings.
    #[schemars(range(min = 0, max = 1000))]
    pub maximum_change: Rate,
}

/// Shifts in the makeup of the workforce by level, age, and tenure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistributionDrift {
    /// Population stability indexes (PSI) above this are findings; 0.25 is commonly considered a major shift.
    #[schemars(range(min = 0, max = 100))]
    pub maximum_stability_index: Rate,
}

/// The default, which runs of earlier versions didn't record.
fn rule_seconds() -> u32 {
    60
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            severity: BTreeMap::default(),
            rules: Vec::default(),
            dbt_tests: DbtTests::default(),
            rule_seconds: rule_seconds(),
            compensation_reasonableness: CompensationReasonableness::default(),
            hire_termination_ratio: HireTerminationRatio::default(),
            pay_outliers: PayOutliers::default(),
            yearly_jumps: YearlyJumps::default(),
            distribution_drift: DistributionDrift::default(),
        }
    }
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
