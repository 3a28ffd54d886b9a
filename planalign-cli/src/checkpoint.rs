//! `planalign checkpoint`: the saved points of the run that a database holds.

use std::path::Path;

use planalign_config::clock::{Clock, SystemClock};
use planalign_config::lock::{Holder, RunLock};
use planalign_config::{Database, DatabaseOptions};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{Checkpoint, CheckpointStatus, RelationState, RunStore};
use planalign_reporting::fixed::grouped;

use crate::args::{CheckpointAction, OutputFormat, Point};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::recorded::Recorded;
use crate::say;

pub(crate) fn run(action: &CheckpointAction) -> Result<ExitCode, Failure> {
    say(&match action {
        CheckpointAction::List(from) => {
            let saved = saved(&from.database)?;
            match from.format {
                OutputFormat::Json => json(&saved.iter().collect::<Vec<_>>()),
                OutputFormat::Table => saved.iter().map(line).collect::<Vec<_>>().join("\n"),
            }
        }
        CheckpointAction::Show { point, from } => {
            let saved = saved(&from.database)?;
            let wanted: Vec<&Checkpoint> = saved.iter().filter(|checkpoint| is_at(checkpoint, point)).collect();
            if wanted.is_empty() {
                let saved = saved.iter().map(|checkpoint| checkpoint.key.to_string()).collect();
                return Err(Failure::NoCheckpoint { point: point.to_string(), saved });
            }
            match from.format {
                OutputFormat::Json => json(&wanted),
                OutputFormat::Table => wanted.into_iter().map(details).collect::<Vec<_>>().join("\n\n"),
            }
        }
        CheckpointAction::Prune { database } => prune(database)?,
    })?;
    Ok(ExitCode::Done)
}

fn saved(database: &Path) -> Result<Vec<Checkpoint>, Failure> {
    let Recorded { store, run, .. } = Recorded::open(database)?;
    Ok(store.checkpoints(&run.run_id)?)
}

fn is_at(checkpoint: &Checkpoint, point: &Point) -> bool {
    let key = &checkpoint.key;
    key.year == point.year && point.stage.as_ref().is_none_or(|stage| key.stage.eq_ignore_ascii_case(stage))
}

fn json(checkpoints: &[&Checkpoint]) -> String {
    // Plain data with text keys is always JSON.
    serde_json::to_string_pretty(checkpoints).unwrap_or_default()
}

fn line(checkpoint: &Checkpoint) -> String {
    let key = checkpoint.key.to_string();
    let rows: u64 = checkpoint.state.iter().map(|state| state.rows).sum();
    format!("{key:<26}{:<20}{:>12} rows  {}", status(checkpoint), grouped(rows.into()), checkpoint.saved_at)
}

fn status(checkpoint: &Checkpoint) -> &'static str {
    match checkpoint.status {
        CheckpointStatus::Complete => "complete",
        CheckpointStatus::FailedValidation => "failed validation",
    }
}

fn details(checkpoint: &Checkpoint) -> String {
    let seconds = std::time::Duration::from_millis(checkpoint.elapsed_ms).as_secs_f64();
    let mut lines = vec![
        checkpoint.key.to_string(),
        format!("  status       {}", status(checkpoint)),
        format!("  saved at     {}", checkpoint.saved_at),
        format!("  took         {seconds:.2} s"),
        format!("  run          {}", checkpoint.run_id),
        format!("  fingerprint  {}", checkpoint.fingerprint),
    ];
    let registries = checkpoint.registries.iter().map(|registry| &registry.state);
    lines.extend(checkpoint.state.iter().chain(registries).map(relation));
    lines.join("\n")
}

fn relation(state: &RelationState) -> String {
    format!("  {:<52}{:>12} rows  hash {}", state.relation, grouped(state.rows.into()), state.hash)
}

/// Writes, so it needs the lock that a run would hold.
fn prune(path: &Path) -> Result<String, Failure> {
    if !path.exists() {
        return Err(Failure::NoDatabase(path.to_owned()));
    }
    let _lock = RunLock::acquire(path, &Holder::this_process(SystemClock.now()))?;
    let database = Database::open(path, &DatabaseOptions::default())?;
    let removed = match DuckRunStore::open_existing(database.clone())? {
        Some(_) => DuckRunStore::open(database)?.prune()?,
        None => Vec::new(),
    };
    let ids: Vec<&str> = removed.iter().map(|run| run.run_id.as_str()).collect();
    Ok(if ids.is_empty() {
        "there are no records of earlier runs".to_owned()
    } else {
        format!("removed the records of {}", ids.join(", "))
    })
}
