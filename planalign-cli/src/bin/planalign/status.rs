//! `planalign status`: what a database holds.

use std::path::Path;

use planalign_config::lock::RunLock;
use planalign_config::{Database, DatabaseOptions};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{
    CheckpointKey, CheckpointMirror, RunEventKind, RunRecord, RunStatus, RunStore, highest_sequence,
};
use serde_json::json;

use crate::args::{OutputFormat, StatusArgs};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::run_log::{self, RunLogReader};
use crate::{mirror, probe, say};

/// Prints the status of the latest run.
pub(crate) fn run(args: &StatusArgs) -> Result<ExitCode, Failure> {
    if let Some(holder) = RunLock::holder(&args.database) {
        // The file cannot be opened while a run holds it; its lock tells who that is, and its log how far it is.
        let last = holder.run_id.as_ref().and_then(|run_id| {
            let mirrored =
                CheckpointMirror::new(&args.database, run_id).last().map(|witnessed| witnessed.key.to_string());
            last_checkpoint(&run_log::path(&args.database, run_id)).or(mirrored)
        });
        say(&match args.format {
            OutputFormat::Json => json!({ "status": "running", "holder": holder, "last_checkpoint": last }).to_string(),
            OutputFormat::Table => format!(
                "run        {}\nstatus     running\nprocess    {}\nstarted    {}\ncommitted  {}",
                holder.run_id.as_deref().unwrap_or("not begun"),
                holder.pid,
                holder.started_at,
                last.as_deref().unwrap_or("nothing"),
            ),
        })?;
        return Ok(ExitCode::Done);
    }
    if !args.database.exists() {
        return Err(Failure::NoDatabase(args.database.clone()));
    }
    probe::first(&args.database)?;
    let options = DatabaseOptions { read_only: true, ..DatabaseOptions::default() };
    let store = DuckRunStore::open_existing(Database::open(&args.database, &options)?)?;
    let Some((store, run)) = store.and_then(|s| s.current_run().transpose().map(|run| (s, run))) else {
        if let Some(lost) = mirror::lost_run(&args.database, &[]) {
            return Err(lost);
        }
        say("the database holds no run")?;
        return Ok(ExitCode::Done);
    };
    let run = run?;
    let checkpoints = store.checkpoints(&run.run_id)?;
    let committed = checkpoints.last().map(|c| c.key.to_string());
    let known = highest_sequence(&checkpoints, &store.events(&run.run_id)?);
    let lost = CheckpointMirror::new(&args.database, &run.run_id).last().filter(|witnessed| witnessed.sequence > known);
    let lost = lost.map(|witnessed| witnessed.key.to_string());
    say(&match args.format {
        OutputFormat::Json => json!({
            "run_id": run.run_id, "status": status(&run), "scenario_id": run.scenario_id,
            "plan_design_id": run.plan_design_id, "start_year": run.start_year, "end_year": run.end_year,
            "started_at": run.started_at.to_string(), "checkpoints": checkpoints.len(), "last_checkpoint": committed, "lost": lost,
        })
        .to_string(),
        OutputFormat::Table => format!(
            "run        {}\nstatus     {}\nscenario   {} / {}\nyears      {} to {}\nstarted    {}\ncommitted  {}{}",
            run.run_id,
            status(&run),
            run.scenario_id,
            run.plan_design_id,
            run.start_year,
            run.end_year,
            run.started_at,
            committed.unwrap_or_else(|| "nothing".to_owned()),
            lost.map(|lost| format!("\nlost       {lost}, which the mirror names and the database does not")).unwrap_or_default(),
        ),
    })?;
    Ok(ExitCode::Done)
}

/// The point that a run has committed last, as far as its log tells.
fn last_checkpoint(log: &Path) -> Option<String> {
    let events = RunLogReader::open(log).and_then(|mut reader| reader.read()).ok()?;
    events.into_iter().rev().find_map(|event| match event.kind {
        RunEventKind::CheckpointSaved { year, stage } => Some(CheckpointKey { year, stage }.to_string()),
        RunEventKind::RunResumed { after, .. } => after.map(|after| after.to_string()),
        _ => None,
    })
}

/// Nobody holds the lock, so a run that is recorded as running has died.
fn status(run: &RunRecord) -> &'static str {
    match run.status {
        RunStatus::Running | RunStatus::Interrupted => "interrupted",
        RunStatus::Finished => "finished",
        RunStatus::Failed => "failed",
    }
}
