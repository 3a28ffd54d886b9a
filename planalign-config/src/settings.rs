//! Typed settings of a simulation.
//!
//! There is one struct per section of `config/simulation_config.yaml`; field names are the keys. [`load`] builds them from
//! layers; a [`SimulationConfig`] that it returns satisfies every rule that can be checked before a run.

mod census;
mod compensation;
mod cross_checks;
mod dbt;
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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fixed::{Fixed, Rate};
use crate::rate;

#[cfg(all(test, feature = "census"))]
pub(crate) use census::CENSUS_FIELDS;
pub use census::{Census, DateFormat, DecimalSeparator, Duplicates, PayBasis, StatusMeaning};
pub use compensation::{Compensation, PromotionCompensation, PromotionDistribution, RaiseMethod, RaiseTiming};
pub use dbt::{Dbt, RunnerKind};
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
    CompensationReasonableness, DbtTests, DistributionDrift, HireTerminationRatio, PayOutliers, RATED_RULES, Rating,
    STOPPING_RULES, SqlRule, Validation, YearlyJumps,
};
pub use workflow::{ListChange, StageChange, StageYears, WorkflowChanges};
pub use workforce::{AgeWeight, Hiring, HiringRange, MarketScenario, NewHire, Workforce};

pub use layers::{LoadedConfig, Override, Sources, check, load, load_simulation_config};
pub use origins::{Origin, Origins};
pub use problem::{ConfigError, Problem, ProblemKind};

/// The default file with comments, as written by [`default_file::text`].
pub const DEFAULT_CONFIG: &str = include_str!("../../config/simulation_config.yaml");

/// All settings of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationConfig {
    /// Scenario ID, repeated in every row of the results.
    pub scenario_id: Identifier,
    /// Plan design ID, repeated in every row of the results.
    pub plan_design_id: Identifier,
    /// Years, random seed, and growth.
    pub simulation: Simulation,
    /// The census file.
    pub census: Census,
    /// Termination rates and part-time hires.
    pub workforce: Workforce,
    /// Hires by job level and month.
    pub hiring: Hiring,
    /// Ages and pay of new hires.
    pub new_hire: NewHire,
    /// Raises and promotions.
    pub compensation: Compensation,
    /// Who may participate in the plan, and when they enter.
    pub plan_eligibility: PlanEligibility,
    /// How employees enroll.
    pub enrollment: Enrollment,
    /// Automatic annual increases in deferral rates.
    pub deferral_auto_escalation: DeferralAutoEscalation,
    /// Plan limits on deferrals.
    pub deferrals: Deferrals,
    /// IRS limits for years that haven't been published yet.
    pub irs_limits: IrsLimits,
    /// Matching contributions.
    pub employer_match: EmployerMatch,
    /// Nonelective (core) contributions.
    pub employer_core_contribution: EmployerCoreContribution,
    /// Changes to the stages of a year.
    pub workflow: WorkflowChanges,
    /// Validation rules: your own, severities, and thresholds; they don't affect results.
    pub validation: Validation,
    /// Threads and memory; they don't affect results.
    pub optimization: Optimization,
    /// The runner of the dbt project; it doesn't affect results.
    #[serde(default)]
    pub dbt: Dbt,
}

/// Years, random seed, and growth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulation {
    /// First simulated year; the census is as of Dec 31 of the year before. 2024, the first year with IRS limits, or later.
    #[schemars(range(min = 2000, max = 2100))]
    pub start_year: i32,
    /// Last simulated year; a simulation spans at most 50 years.
    #[schemars(range(min = 2000, max = 2100))]
    pub end_year: i32,
    /// Seed for every random draw.
    #[schemars(range(max = u32::MAX))]
    pub random_seed: u32,
    /// Annual headcount growth: closing headcount = round(opening headcount x (1 + rate)).
    #[schemars(range(min = -1, max = 1))]
    pub target_growth_rate: Rate,
}

/// The models accept pay below $50 million.
const HIGHEST_PAY: u32 = 49_999_999;

/// Threads and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optimization {
    /// Database engine threads; `None`: 1 for a census of up to 30,000 people, otherwise all cores.
    #[schemars(range(min = 1, max = 1024))]
    pub threads: Option<u16>,
    /// Models of a parallel-safe stage that are built at the same time; `None`: 2 for a census of up to 30,000 people, otherwise
    /// 1. Together with the engine's threads, never more than the cores that the process may use.
    #[schemars(range(min = 1, max = 1024))]
    pub workers: Option<u16>,
    /// Database engine memory limit in GB (10^9 bytes); `None`: what the census needs, up to what the machine has.
    #[schemars(range(min = 0.1, max = 1_000_000))]
    pub memory_limit_gb: Option<Fixed<6>>,
}

/// Sections that results don't depend on.
const WITHOUT_EFFECT: [&str; 3] = ["validation.", "optimization.", "dbt."];

impl Default for SimulationConfig {
    /// Returns the defaults for scenario `baseline` and plan design `standard`.
    fn default() -> Self {
        Self::new(Identifier::known("baseline"), Identifier::known("standard"))
    }
}

impl SimulationConfig {
    /// Creates the default settings for a scenario and a plan design.
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
            dbt: Dbt::default(),
        }
    }

    /// Returns the settings as a tree, in file order.
    #[must_use]
    pub fn to_tree(&self) -> serde_json::Map<String, serde_json::Value> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(tree)) => tree,
            // A struct of plain fields is always an object.
            _ => serde_json::Map::new(),
        }
    }

    /// Returns all settings that results depend on, by key: everything except `simulation.end_year`, `validation.*`,
    /// `optimization.*`, and `dbt.*`.
    ///
    /// Keys of segments and user-defined maps are separate entries; a list is one value.
    #[must_use]
    pub fn flattened(&self) -> BTreeMap<String, serde_json::Value> {
        let leaves = keys::leaves(self.to_tree()).into_iter();
        let matters =
            |key: &str| key != "simulation.end_year" && !WITHOUT_EFFECT.iter().any(|section| key.starts_with(section));
        leaves.filter(|(key, _)| matters(key)).collect()
    }
}

impl Default for Simulation {
    fn default() -> Self {
        Self { start_year: 2025, end_year: 2029, random_seed: 42, target_growth_rate: rate!(0.03) }
    }
}

#[cfg(test)]
mod tests;
