//! The status of the run in a database.

use std::path::Path;

use planalign_config::lock::{Holder, RunLock};
use planalign_registries::{CheckpointKey, CheckpointMirror, RunEventKind, RunRecord};

use crate::caller::Caller;
use crate::error::Error;
use crate::open_run::OpenRun;
use crate::run_log::{self, RunLogReader};

/// The status of a database.
#[derive(Clone, Debug)]
pub enum Status {
    /// A process is running a simulation in the database.
    Running(ActiveRun),
    /// The database contains no run.
    NoRun,
    /// The database contains a run, and no process is using it.
    Idle(Box<StoredRun>),
}

/// What is known about a run in progress: its lock names the process, and its log the last checkpoint.
#[derive(Clone, Debug)]
pub struct ActiveRun {
    /// The process.
    pub holder: Holder,
    /// Its last checkpoint.
    pub last_checkpoint: Option<CheckpointKey>,
}

/// A run as recorded in its database. One recorded as running has died.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// The run.
    pub run: RunRecord,
    /// Its checkpoints, oldest first.
    pub checkpoints: Vec<CheckpointKey>,
    /// A later checkpoint that is in the mirror but not in the database.
    pub lost: Option<CheckpointKey>,
}

/// Returns the status of the latest run in a database.
pub fn status(database: &Path, caller: &Caller<'_>) -> Result<Status, Error> {
    if let Some(holder) = RunLock::holder(database) {
        let last_checkpoint = holder.run_id.as_ref().and_then(|run_id| {
            let mirrored = || CheckpointMirror::new(database, run_id).last().map(|mirrored| mirrored.key);
            last_checkpoint(&run_log::path(database, run_id)).or_else(mirrored)
        });
        return Ok(Status::Running(ActiveRun { holder, last_checkpoint }));
    }
    let Some(opened) = OpenRun::find(database, caller)? else { return Ok(Status::NoRun) };
    let checkpoints = opened.checkpoints()?;
    let lost = opened.lost(&checkpoints)?.map(|mirrored| mirrored.key);
    let checkpoints = checkpoints.into_iter().map(|checkpoint| checkpoint.key).collect();
    Ok(Status::Idle(Box::new(StoredRun { run: opened.run, checkpoints, lost })))
}

/// The last checkpoint of a run according to its log.
fn last_checkpoint(log: &Path) -> Option<CheckpointKey> {
    let events = RunLogReader::open(log).and_then(|mut reader| reader.read()).ok()?;
    events.into_iter().rev().find_map(|event| match event.kind {
        RunEventKind::CheckpointSaved { year, stage } => Some(CheckpointKey { year, stage }),
        RunEventKind::RunResumed { after, .. } => after,
        _ => None,
    })
}
