//! `planalign log`: the events of a run.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use planalign::{OpenRun, RunLogReader};
use planalign_config::lock::RunLock;
use planalign_registries::{RunEvent, RunEventKind};

use crate::args::{LogArgs, OutputFormat};
use crate::caller::Process;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{progress, say};

/// The polling interval of `--follow`.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints the events of a run: from the database, or from the log file while the run has the database locked.
pub(crate) fn run(args: &LogArgs, process: &Process) -> Result<ExitCode, Failure> {
    match RunLock::holder(&args.database).and_then(|holder| holder.run_id) {
        Some(running) if args.run.as_ref().is_none_or(|wanted| *wanted == running) => {
            let path = planalign::run_log_path(&args.database, &running);
            follow(args, &path)?;
        }
        _ => {
            let opened = OpenRun::open(&args.database, &process.caller())?;
            print(args.format, &opened.events(args.run.as_deref())?)?;
        }
    }
    Ok(ExitCode::Done)
}

/// Prints the events so far and, with `--follow`, new ones until the run ends in any way.
fn follow(args: &LogArgs, path: &Path) -> Result<(), Failure> {
    let unreadable = |cause: io::Error| Failure::Unreadable { path: path.to_owned(), cause };
    let mut reader = RunLogReader::open(path).map_err(unreadable)?;
    loop {
        // Checked first, so that events written just before the lock is released are still read.
        let is_running = RunLock::holder(&args.database).is_some();
        let events = reader.read().map_err(unreadable)?;
        print(args.format, &events)?;
        if !args.follow || !is_running || events.iter().any(ends) {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

fn ends(event: &RunEvent) -> bool {
    use RunEventKind::{RunFailed, RunFinished, RunInterrupted};
    matches!(event.kind, RunFinished { .. } | RunFailed { .. } | RunInterrupted { .. })
}

fn print(format: OutputFormat, events: &[RunEvent]) -> Result<(), Failure> {
    let mut lines = events.iter().filter_map(|event| match format {
        OutputFormat::Json => serde_json::to_string(event).ok(),
        OutputFormat::Table => progress::line(event).map(|line| format!("{:.0}  {line}", event.timestamp)),
    });
    lines.try_for_each(|line| say(&line))
}
