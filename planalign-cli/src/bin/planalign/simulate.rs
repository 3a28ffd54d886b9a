//! `planalign simulate`: runs a simulation and shows how far it is.

use planalign::{Finished, InputSource, RunOptions, Session, StartMode};
use planalign_pipeline::StopSignal;
use planalign_reporting::{Template, render_summary};

use crate::args::SimulateArgs;
use crate::caller::{Process, environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::signals::{Received, listen};
use crate::{SUMMARY_WIDTH, progress, say};

/// Runs the command; an error finding is no failure, but has an exit code.
pub(crate) fn run(
    args: &SimulateArgs,
    quiet: bool,
    process: &Process,
    received: &Received,
) -> Result<ExitCode, Failure> {
    let options = args.input.options(args.years, environment());
    if args.dry_run {
        let inputs = planalign::Inputs::load(&options)?;
        say(&planalign::dry_run(&inputs, args.shuffle)?.to_string())?;
        return Ok(ExitCode::Done);
    }
    let mode = args.mode();
    if mode.continues() && !args.database.exists() {
        return Err(planalign::Error::NoDatabase(args.database.clone()).into());
    }
    let source = match mode {
        StartMode::Resume => InputSource::find(&options, args.as_recorded)?,
        _ => InputSource::files(&options)?,
    };
    warn_of(&source);
    let mut session = Session::open(&args.database, process.caller())?;
    let inputs = session.inputs(source, &options)?;
    let run = RunOptions {
        mode,
        years: options.years.clone(),
        reports: args.reports.clone(),
        threads: args.threads,
        shuffle: args.shuffle,
        fail_on_validation_error: args.fail_on_validation_error,
        accept_version: args.accept_version,
    };
    let prepared = session.prepare(inputs, run, Vec::new())?;
    let stop = StopSignal::default();
    listen(stop.clone(), received).map_err(Failure::Signals)?;
    let mut renderer = progress::renderer(args.progress, quiet);
    let Finished { summary, outcome } =
        prepared.execute(&stop, Vec::new(), &mut |event, progress| renderer.event(event, progress))?;
    say(&render_summary(&summary, &Template::default(), SUMMARY_WIDTH))?;
    Ok(if outcome.errors > 0 { ExitCode::Findings } else { ExitCode::Done })
}

/// Says what is taken from the record in place of files.
pub(crate) fn warn_of(source: &InputSource) {
    match source {
        InputSource::Files(_) => {}
        InputSource::FilesWithoutCensus { census } => {
            log::warn!("{} is not here: what the run recorded of the census is used", census.display());
        }
        InputSource::Record { absent, unused } => {
            let option = |name: &&str| if *name == "overrides" { "--set".to_owned() } else { format!("--{name}") };
            let names: Vec<String> =
                unused.options.iter().map(option).chain(unused.environment.iter().cloned()).collect();
            let absent = absent.as_ref().map(|path| format!("; {} is not here", path.display())).unwrap_or_default();
            let unused = if names.is_empty() { String::new() } else { format!("; not used: {}", names.join(", ")) };
            if !(absent.is_empty() && unused.is_empty()) {
                log::warn!("the run is taken as it was recorded{absent}{unused}");
            }
        }
    }
}
