//! The settings of a simulation, typed.
//!
//! One struct per section of `config/simulation_config.yaml`, whose keys are the names of the fields. [`load`] builds them
//! from layers; a value of [`SimulationConfig`] that came from there obeys every rule that can be known before a run.

pub mod census;
mod compensation;
mod cross_checks;
pub mod default_file;
mod employer;
pub mod engine2;
mod enrollment;
mod identifier;
mod keys;
mod layers;
mod markers;
mod month_day;
mod origins;
mod plan;
mod problem;
mod rules;
pub mod schema;
mod segments;
mod validation;
pub mod vars;
mod workflow;
mod workforce;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fixed::{Fixed, Rate};
use crate::rate;

pub use compensation::{Compensation, PromotionCompensation, PromotionDistribution, RaiseMethod, RaiseTiming};
pub use employer::{
    CoreStatus, EmployerCoreContribution, EmployerEligibility, EmployerMatch, MatchCompensation, MatchFormula,
    MatchTier,
};
pub use enrollment::{
    AutoEnrollment, AutoEnrollmentScope, DeferralAutoEscalation, Enrollment, OptOutRates, VoluntaryEnrollment,
};
pub use identifier::{Identifier, InvalidIdentifier};
pub use month_day::{InvalidMonthDay, MonthDay};
pub use plan::{Deferrals, EntryDates, IrsLimits, PlanEligibility};
pub use segments::{ByAge, ByIncome, ByJob, JobLevel};
pub use validation::{
    CompensationReasonableness, DistributionDrift, HireTerminationRatio, PayOutliers, RATED_RULES, Rating,
    STOPPING_RULES, SqlRule, Validation, YearlyJumps,
};
pub use workflow::{ListChange, StageChange, StageYears, WorkflowChanges};
pub use workforce::{AgeWeight, Hiring, HiringRange, MarketScenario, NewHire, Workforce};

pub use layers::{LoadedConfig, Override, Sources, check, load, load_simulation_config};
pub use origins::{Origin, Origins};
pub use problem::{ConfigError, Problem, ProblemKind};

use markers::Share;

/// The default file, commented, as [`default_file::text`] writes it.
pub const DEFAULT_CONFIG: &str = include_str!("../../config/simulation_config.yaml");

/// Everything that a simulation can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationConfig {
    /// Names the scenario; every row of the results carries it.
    pub scenario_id: Identifier,
    /// Names the plan design; every row of the results carries it.
    pub plan_design_id: Identifier,
    /// Years, seed and growth.
    pub simulation: Simulation,
    /// The census file.
    pub census: Census,
    /// Who leaves, and who works part time.
    pub workforce: Workforce,
    /// When and on which levels people are hired.
    pub hiring: Hiring,
    /// Age and pay of new hires.
    pub new_hire: NewHire,
    /// Raises and promotions.
    pub compensation: Compensation,
    /// Who may take part in the plan, and from when.
    pub plan_eligibility: PlanEligibility,
    /// How people come to take part.
    pub enrollment: Enrollment,
    /// Automatic yearly increases of deferral rates.
    pub deferral_auto_escalation: DeferralAutoEscalation,
    /// The plan's limits on deferrals.
    pub deferrals: Deferrals,
    /// Limits of the tax code in years not yet published.
    pub irs_limits: IrsLimits,
    /// Matching contributions.
    pub employer_match: EmployerMatch,
    /// Contributions that do not depend on deferrals.
    pub employer_core_contribution: EmployerCoreContribution,
    /// Changes of the stages of a year.
    pub workflow: WorkflowChanges,
    /// When the rules that check a run speak up; results do not depend on it.
    pub validation: Validation,
    /// The machine's resources; results do not depend on them.
    pub optimization: Optimization,
}

/// Years, seed and growth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulation {
    /// First simulated year; the census is as of Dec 31 before it. From 2024, the first year with limits of the tax code.
    #[schemars(range(min = 2000, max = 2100))]
    pub start_year: i32,
    /// Last simulated year; at most 50 years in all.
    #[schemars(range(min = 2000, max = 2100))]
    pub end_year: i32,
    /// Seed of every random draw.
    #[schemars(range(max = u32::MAX))]
    pub random_seed: u32,
    /// Closing headcount of a year = round(opening x (1 + rate)).
    #[schemars(range(min = -1, max = 1))]
    pub target_growth_rate: Rate,
}

