//! How the run of a database stands.

use std::path::Path;

use planalign_config::lock::{Holder, RunLock};
use planalign_registries::{CheckpointKey, CheckpointMirror, RunEventKind, RunRecord};

use crate::caller::Caller;
use crate::error::Error;
use crate::open_run::OpenRun;
use crate::run_log::{self, RunLogReader};

/// How it stands.
#[derive(Clone, Debug)]
pub enum Status {
    /// A process holds the database.
    Running(RunningElsewhere),
    /// The database holds no run.
    NoRun,
    /// The database holds a run, and nobody its lock.
    Held(Box<RunInFile>),
}

/// What can be told of a run while it holds the database: its lock names the process, its log how far it is.
#[derive(Clone, Debug)]
pub struct RunningElsewhere {
    /// The process.
    pub holder: Holder,
    /// The checkpoint that it saved last.
    pub last_checkpoint: Option<CheckpointKey>,
}

/// A run as its database tells it. One that is recorded as running has died.
#[derive(Clone, Debug)]
pub struct RunInFile {
    /// The run.
    pub run: RunRecord,
    /// Checkpoints, in the order in which they were saved.
    pub checkpoints: Vec<CheckpointKey>,
    /// A later checkpoint, which the mirror names and the database does not.
    pub lost: Option<CheckpointKey>,
}

/// Tells how the latest run of a database stands.
pub fn status(database: &Path, caller: &Caller<'_>) -> Result<Status, Error> {
    if let Some(holder) = RunLock::holder(database) {
        let last_checkpoint = holder.run_id.as_ref().and_then(|run_id| {
            let mirrored = || CheckpointMirror::new(database, run_id).last().map(|mirrored| mirrored.key);
            last_checkpoint(&run_log::path(database, run_id)).or_else(mirrored)
        });
        return Ok(Status::Running(RunningElsewhere { holder, last_checkpoint }));
    }
    let Some(opened) = OpenRun::find(database, caller)? else { return Ok(Status::NoRun) };
    let checkpoints = opened.checkpoints()?;
    let lost = opened.lost(&checkpoints)?.map(|mirrored| mirrored.key);
    let checkpoints = checkpoints.into_iter().map(|checkpoint| checkpoint.key).collect();
    Ok(Status::Held(Box::new(RunInFile { run: opened.run, checkpoints, lost })))
}

/// The point that a run has committed last, as far as its log tells.
fn last_checkpoint(log: &Path) -> Option<CheckpointKey> {
    let events = RunLogReader::open(log).and_then(|mut reader| reader.read()).ok()?;
    events.into_iter().rev().find_map(|event| match event.kind {
        RunEventKind::CheckpointSaved { year, stage } => Some(CheckpointKey { year, stage }),
        RunEventKind::RunResumed { after, .. } => after,
        _ => None,
    })
}
