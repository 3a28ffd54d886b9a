//! `planalign status`: what a database holds.

use planalign::{RunInFile, RunningElsewhere, Status};
use planalign_registries::{RunRecord, RunStatus};
use planalign_reporting::columns::{Column, in_columns};
use serde_json::json;

use crate::args::{OutputFormat, StatusArgs};
use crate::caller::Process;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;

/// Prints the status of the latest run.
pub(crate) fn run(args: &StatusArgs, process: &Process) -> Result<ExitCode, Failure> {
    say(&match (planalign::status(&args.database, &process.caller())?, args.format) {
        (Status::Running(running), OutputFormat::Json) => running_json(&running),
        (Status::Running(running), OutputFormat::Table) => running_table(&running),
        (Status::Held(held), OutputFormat::Json) => held_json(&held),
        (Status::Held(held), OutputFormat::Table) => held_table(&held),
        (Status::NoRun, _) => "the database holds no run".to_owned(),
    })?;
    Ok(ExitCode::Done)
}

fn running_json(RunningElsewhere { holder, last_checkpoint }: &RunningElsewhere) -> String {
    let last = last_checkpoint.as_ref().map(ToString::to_string);
    json!({ "status": "running", "holder": holder, "last_checkpoint": last }).to_string()
}

fn running_table(RunningElsewhere { holder, last_checkpoint }: &RunningElsewhere) -> String {
    table([
        ("run", holder.run_id.clone().unwrap_or_else(|| "not begun".to_owned())),
        ("status", "running".to_owned()),
        ("process", holder.pid.to_string()),
        ("started", holder.started_at.to_string()),
        ("committed", last_checkpoint.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)),
    ])
}

fn held_json(RunInFile { run, checkpoints, lost }: &RunInFile) -> String {
    json!({
        "run_id": run.run_id, "status": status(run), "scenario_id": run.scenario_id,
        "plan_design_id": run.plan_design_id, "start_year": run.start_year, "end_year": run.end_year,
        "started_at": run.started_at.to_string(), "checkpoints": checkpoints.len(),
        "last_checkpoint": checkpoints.last().map(ToString::to_string), "lost": lost.as_ref().map(ToString::to_string),
    })
    .to_string()
}

fn held_table(RunInFile { run, checkpoints, lost }: &RunInFile) -> String {
    let reported = [
        ("run", run.run_id.clone()),
        ("status", status(run).to_owned()),
        ("scenario", format!("{} / {}", run.scenario_id, run.plan_design_id)),
        ("years", format!("{} to {}", run.start_year, run.end_year)),
        ("started", run.started_at.to_string()),
        ("committed", checkpoints.last().map_or_else(|| "nothing".to_owned(), ToString::to_string)),
    ];
    let lost = lost.as_ref().map(|lost| ("lost", format!("{lost}, which the mirror names and the database does not")));
    table(reported.into_iter().chain(lost))
}

fn table(reported: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let rows = reported.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    in_columns(&[Column::left(), Column::left()], rows)
}

/// Nobody holds the lock, so a run that is recorded as running has died.
fn status(run: &RunRecord) -> &'static str {
    match run.status {
        RunStatus::Running | RunStatus::Interrupted => "interrupted",
        RunStatus::Finished => "finished",
        RunStatus::Failed => "failed",
    }
}
