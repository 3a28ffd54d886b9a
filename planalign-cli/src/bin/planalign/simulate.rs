//! `planalign simulate`: runs a simulation and shows its progress.

use planalign::{FinishedRun, InputOptions, InputSource, Inputs, RunOptions, Session, StartMode};
use planalign_pipeline::StopSignal;
use planalign_reporting::{Template, render_summary};

use crate::args::SimulateArgs;
use crate::caller::{Process, environment};
use crate::census::notices;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::signals::{Received, listen};
use crate::{SUMMARY_WIDTH, progress, say};

/// Runs the command; error findings are not a failure, but have their own exit code.
pub(crate) fn run(
    args: &SimulateArgs,
    quiet: bool,
    process: &Process,
    received: &Received,
) -> Result<ExitCode, Failure> {
    let options = args.input.options(args.years, environment());
    let run = run_options(args, &options);
    if args.dry_run {
        let inputs = Inputs::load(&options)?;
        warn_about_census(&inputs);
        let plan = planalign::dry_run(&inputs, &run, &args.database, &process.caller())?;
        plan.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        say(&plan.to_string())?;
        return Ok(ExitCode::Done);
    }
    if run.mode.continues() && !args.database.exists() {
        return Err(planalign::Error::NoDatabase(args.database.clone()).into());
    }
    let source = match run.mode {
        StartMode::Resume => InputSource::find(&options, args.as_recorded)?,
        _ => InputSource::files(&options)?,
    };
    warn_about(&source);
    let mut session = Session::open(&args.database, process.caller())?;
    let inputs = session.inputs(source, &options)?;
    let prepared = session.prepare(inputs, run, Vec::new())?;
    prepared.warnings().iter().for_each(|warning| log::warn!("{warning}"));
    let stop = StopSignal::default();
    listen(stop.clone(), received, None).map_err(Failure::Signals)?;
    let mut renderer = progress::renderer(args.progress, quiet);
    let FinishedRun { summary, outcome } =
        prepared.execute(&stop, Vec::new(), &mut |event, progress| renderer.event(event, progress))?;
    say(&render_summary(&summary, &Template::default(), SUMMARY_WIDTH))?;
    Ok(if outcome.errors > 0 { ExitCode::Findings } else { ExitCode::Done })
}

fn run_options(args: &SimulateArgs, inputs: &InputOptions) -> RunOptions {
    RunOptions {
        mode: args.mode(),
        years: inputs.years.clone(),
        reports: args.reports.clone(),
        threads: args.threads,
        workers: args.workers,
        runner: args.runner,
        dbt_executable: args.dbt_executable.clone(),
        shuffle: args.shuffle,
        fail_on_validation_error: args.fail_on_validation_error,
        accept_version: args.accept_version,
    }
}

/// Warns about what was guessed or ignored in the census, and what looks wrong.
fn warn_about_census(inputs: &Inputs) {
    for line in inputs.reading().into_iter().flat_map(notices) {
        log::warn!("{line}");
    }
}

/// Warns about inputs that come from the run's record instead of files.
pub(crate) fn warn_about(source: &InputSource) {
    match source {
        InputSource::Files(inputs) => warn_about_census(inputs),
        InputSource::FilesWithoutCensus { census } => {
            log::warn!("census `{}` not found; using what the run recorded about it", census.display());
        }
        InputSource::Record { missing, ignored } => {
            let option = |name: &&str| if *name == "overrides" { "--set".to_owned() } else { format!("--{name}") };
            let names: Vec<String> =
                ignored.options.iter().map(option).chain(ignored.environment.iter().cloned()).collect();
            let missing = missing.as_ref().map(|path| format!("; `{}` not found", path.display())).unwrap_or_default();
            let ignored = if names.is_empty() { String::new() } else { format!("; ignored: {}", names.join(", ")) };
            if !(missing.is_empty() && ignored.is_empty()) {
                log::warn!("using the inputs recorded with the run{missing}{ignored}");
            }
        }
    }
}
