//! The year audit: every headline metric, the findings, and their provenance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use planalign_registries::{FingerprintKind, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fixed::{Money, Rate};

/// Version of the layout of [`YearAudit`] and the summary. Increases when a field changes meaning or is removed.
pub const LAYOUT_VERSION: u32 = 4;

/// The contents of `year_<YEAR>.json`, in this order.
///
/// Two runs with the same inputs differ only in `provenance.run_id` and `provenance.resumes`. Money and rates are JSON numbers,
/// exact to the cent and to the millionth; amounts of 10 trillion or more are strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct YearAudit {
    /// Version of this layout.
    pub layout_version: u32,
    /// Simulated year.
    pub year: i32,
    /// Inputs of the run.
    pub provenance: Provenance,
    /// Headcount and its changes.
    pub headcount: Headcount,
    /// Simulation events by type; 0 for types without events.
    pub events: BTreeMap<String, u64>,
    /// Simulation events by category, such as how employees enrolled.
    pub event_categories: BTreeMap<String, u64>,
    /// Payroll and pay.
    pub pay: Pay,
    /// Plan participation among employees active at the end of the year.
    pub participation: Participation,
    /// Employee contributions, including those of terminated employees.
    pub contributions: Contributions,
    /// Employer contributions.
    pub employer: Employer,
    /// Number of employees affected by limits.
    pub limits: Limits,
    /// Number of findings by severity.
    pub finding_counts: FindingCounts,
    /// Findings of the validation rules, in the order the rules ran.
    pub findings: Vec<AuditFinding>,
}

/// Inputs of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Run ID.
    pub run_id: String,
    /// Scenario ID.
    pub scenario_id: String,
    /// Plan design ID.
    pub plan_design_id: String,
    /// First simulated year of the run.
    pub start_year: i32,
    /// Random seed.
    pub random_seed: u64,
    /// PlanAlign version.
    pub program_version: String,
    /// DuckDB version.
    pub engine_version: String,
    /// SHA-256 of the run's inputs by kind: `census`, `config`, `engine`, `model`, `program`, or `seed`.
    #[schemars(with = "BTreeMap<String, String>")]
    pub fingerprints: BTreeMap<FingerprintKind, String>,
    /// When and by whom the run was resumed before the year was complete.
    pub resumes: Vec<Resume>,
}

/// A time the run was resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resume {
    /// Time of the resume.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// User, process, and machine, as far as known.
    pub by: String,
}

/// Bridge from opening to closing headcount: `opening - terminations + hires - new_hire_terminations = closing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Headcount {
    /// Headcount at the start of the year.
    pub opening: u64,
    /// Terminations during the year, excluding new hires.
    pub terminations: u64,
    /// Hires during the year.
    pub hires: u64,
    /// Terminations of employees hired during the year.
    pub new_hire_terminations: u64,
    /// Headcount at the end of the year.
    pub closing: u64,
    /// Target for the closing headcount.
    pub target: u64,
    /// `closing / opening - 1`; null if the opening headcount is 0.
    pub growth: Option<Rate>,
    /// Hires per termination, including new-hire terminations; null without terminations.
    pub hire_termination_ratio: Option<Rate>,
    /// Everyone employed during the year, by detailed status.
    pub by_status: BTreeMap<String, u64>,
}

/// Pay, in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pay {
    /// Total annual pay of employees active at the end of the year.
    pub payroll: Money,
    /// Payroll per active employee.
    pub average: Option<Money>,
    /// Total pay earned during the year, including by terminated employees.
    pub earned: Money,
}

/// Plan participation among employees active at the end of the year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Participation {
    /// Eligible employees, who have entered the plan.
    pub eligible: u64,
    /// Enrolled employees.
    pub enrolled: u64,
    /// Participants: employees with a deferral rate above zero.
    pub participating: u64,
    /// `participating / eligible`; null if no one is eligible.
    pub participation_rate: Option<Rate>,
    /// Average deferral rate of participants.
    pub average_deferral_rate: Option<Rate>,
    /// Active employees by how they came to participate, or why they don't.
    pub by_detail: BTreeMap<String, u64>,
}

/// Employee contributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contributions {
    /// Number of contributors.
    pub people: u64,
    /// Total employee contributions.
    pub total: Money,
    /// Catch-up contributions included in the total.
    pub catch_up: Money,
}

/// Employer contributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Employer {
    /// Number of employees with a match.
    pub match_people: u64,
    /// Matching contributions.
    #[serde(rename = "match")]
    pub matched: Money,
    /// Number of employees with a core contribution.
    pub core_people: u64,
    /// Core (nonelective) contributions.
    pub core: Money,
    /// Total employer contributions: match and core.
    pub total: Money,
    /// Total employer contributions as a share of pay earned; null if none was earned.
    pub share_of_earned: Option<Rate>,
}

/// Number of employees affected by limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Employees with elected deferrals at or above the 402(g) limit, including catch-up.
    pub reached_402g: u64,
    /// Employees who made catch-up contributions.
    pub made_catch_up: u64,
    /// Employees who earned more than the 401(a)(17) compensation limit.
    pub above_401a17: u64,
    /// Employees whose match was reduced by the plan's cap.
    pub match_capped: u64,
}

/// Number of findings by severity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCounts {
    /// Worth knowing.
    pub info: u64,
    /// Unusual, but the results are valid.
    pub warning: u64,
    /// The results are wrong or unreliable.
    pub error: u64,
    /// The run can't produce meaningful results.
    pub fatal: u64,
}

/// A finding of a validation rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditFinding {
    /// Stage that ran the rule.
    pub stage: String,
    /// Name of the rule.
    pub rule: String,
    /// `info`, `warning`, `error`, or `fatal`.
    #[schemars(with = "String")]
    pub severity: Severity,
    /// What is wrong, without data about individuals.
    pub message: String,
    /// Number of rows, people, or events affected.
    pub count: u64,
}

impl FindingCounts {
    /// Counts findings by severity.
    #[must_use]
    pub fn of(findings: &[AuditFinding]) -> Self {
        let count = |severity| findings.iter().filter(|f| f.severity == severity).count() as u64;
        Self {
            info: count(Severity::Info),
            warning: count(Severity::Warning),
            error: count(Severity::Error),
            fatal: count(Severity::Fatal),
        }
    }
}
