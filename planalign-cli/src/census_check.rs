//! Checks whether inputs are fit for a run, as far as possible without running it.

use planalign_dbt::{DbtRunner, DbtVersions};
use planalign_pipeline::{RunPlan, WorkflowWarning};
use planalign_validation::{DataValidator, Finding, Severity};

use crate::caller::Caller;
use crate::error::Error;
use crate::inputs::Inputs;
use crate::plan::{checked_workflow, plan};
use crate::preparation::prepare;
use crate::scratch_project::ScratchProject;
use crate::session::RunOptions;
use crate::{dbt_executable, modules};

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
    /// Number of data tests in the dbt project; the plan has those that the run runs.
    pub tests: usize,
    /// Number of models that were not prepared, because only dbt can build them.
    pub unprepared: usize,
    /// What the run would leave out of the project although nobody said so.
    pub warnings: Vec<WorkflowWarning>,
    /// The versions of the dbt executable that would build them, if one is configured.
    pub dbt: Option<DbtVersions>,
}

/// Checks the workflow, the dbt project, and the rows of the census with the configured runner, and prepares every model, data
/// test, and user rule against empty tables. Fails on anything that a run would reject.
pub fn check_inputs(inputs: &mut Inputs, caller: &Caller<'_>) -> Result<InputCheck, Error> {
    let _spill = inputs.spill_census(None)?;
    let mut dbt = dbt_executable::open_without_database(inputs, &RunOptions::default(), None, caller)?;
    let versions = dbt.as_ref().map(|dbt| dbt.runner.dbt_versions().clone());
    let mut project = ScratchProject::new(inputs, dbt.as_mut().map(|dbt| &mut dbt.runner))?;
    let rules = modules::rules(inputs, project.database())?;
    let workflow = checked_workflow(inputs, project.runner(), &rules, &[])?;
    let plan = plan(&workflow, inputs, None);
    let census = rejected(inputs, &mut project)?;
    let unprepared = prepare(inputs, &plan, versions.is_some())?;
    let runner = project.runner();
    Ok(InputCheck {
        plan,
        census,
        nodes: runner.graph().nodes().count(),
        tests: runner.data_tests().len(),
        unprepared,
        warnings: workflow.warnings().to_vec(),
        dbt: versions,
    })
}

/// Fails if a run would reject the census; `dbt` builds its models, if the run uses one.
pub(crate) fn require_usable_census(inputs: &Inputs, dbt: Option<&mut DbtRunner>) -> Result<(), Error> {
    rejected(inputs, &mut ScratchProject::new(inputs, dbt)?).map(drop)
}

/// Reads the rows of the census as a run does and returns findings about those it would reject. Fails if it would reject all. A
/// project without the census models has none.
fn rejected(inputs: &Inputs, project: &mut ScratchProject<'_>) -> Result<Vec<Finding>, Error> {
    if CENSUS_MODELS.iter().any(|model| project.runner().graph().get(model).is_none()) {
        return Ok(Vec::new());
    }
    let staging = CENSUS_MODELS.map(|model| format!("+{model}")).join(" ");
    let database = project.build(inputs, &staging)?;
    let validator = DataValidator::new(modules::rules(inputs, &database)?);
    let start_year = inputs.config.settings.simulation.start_year;
    let findings = validator.check(CENSUS_RULE, start_year, &database).unwrap_or(Ok(Vec::new()))?;
    if findings.iter().any(|finding| finding.severity == Severity::Fatal) {
        return Err(Error::RejectedCensus(findings));
    }
    Ok(findings)
}
