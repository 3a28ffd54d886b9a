//! `planalign checkpoint`: the saved points of the run that a database holds.

mod verify;

use std::path::Path;

use planalign_config::clock::{Clock, SystemClock};
use planalign_config::lock::{Holder, RunLock};
use planalign_config::{Database, DatabaseOptions, counted};
use planalign_pipeline::Storage;
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{Checkpoint, CheckpointStatus, RelationState, RunStore};
use planalign_reporting::fixed::grouped;

use crate::again::Again;
use crate::args::{CheckpointAction, OutputFormat, Point};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::recorded::Recorded;
use crate::{mirror, probe, say, simulate};

/// What is said where there is nothing to list.
pub(crate) const NOTHING_COMMITTED: &str = "nothing of the run is committed";

pub(crate) fn run(action: &CheckpointAction, again: &Again) -> Result<ExitCode, Failure> {
    say(&match action {
        CheckpointAction::Verify(from) => return verify::run(from, again),
        CheckpointAction::Restore { point, database } => restore(database, point)?,
        CheckpointAction::List(from) => {
            let saved = saved(&from.database)?;
            match from.format {
                OutputFormat::Json => json(&saved.iter().collect::<Vec<_>>()),
                OutputFormat::Table if saved.is_empty() => NOTHING_COMMITTED.to_owned(),
                OutputFormat::Table => saved.iter().map(line).collect::<Vec<_>>().join("\n"),
            }
        }
        CheckpointAction::Show { point, from } => {
            let saved = saved(&from.database)?;
            let wanted: Vec<&Checkpoint> = saved.iter().filter(|checkpoint| is_at(checkpoint, point)).collect();
            if wanted.is_empty() {
                return Err(none_at(point, &saved));
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

fn none_at(point: &Point, saved: &[Checkpoint]) -> Failure {
    let saved = saved.iter().map(|checkpoint| checkpoint.key.to_string()).collect();
    Failure::NoCheckpoint { point: point.to_string(), saved }
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

/// Returns to the last saved point of a year, or to the one that is named.
fn restore(path: &Path, point: &Point) -> Result<String, Failure> {
    let run = Recorded::open(path)?.run;
    let Writable { database, _lock } = Writable::open(path)?;
    let mut store = DuckRunStore::open(database.clone())?;
    let saved = store.checkpoints(&run.run_id)?;
    let to = saved.iter().rev().find(|checkpoint| is_at(checkpoint, point));
    let to = to.ok_or_else(|| none_at(point, &saved))?.key.clone();
    let mut registries = simulate::registries(&database)?;
    let storage = Storage { unit: &mut database.clone(), registries: &mut registries, store: &mut store };
    let left = planalign_pipeline::restore(&to, storage, &|| SystemClock.now())?;
    mirror::align(path, &run.run_id, &store)?;
    Ok(match saved.len() - left.len() {
        0 => format!("{to} is the last saved point; nothing was removed"),
        removed => format!(
            "returned to {to}; {} removed\nreports of years after {} are as they were, until the run writes them again",
            counted(removed as u64, "later saved point"),
            to.year
        ),
    })
}

/// A database that is opened for writing, so with the lock that a run would hold.
struct Writable {
    database: Database,
    _lock: RunLock,
}

impl Writable {
    fn open(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(Failure::NoDatabase(path.to_owned()));
        }
        let lock = RunLock::acquire(path, &Holder::this_process(SystemClock.now()))?;
        probe::first(path)?;
        Ok(Self { database: Database::open(path, &DatabaseOptions::default())?, _lock: lock })
    }
}

fn prune(path: &Path) -> Result<String, Failure> {
    let Writable { database, _lock } = Writable::open(path)?;
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
