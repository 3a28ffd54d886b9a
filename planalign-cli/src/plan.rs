//! The plan of a run: the configured workflow for each year.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use planalign_config::settings::{SimulationConfig, Validation};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::ModelRunner;
use planalign_pipeline::{
    CheckedWorkflow, PipelineError, RunPlan, Workflow, WorkflowStage, WorkflowValidationError, WorkflowWarning,
};
use planalign_validation::Rule;

use crate::caller::Caller;
use crate::error::Error;
use crate::inputs::Inputs;
use crate::resources::Resources;
use crate::scratch_project::ScratchProject;
use crate::session::RunOptions;
use crate::{data_tests, dbt_executable, modules};

/// The stage of custom rules, once all tables of the year exist.
const CUSTOM_RULES_STAGE: WorkflowStage = WorkflowStage::Validation;

/// What a new run would do.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// Its stages.
    pub plan: RunPlan,
    /// Its threads and workers.
    pub resources: Resources,
    /// Models that are built in order although there are several workers, each with the reason.
    pub in_order: Vec<(String, String)>,
    /// What a dbt executable adds.
    pub about_dbt: Option<String>,
    /// What the run would leave out of the project although nobody said so.
    pub warnings: Vec<WorkflowWarning>,
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.plan, self.resources)?;
        if !self.in_order.is_empty() {
            let models = self.in_order.iter().map(|(model, reason)| format!("{model} ({reason})"));
            write!(f, "\nnot side by side with others: {}", models.collect::<Vec<_>>().join(", "))?;
        }
        self.about_dbt.iter().try_for_each(|text| write!(f, "\n{text}"))
    }
}

/// Returns what a new run in a database would do. Writes nothing.
pub fn dry_run(inputs: &Inputs, run: &RunOptions, database: &Path, caller: &Caller<'_>) -> Result<DryRun, Error> {
    let mut dbt = dbt_executable::open_without_database(inputs, run, Some(database), caller)?;
    let version = dbt.as_ref().map(|dbt| dbt.runner.dbt_versions().dbt.clone());
    let project = ScratchProject::new(inputs, dbt.as_mut().map(|dbt| &mut dbt.runner))?;
    let rules = modules::rules(inputs, project.database())?;
    let workflow = checked_workflow(inputs, project.runner(), &rules, &[])?;
    let plan = plan(&workflow, inputs, run.shuffle);
    let resources = Resources::new(run, inputs, version.as_deref());
    let mut in_order = Vec::new();
    if resources.workers > 1 {
        for models in plan.parallel_safe() {
            in_order.extend(project.runner().in_order(models, &inputs.vars)?);
        }
    }
    let about_dbt = version.map(|_| dbt_executable::plan(inputs, &plan));
    Ok(DryRun { plan, resources, in_order, about_dbt, warnings: workflow.warnings().to_vec() })
}

/// Checks the workflow with the caller's rules, as far as that takes no dbt executable, which the run asks.
pub(crate) fn check<'r>(inputs: &Inputs, run: &RunOptions, of_caller: &[Box<dyn Rule + 'r>]) -> Result<(), Error> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let borrowed = of_caller.iter().map(|rule| Box::new(rule.as_ref()) as _).collect();
    let rules = modules::all_rules(inputs, &database, borrowed)?;
    if dbt_executable::is_used(inputs, run) {
        rules_by_stage(inputs, &rules, &names(of_caller)).map(drop)
    } else {
        checked_workflow(inputs, &inputs.runner(&database)?, &rules, &names(of_caller)).map(drop)
    }
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
    let mut workflow = workflow_with(inputs, &names, of_caller)?;
    workflow.set_tests(data_tests::selected(&inputs.config.settings, runner));
    Ok(workflow.check(runner, &names).map_err(PipelineError::from)?)
}

/// Returns the rules that check each stage of a run, by its name. Doesn't need the project.
pub(crate) fn rules_by_stage<'r>(
    inputs: &Inputs,
    rules: &[Box<dyn Rule + 'r>],
    of_caller: &[String],
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let names = names(rules);
    let workflow = workflow_with(inputs, &names, of_caller)?;
    Ok(workflow.rules_by_stage(&names).map_err(PipelineError::from)?)
}

pub(crate) fn names<'r>(rules: &[Box<dyn Rule + 'r>]) -> Vec<String> {
    rules.iter().map(|rule| rule.name().to_owned()).collect()
}

fn workflow_with(inputs: &Inputs, rules: &[String], of_caller: &[String]) -> Result<Workflow, Error> {
    let mut workflow = workflow(&inputs.config.settings, rules);
    let twice = of_caller.iter().enumerate().find(|(at, name)| of_caller[..*at].contains(name));
    if let Some((_, name)) = twice {
        let problems = vec![format!("two caller rules are named {name}")];
        return Err(PipelineError::from(WorkflowValidationError { problems }).into());
    }
    // Rules that replace others run where the caller's do.
    workflow.drop_rules(of_caller);
    workflow.add_rules(&CUSTOM_RULES_STAGE, of_caller);
    Ok(workflow)
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
    for rule in rules.iter().filter(|rule| own_on.contains(&rule.name)) {
        if let Some(stage) = &rule.stage {
            workflow.add_rule_of_stage(stage, &rule.name);
        }
    }
    workflow.add_rules(&CUSTOM_RULES_STAGE, &own_on);
    workflow
}
