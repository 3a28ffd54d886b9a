//! The audit of a year: every headline metric of it, what was found wrong, and where it all comes from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use planalign_registries::{FingerprintKind, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fixed::{Money, Rate};

/// Version of the layout of [`YearAudit`] and of the summary. It rises when a field changes its meaning or goes away.
pub const LAYOUT_VERSION: u32 = 4;

/// `year_<YEAR>.json`. Its fields and their order are the layout of the file.
///
/// Two runs of the same inputs differ in `provenance.run_id` and `provenance.resumed_at` alone. Money and rates are JSON numbers, exact to the cent and to
/// the millionth; amounts of ten trillion and more are strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct YearAudit {
    /// Version of this layout.
    pub layout_version: u32,
    /// Simulated year.
    pub year: i32,
    /// Where the metrics come from.
    pub provenance: Provenance,
    /// People.
    pub headcount: Headcount,
    /// Simulation events by type; types without an event are there with 0.
    pub events: BTreeMap<String, u64>,
    /// Simulation events by category, for example how people enrolled.
    pub event_categories: BTreeMap<String, u64>,
    /// Pay.
    pub pay: Pay,
    /// The plan's participants, of those employed at the end of the year.
    pub participation: Participation,
    /// What people contributed, those who left among them.
    pub contributions: Contributions,
    /// What the plan cost the employer.
    pub employer: Employer,
    /// How many people the limits touched.
    pub limits: Limits,
    /// Number of findings by severity.
    pub finding_counts: FindingCounts,
    /// What the rules found, in the order in which they ran.
    pub findings: Vec<AuditFinding>,
}

/// What the metrics were made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Run.
    pub run_id: String,
    /// Scenario.
    pub scenario_id: String,
    /// Plan design.
    pub plan_design_id: String,
    /// First simulated year of the run.
    pub start_year: i32,
    /// Random seed.
    pub random_seed: u64,
    /// Version of this program.
    pub program_version: String,
    /// Version of the database engine.
    pub engine_version: String,
    /// SHA-256 of all that the run depends on, by kind: `census`, `config`, `engine`, `model`, `program`, `seed`
    #[schemars(with = "BTreeMap<String, String>")]
    pub fingerprints: BTreeMap<FingerprintKind, String>,
    /// When the run was taken up again before the year was complete, and who did.
    pub resumes: Vec<Resume>,
}

/// A run was taken up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resume {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// User, process and machine, as far as they are known.
    pub by: String,
}

/// The bridge from opening to closing headcount: `opening - terminations + hires - new_hire_terminations = closing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Headcount {
    /// Employed when the year opens.
    pub opening: u64,
    /// Of them, left during the year.
    pub terminations: u64,
    /// Hired during the year.
    pub hires: u64,
    /// Of the hires, left during the year.
    pub new_hire_terminations: u64,
    /// Employed at the end of the year.
    pub closing: u64,
    /// What closing was to be.
    pub target: u64,
    /// `closing / opening - 1`; nothing if nobody was there.
    pub growth: Option<Rate>,
    /// Hires for each person who left, new hires among them; nothing if nobody left.
    pub hire_termination_ratio: Option<Rate>,
    /// Everybody present in the year, by detailed status.
    pub by_status: BTreeMap<String, u64>,
}

/// Pay, in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pay {
    /// Annual pay of those employed at the end of the year, added up.
    pub payroll: Money,
    /// Payroll per person.
    pub average: Option<Money>,
    /// What everybody present earned in the year.
    pub earned: Money,
}

/// Of those employed at the end of the year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Participation {
    /// Have entered the plan.
    pub eligible: u64,
    /// Are enrolled.
    pub enrolled: u64,
    /// Defer something of their pay.
    pub participating: u64,
    /// `participating / eligible`.
    pub participation_rate: Option<Rate>,
    /// Average deferral rate of the participating.
    pub average_deferral_rate: Option<Rate>,
    /// Participating people by how they came to, the others by why not.
    pub by_detail: BTreeMap<String, u64>,
}

/// Employee contributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contributions {
    /// People who contributed.
    pub people: u64,
    /// All of it.
    pub total: Money,
    /// Of it, catch-up contributions.
    pub catch_up: Money,
}

/// Employer contributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Employer {
    /// People with a match.
    pub match_people: u64,
    /// Match.
    #[serde(rename = "match")]
    pub matched: Money,
    /// People with a core contribution.
    pub core_people: u64,
    /// Core contribution.
    pub core: Money,
    /// Both.
    pub total: Money,
    /// Both as a share of what everybody earned.
    pub share_of_earned: Option<Rate>,
}

/// People whom limits touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Elected as much as 402(g) with catch-up allows, or more.
    pub reached_402g: u64,
    /// Made catch-up contributions.
    pub made_catch_up: u64,
    /// Earned more than 401(a)(17) counts.
    pub above_401a17: u64,
    /// Lost some match to the plan's cap.
    pub match_capped: u64,
}

/// Number of findings by severity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCounts {
    /// Worth knowing.
    pub info: u64,
    /// Unusual; the results stand.
    pub warning: u64,
    /// The results are wrong, or not to be trusted.
    pub error: u64,
    /// The run could not mean anything.
    pub fatal: u64,
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditFinding {
    /// Stage.
    pub stage: String,
    /// Rule.
    pub rule: String,
    /// `info`, `warning`, `error` or `fatal`.
    #[schemars(with = "String")]
    pub severity: Severity,
    /// What is wrong: counts, no persons.
    pub message: String,
    /// Rows or people concerned.
    pub count: u64,
}

impl FindingCounts {
    /// Counts findings.
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
