//! `planalign validate`: checks the inputs of a run, or its results, without running anything.

mod data;

use planalign::{InputCheck, Inputs};
use planalign_config::settings::SimulationConfig;
use planalign_config::settings::schema::json_schema;

use crate::args::{InputArgs, ValidateArgs};
use crate::caller::{Process, environment};
use crate::census::notices;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;

pub(crate) fn run(args: &ValidateArgs, process: &Process) -> Result<ExitCode, Failure> {
    match args {
        ValidateArgs { schema: true, .. } => {
            say(&format!("{:#}", json_schema()))?;
            Ok(ExitCode::Done)
        }
        ValidateArgs { data: true, .. } => data::run(args, process),
        _ => inputs(&args.input, process),
    }
}

/// Prints the inputs that passed; any problem is a failure.
fn inputs(args: &InputArgs, process: &Process) -> Result<ExitCode, Failure> {
    let mut inputs = Inputs::load(&args.options(None, environment()))?;
    let InputCheck { plan, census: checked, nodes, tests, unprepared, warnings, dbt } =
        planalign::check_inputs(&mut inputs, &process.caller())?;
    let census = if checked.is_empty() { "ok" } else { "usable" };
    let stages = plan.remaining().count();
    let settings = &inputs.config().settings;
    let defaults = SimulationConfig::new(settings.scenario_id.clone(), settings.plan_design_id.clone()).flattened();
    let mut lines = vec![
        format!(
            "configuration  ok: scenario {}, plan design {}, {} to {}",
            settings.scenario_id.as_str(),
            settings.plan_design_id.as_str(),
            plan.start_year(),
            plan.end_year()
        ),
        format!("census         {census}: {} rows", inputs.census().rows),
    ];
    lines.extend(inputs.reading().into_iter().flat_map(notices).map(|line| format!("               {line}")));
    lines.extend(checked.iter().map(|finding| format!("               {}: {}", finding.severity, finding.message)));
    lines.extend([
        match unprepared {
            0 => format!("dbt project    ok: {nodes} models and seeds"),
            some => format!("dbt project    ok: {nodes} models and seeds, of which only dbt can check {some}"),
        },
        format!("workflow       ok: {stages} stages"),
        format!("dbt tests      ok: {} of {tests} run", plan.tests().len()),
    ]);
    lines.extend(warnings.iter().map(|warning| format!("               warning: {warning}")));
    lines.extend(dbt.map(|found| format!("dbt            ok: version {} with DuckDB {}", found.dbt, found.engine)));
    for (key, value, origin) in inputs.config().origins.iter() {
        if defaults.get(key).is_some_and(|default| default != value) {
            lines.push(format!("setting        {key} = {value}  ({origin})"));
        }
    }
    say(&lines.join("\n"))?;
    Ok(ExitCode::Done)
}
