//! Mirrors checkpoints on a separate thread during a run: syncing a file takes milliseconds, and a run that has committed
//! needn't wait for its copy.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Receiver;
use planalign_registries::{CheckpointMirror, Checkpoints, MirroredCheckpoint, RunRecord, WorkflowCheckpoint, mirror};

use crate::error::Error;

/// Writes the mirror of a run, and warns once if that fails.
pub(crate) struct MirrorWriter<'a> {
    database: &'a Path,
    run_id: &'a str,
    mirror: CheckpointMirror,
    has_warned: AtomicBool,
}

impl<'a> MirrorWriter<'a> {
    pub(crate) fn new(database: &'a Path, run_id: &'a str) -> Self {
        let mirror = CheckpointMirror::new(database, run_id);
        Self { database, run_id, mirror, has_warned: AtomicBool::new(false) }
    }

    /// Mirrors checkpoints as they are committed, until the sender is gone, and removes the mirrors of other runs.
    pub(crate) fn follow(&self, committed: Receiver<WorkflowCheckpoint>) {
        let mut mirrored = mirror::forget_mirrors_but(self.database, self.run_id);
        for checkpoint in committed {
            mirrored = mirrored.and_then(|()| self.mirror.write(&checkpoint));
        }
        self.check(mirrored);
    }

    /// Returns the last checkpoint in the mirror and adds those that only the database has.
    pub(crate) fn last_mirrored(&self, store: &dyn Checkpoints) -> Result<Option<MirroredCheckpoint>, Error> {
        let last = self.mirror.last();
        self.check(self.mirror.complete(&store.checkpoints(self.run_id)?));
        Ok(last)
    }

    /// Makes the mirror match the checkpoints in the database.
    pub(crate) fn align(&self, store: &dyn Checkpoints) -> Result<(), Error> {
        self.check(self.mirror.align(&store.checkpoints(self.run_id)?));
        Ok(())
    }

    /// Warns the first time that the mirror cannot be written, without stopping the run.
    fn check(&self, written: std::io::Result<()>) {
        if let Err(cause) = written
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            log::warn!("cannot mirror checkpoints to `{}`: {cause}", self.mirror.folder().display());
        }
    }
}

/// Removes all mirrors of a database.
pub(crate) fn forget(database: &Path) {
    if let Err(cause) = mirror::forget_mirrors_but(database, "") {
        log::warn!("cannot remove the mirrors of earlier runs of `{}`: {cause}", database.display());
    }
}

/// Returns an error if the database has no runs but its mirror does; only warns if the database has other runs.
pub(crate) fn lost_run(database: &Path, known: &[RunRecord]) -> Option<Error> {
    let is_known = |run: &String| known.iter().any(|known| known.run_id == *run);
    let run_id = mirror::mirrored_runs(database).into_iter().rfind(|run| !is_known(run))?;
    if !known.is_empty() {
        log::warn!("run {run_id} is in the mirror, not in the database");
        return None;
    }
    let last = CheckpointMirror::new(database, &run_id).last().map(|mirrored| mirrored.key);
    Some(Error::LostRun { run_id, last })
}
