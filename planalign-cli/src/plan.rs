//! The plan of a run: the configured workflow for each year.

use std::path::Path;

use planalign_config::settings::{SimulationConfig, Validation};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::ModelRunner;
use planalign_pipeline::{CheckedWorkflow, PipelineError, RunPlan, Workflow, WorkflowStage, WorkflowValidationError};
use planalign_validation::Rule;

use crate::caller::Caller;
use crate::error::Error;
use crate::inputs::Inputs;
use crate::scratch_project::ScratchProject;
use crate::session::RunOptions;
use crate::{dbt_executable, modules};

/// The stage of custom rules, once all tables of the year exist.
const CUSTOM_RULES_STAGE: WorkflowStage = WorkflowStage::Validation;

/// Returns the plan of a new run in a database. Writes nothing.
pub fn dry_run(inputs: &Inputs, run: &RunOptions, database: &Path, caller: &Caller<'_>) -> Result<RunPlan, Error> {
    Ok(plan(&check(inputs, run, database, &[], caller)?, inputs, run.shuffle))
}

/// Checks the workflow with the caller's rules.
pub(crate) fn check<'r>(
    inputs: &Inputs,
    run: &RunOptions,
    database: &Path,
    of_caller: &[Box<dyn Rule + 'r>],
    caller: &Caller<'_>,
) -> Result<CheckedWorkflow, Error> {
    let scratch = Database::in_memory(&DatabaseOptions::default())?;
    let rules =
        modules::all_rules(inputs, &scratch, of_caller.iter().map(|rule| Box::new(rule.as_ref()) as _).collect())?;
    let names = names(of_caller);
    let mut dbt = dbt_executable::open_without_database(inputs, run, Some(database), caller)?;
    let project = ScratchProject::new(inputs, dbt.as_mut().map(|dbt| &mut dbt.runner))?;
    checked_workflow(inputs, project.runner(), &rules, &names)
}

/// Plans a workflow for the configured years.
pub(crate) fn plan(workflow: &CheckedWorkflow, inputs: &Inputs, shuffle: Option<u64>) -> RunPlan {
    let simulation = &inputs.config.settings.simulation;
    RunPlan::new(workflow, simulation.start_year, simulation.end_year, shuffle)
}

/// Resolves and checks the configured workflow with these rules; the caller's run once all tables of a year exist.
pub(crate) fn checked_workflow<'r>(
    inputs: &Inputs,
    runner: &dyn ModelRunner,
    rules: &[Box<dyn Rule + 'r>],
    of_caller: &[String],
) -> Result<CheckedWorkflow, Error> {
    let names = names(rules);
    let mut workflow = workflow(&inputs.config.settings, &names);
    let twice = of_caller.iter().enumerate().find(|(at, name)| of_caller[..*at].contains(name));
    if let Some((_, name)) = twice {
        let problems = vec![format!("two caller rules are named {name}")];
        return Err(PipelineError::from(WorkflowValidationError { problems }).into());
    }
    // Rules that replace others run where the caller's do.
    workflow.drop_rules(of_caller);
    workflow.add_rules(&CUSTOM_RULES_STAGE, of_caller);
    Ok(workflow.check(runner, &names).map_err(PipelineError::from)?)
}

/// Plans which rules check which stages of a run, without the project.
pub(crate) fn plan_of_rules(inputs: &Inputs, rules: &[Box<dyn Rule>]) -> Result<RunPlan, Error> {
    let names = names(rules);
    let workflow = workflow(&inputs.config.settings, &names).check_rules(&names).map_err(PipelineError::from)?;
    Ok(plan(&workflow, inputs, None))
}

fn names<'r>(rules: &[Box<dyn Rule + 'r>]) -> Vec<String> {
    rules.iter().map(|rule| rule.name().to_owned()).collect()
}

/// The configured stages with the enabled rules.
fn workflow(settings: &SimulationConfig, on: &[String]) -> Workflow {
    let mut workflow = Workflow::default();
    workflow.change(&settings.workflow.stages);
    let Validation { severity, rules, .. } = &settings.validation;
    let own = rules.iter().map(|rule| &rule.name);
    let (own_on, own_off): (Vec<String>, Vec<String>) = own.cloned().partition(|name| on.contains(name));
    let off: Vec<String> = severity.keys().filter(|name| !on.contains(name)).cloned().chain(own_off).collect();
    workflow.drop_rules(&off);
    workflow.add_rules(&CUSTOM_RULES_STAGE, &own_on);
    workflow
}
