//! Checks whether inputs are fit for a run, as far as possible without running it.

use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{EmbeddedRunner, Flow, ModelRunner};
use planalign_pipeline::RunPlan;
use planalign_validation::{DataValidator, Finding, Severity};

use crate::error::Error;
use crate::inputs::Inputs;
use crate::modules;
use crate::plan::{checked_workflow, plan};

/// The rule that checks the rows of a census, and the models it reads.
const CENSUS_RULE: &str = "census_acceptance";
const CENSUS_MODELS: [&str; 2] = ["stg_census_summary", "stg_census_issues"];

/// The result of checking inputs that a run can use.
#[derive(Debug)]
pub struct InputCheck {
    /// The plan of the run.
    pub plan: RunPlan,
    /// Findings about census rows that the run would skip.
    pub census: Vec<Finding>,
    /// Number of models and seeds in the dbt project.
    pub nodes: usize,
}

/// Checks the workflow, the dbt project, and the rows of the census. Fails on anything that a run would reject.
pub fn check_inputs(inputs: &Inputs) -> Result<InputCheck, Error> {
    let (database, mut runner) = in_memory(inputs)?;
    let workflow = checked_workflow(inputs, &runner, &modules::rules(inputs, &database)?, &[])?;
    let plan = plan(&workflow, inputs, None);
    let census = rejected(inputs, &mut runner, &database)?;
    Ok(InputCheck { plan, census, nodes: runner.graph().nodes().count() })
}

/// Fails if a run would reject the census.
pub(crate) fn require_usable_census(inputs: &Inputs) -> Result<(), Error> {
    let (database, mut runner) = in_memory(inputs)?;
    rejected(inputs, &mut runner, &database).map(drop)
}

/// Creates an in-memory database and a runner of the project on it.
fn in_memory(inputs: &Inputs) -> Result<(Database, EmbeddedRunner), Error> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let runner = inputs.runner(&database)?;
    Ok((database, runner))
}

/// Reads the rows of the census as a run does and returns findings about those it would reject. A project without the census
/// models has none.
fn rejected(inputs: &Inputs, runner: &mut EmbeddedRunner, database: &Database) -> Result<Vec<Finding>, Error> {
    let exists = |model: &str| runner.graph().nodes().any(|node| node.name == model);
    if !CENSUS_MODELS.iter().all(|model| exists(model)) {
        return Ok(Vec::new());
    }
    let staging = runner.select(&CENSUS_MODELS.map(|model| format!("+{model}")).join(" "))?;
    runner.run(&staging, &inputs.vars, &mut |_| Flow::Continue)?;
    let validator = DataValidator::new(modules::rules(inputs, database)?);
    let start_year = inputs.config.settings.simulation.start_year;
    let findings = validator.check(CENSUS_RULE, start_year, database).unwrap_or(Ok(Vec::new()))?;
    if findings.iter().any(|finding| finding.severity == Severity::Fatal) {
        return Err(Error::RejectedCensus(findings));
    }
    Ok(findings)
}