/// The models accept pay below 50 million dollars.
const HIGHEST_PAY: u32 = 49_999_999;

/// Columns of a census, by the names that the models know.
const CENSUS_COLUMNS: [&str; 10] = [
    "employee_id",
    "employee_ssn",
    "employee_birth_date",
    "employee_hire_date",
    "employee_termination_date",
    "employee_gross_compensation",
    "employee_deferral_rate",
    "scheduled_hours_per_week",
    "auto_escalation_opt_out",
    "eligibility_override",
];

/// The census file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// CSV or Parquet, by extension; a relative path starts at the working directory of the command.
    pub path: PathBuf,
    /// Headers of the file, by canonical column name, where they differ, for example `employee_id: "Emp No"`.
    #[schemars(extend("propertyNames" = { "enum": CENSUS_COLUMNS }))]
    pub columns: BTreeMap<String, String>,
    /// Share of rejected rows that a run tolerates.
    #[schemars(with = "Share")]
    pub max_rejected_share: Rate,
}

/// The machine's resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optimization {
    /// Threads of the database engine; `None`: 1 for a census of up to 30,000 people, all cores for a larger one.
    #[schemars(range(min = 1, max = 1024))]
    pub threads: Option<u16>,
    /// Memory limit of the database engine in GB (10^9 bytes); `None`: as much as the census needs, and the machine has.
    #[schemars(range(min = 0.1, max = 1_000_000))]
    pub memory_limit_gb: Option<Fixed<6>>,
}

impl Default for SimulationConfig {
    /// The defaults, for scenario `baseline` and plan design `standard`.
    fn default() -> Self {
        Self::new(Identifier::known("baseline"), Identifier::known("standard"))
    }
}

impl SimulationConfig {
    /// The defaults, for a scenario and a plan design.
    #[must_use]
    pub fn new(scenario_id: Identifier, plan_design_id: Identifier) -> Self {
        Self {
            scenario_id,
            plan_design_id,
            simulation: Simulation::default(),
            census: Census::default(),
            workforce: Workforce::default(),
            hiring: Hiring::default(),
            new_hire: NewHire::default(),
            compensation: Compensation::default(),
            plan_eligibility: PlanEligibility::default(),
            enrollment: Enrollment::default(),
            deferral_auto_escalation: DeferralAutoEscalation::default(),
            deferrals: Deferrals::default(),
            irs_limits: IrsLimits::default(),
            employer_match: EmployerMatch::default(),
            employer_core_contribution: EmployerCoreContribution::default(),
            workflow: WorkflowChanges::default(),
            validation: Validation::default(),
            optimization: Optimization::default(),
        }
    }

    /// The settings as a tree, in the order of the file.
    #[must_use]
    pub fn to_tree(&self) -> serde_json::Map<String, serde_json::Value> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(tree)) => tree,
            // A struct of plain fields is always an object.
            _ => serde_json::Map::new(),
        }
    }

    /// Everything that the results of a run depend on, by key: all but `simulation.end_year`, `validation.*` and
    /// `optimization.*`.
    ///
    /// Keys of segments and of the user's own maps are separate entries; lists are one value.
    #[must_use]
    pub fn flattened(&self) -> BTreeMap<String, serde_json::Value> {
        let leaves = keys::leaves(self.to_tree()).into_iter();
        let matters = |key: &str| {
            key != "simulation.end_year" && !key.starts_with("validation.") && !key.starts_with("optimization.")
        };
        leaves.filter(|(key, _)| matters(key)).collect()
    }
}

impl Default for Simulation {
    fn default() -> Self {
        Self { start_year: 2025, end_year: 2029, random_seed: 42, target_growth_rate: rate!(0.03) }
    }
}

impl Default for Census {
    fn default() -> Self {
        Self { path: PathBuf::from("data/census.csv"), columns: BTreeMap::new(), max_rejected_share: rate!(0.0) }
    }
}

#[cfg(test)]
mod tests;
