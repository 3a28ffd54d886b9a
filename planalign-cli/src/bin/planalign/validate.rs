//! `planalign validate`: checks all that a run is made of, or what it has made, and runs nothing.

mod data;

use planalign_config::schema::json_schema;
use planalign_config::settings::SimulationConfig;
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{EmbeddedRunner, Flow, ModelRunner};
use planalign_validation::{Finding, Severity};

use crate::args::{InputArgs, ValidateArgs};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::{say, simulate};

/// What looks at the rows of a census, and the models that it reads.
const CENSUS_RULE: &str = "census_acceptance";
const CENSUS_MODELS: [&str; 2] = ["stg_census_summary", "stg_census_issues"];

pub(crate) fn run(args: &ValidateArgs) -> Result<ExitCode, Failure> {
    match args {
        ValidateArgs { schema: true, .. } => {
            say(&format!("{:#}", json_schema()))?;
            Ok(ExitCode::Done)
        }
        ValidateArgs { data: true, .. } => data::run(args),
        _ => inputs(&args.input),
    }
}

/// Prints what was found in order; everything that is wrong is a failure.
fn inputs(args: &InputArgs) -> Result<ExitCode, Failure> {
    let inputs = Inputs::load(args, None)?;
    let (database, mut runner) = in_memory(&inputs)?;
    let plan = simulate::plan(None, &inputs, &runner, &database)?;
    let rejected = rejected(&inputs, &mut runner, &database)?;
    let nodes = runner.graph().nodes().count();
    let stages = plan.remaining().count();
    let settings = &inputs.config.settings;
    let defaults = SimulationConfig::new(settings.scenario_id.clone(), settings.plan_design_id.clone()).flattened();
    let mut lines = vec![
        format!(
            "configuration  fine: scenario {}, plan design {}, {} to {}",
            settings.scenario_id.as_str(),
            settings.plan_design_id.as_str(),
            plan.start_year(),
            plan.end_year()
        ),
        format!("census         {}: {} rows", if rejected.is_empty() { "fine" } else { "usable" }, inputs.census.rows),
    ];
    lines.extend(rejected.iter().map(|finding| format!("               {}: {}", finding.severity, finding.message)));
    lines.extend([
        format!("dbt project    fine: {nodes} models and seeds"),
        format!("workflow       fine: {stages} stages"),
    ]);
    for (key, value, origin) in inputs.config.origins.iter() {
        if defaults.get(key).is_some_and(|default| default != value) {
            lines.push(format!("setting        {key} = {value}  ({origin})"));
        }
    }
    say(&lines.join("\n"))?;
    Ok(ExitCode::Done)
}

/// Fails if a run would refuse the census.
pub(crate) fn census(inputs: &Inputs) -> Result<(), Failure> {
    let (database, mut runner) = in_memory(inputs)?;
    rejected(inputs, &mut runner, &database).map(drop)
}

/// A database in memory and what runs the project on it.
fn in_memory(inputs: &Inputs) -> Result<(Database, EmbeddedRunner), Failure> {
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let runner = EmbeddedRunner::load(inputs.project.folder(), database.clone(), &inputs.vars)?;
    Ok((database, runner))
}

/// Reads the rows of the census as a run does, and says what it would reject. A project without the models has no opinion.
fn rejected(inputs: &Inputs, runner: &mut EmbeddedRunner, database: &Database) -> Result<Vec<Finding>, Failure> {
    let is_there = |model: &str| runner.graph().nodes().any(|node| node.name == model);
    if !CENSUS_MODELS.iter().all(|model| is_there(model)) {
        return Ok(Vec::new());
    }
    let staging = runner.select(&CENSUS_MODELS.map(|model| format!("+{model}")).join(" "))?;
    runner.run(&staging, &inputs.vars, &mut |_| Flow::Continue)?;
    let start_year = inputs.config.settings.simulation.start_year;
    let rules = simulate::rules(inputs, start_year, database)?;
    let rule = rules.iter().find(|rule| rule.name() == CENSUS_RULE);
    let findings = rule.map_or(Ok(Vec::new()), |rule| rule.check(start_year))?;
    if findings.iter().any(|finding| finding.severity == Severity::Fatal) {
        return Err(Failure::RefusedCensus(findings));
    }
    Ok(findings)
}
