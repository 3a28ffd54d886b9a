//! `planalign validate`: checks all that a run is made of, and runs nothing.

use planalign_config::settings::SimulationConfig;
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{EmbeddedRunner, ModelRunner};

use crate::args::InputArgs;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::{say, simulate};

/// Prints what was found in order; everything that is wrong is a failure.
pub(crate) fn run(args: &InputArgs) -> Result<ExitCode, Failure> {
    let inputs = Inputs::load(args, None)?;
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let runner = EmbeddedRunner::load(&args.project, database.clone(), &inputs.vars)?;
    let plan = simulate::plan(None, &inputs, &runner, &database)?;
    let nodes = runner.graph().nodes().count();
    let stages = plan.remaining().count();
    let settings = &inputs.config.settings;
    let mut text = format!(
        "configuration  fine: scenario {}, plan design {}, {} to {}\n",
        settings.scenario_id.as_str(),
        settings.plan_design_id.as_str(),
        plan.start_year(),
        plan.end_year()
    );
    text += &format!("census         fine: {} rows\n", inputs.census.rows);
    text += &format!("dbt project    fine: {nodes} models and seeds\n");
    text += &format!("workflow       fine: {stages} stages\n");
    let defaults = SimulationConfig::new(settings.scenario_id.clone(), settings.plan_design_id.clone()).flattened();
    let mut changed = inputs
        .config
        .origins
        .iter()
        .filter(|(key, value, _)| defaults.get(*key).is_some_and(|d| d != *value))
        .peekable();
    if changed.peek().is_some() {
        text += "\nsettings that are not the default\n";
    }
    for (key, value, origin) in changed {
        text += &format!("  {key} = {value}  ({origin})\n");
    }
    say(&text);
    Ok(ExitCode::Done)
}
