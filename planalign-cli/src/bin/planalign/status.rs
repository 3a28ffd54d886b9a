//! `planalign status`: the status of the run in a database.

use planalign::{ActiveRun, Status, StoredRun};
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
        (Status::Idle(stored), OutputFormat::Json) => stored_json(&stored),
        (Status::Idle(stored), OutputFormat::Table) => stored_table(&stored),
        (Status::NoRun, _) => "no run in the database".to_owned(),
    })?;
    Ok(ExitCode::Done)
}

fn running_json(ActiveRun { holder, last_checkpoint }: &ActiveRun) -> String {
    let last = last_checkpoint.as_ref().map(ToString::to_string);
    json!({ "status": "running", "holder": holder, "last_checkpoint": last }).to_string()
}

fn running_table(ActiveRun { holder, last_checkpoint }: &ActiveRun) -> String {
    table([
        ("run", holder.run_id.clone().unwrap_or_else(|| "not started".to_owned())),
        ("status", "running".to_owned()),
        ("process", holder.pid.to_string()),
        ("started", holder.started_at.to_string()),
        ("committed", last_checkpoint.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)),
    ])
}

fn stored_json(StoredRun { run, checkpoints, lost }: &StoredRun) -> String {
    json!({
        "run_id": run.run_id, "status": status(run), "scenario_id": run.scenario_id,
        "plan_design_id": run.plan_design_id, "start_year": run.start_year, "end_year": run.end_year,
        "started_at": run.started_at.to_string(), "checkpoints": checkpoints.len(),
        "last_checkpoint": checkpoints.last().map(ToString::to_string), "lost": lost.as_ref().map(ToString::to_string),
    })
    .to_string()
}

fn stored_table(StoredRun { run, checkpoints, lost }: &StoredRun) -> String {
    let reported = [
        ("run", run.run_id.clone()),
        ("status", status(run).to_owned()),
        ("scenario", format!("{} / {}", run.scenario_id, run.plan_design_id)),
        ("years", format!("{} to {}", run.start_year, run.end_year)),
        ("started", run.started_at.to_string()),
        ("committed", checkpoints.last().map_or_else(|| "nothing".to_owned(), ToString::to_string)),
    ];
    let lost = lost.as_ref().map(|lost| ("lost", format!("{lost}: in the mirror, not in the database")));
    table(reported.into_iter().chain(lost))
}

fn table(reported: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let rows = reported.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    in_columns(&[Column::left(), Column::left()], rows)
}

/// The lock is free, so a run recorded as running has died.
fn status(run: &RunRecord) -> &'static str {
    match run.status {
        RunStatus::Running | RunStatus::Interrupted => "interrupted",
        RunStatus::Finished => "finished",
        RunStatus::Failed => "failed",
    }
}
