//! The plan of a run: the workflow as the configuration wants it, laid over the years.

use planalign_config::settings::{SimulationConfig, Validation};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::EmbeddedRunner;
use planalign_pipeline::{PipelineError, RunPlan, Workflow};

use crate::error::Error;
use crate::inputs::Inputs;
use crate::modules;

/// Where rules of one's own run: all tables of the year are there.
const STAGE_OF_OWN_RULES: &str = "VALIDATION";

/// What a new run would do. Writes nothing.
pub fn dry_run(inputs: &Inputs, shuffle: Option<u64>) -> Result<RunPlan, Error> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let runner = inputs.runner(&database)?;
    plan(shuffle, inputs, &runner, &database)
}

/// Resolves and checks the workflow, and lays it over the years.
pub(crate) fn plan(
    shuffle: Option<u64>,
    inputs: &Inputs,
    runner: &EmbeddedRunner,
    database: &Database,
) -> Result<RunPlan, Error> {
    let settings = &inputs.config.settings;
    let rules = modules::rules(inputs, database)?;
    let names: Vec<String> = rules.iter().map(|r| r.name().to_owned()).collect();
    let workflow = workflow(settings, &names).check(runner, &names);
    let workflow = workflow.map_err(PipelineError::from)?;
    Ok(RunPlan::new(&workflow, settings.simulation.start_year, settings.simulation.end_year, shuffle))
}

/// The stages as the configuration wants them, with the rules that are on.
fn workflow(settings: &SimulationConfig, on: &[String]) -> Workflow {
    let mut workflow = Workflow::default();
    workflow.change(&settings.workflow.stages);
    let Validation { severity, rules, .. } = &settings.validation;
    let own = rules.iter().map(|rule| &rule.name);
    let (own_on, own_off): (Vec<String>, Vec<String>) = own.cloned().partition(|name| on.contains(name));
    let off: Vec<String> = severity.keys().filter(|name| !on.contains(name)).cloned().chain(own_off).collect();
    workflow.drop_rules(&off);
    workflow.add_rules(STAGE_OF_OWN_RULES, &own_on);
    workflow
}
