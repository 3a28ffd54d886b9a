//! Mirrors checkpoints on a separate thread during a run: syncing a file takes milliseconds, and a run that has committed
//! needn't wait for its copy.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Receiver;
use planalign_registries::{CheckpointMirror, Checkpoints, MirroredCheckpoint, RunRecord, WorkflowCheckpoint, mirror};

use crate::error::Error;

/// Mirrors checkpoints as they are committed, until the sender is gone. Warns once if the mirror cannot be written, without
/// stopping the run.
pub(crate) fn follow(database: &Path, run_id: &str, saved: Receiver<WorkflowCheckpoint>) {
    let mirror = CheckpointMirror::new(database, run_id);
    let mut mirrored = mirror::forget_mirrors_but(database, run_id);
    for checkpoint in saved {
        mirrored = mirrored.and_then(|()| mirror.write(&checkpoint));
    }
    warn_once(&mirror, mirrored);
}

/// Removes all mirrors of a database.
pub(crate) fn forget(database: &Path) {
    if let Err(cause) = mirror::forget_mirrors_but(database, "") {
        log::warn!("cannot remove the mirrors of earlier runs of `{}`: {cause}", database.display());
    }
}

/// Returns the last checkpoint in the mirror and adds those that only the database has.
pub(crate) fn last_mirrored(
    database: &Path,
    run_id: &str,
    store: &dyn Checkpoints,
) -> Result<Option<MirroredCheckpoint>, Error> {
    let mirror = CheckpointMirror::new(database, run_id);
    let last = mirror.last();
    warn_once(&mirror, mirror.complete(&store.checkpoints(run_id)?));
    Ok(last)
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

/// Makes the mirror match the checkpoints in the database.
pub(crate) fn align(database: &Path, run_id: &str, store: &dyn Checkpoints) -> Result<(), Error> {
    let mirror = CheckpointMirror::new(database, run_id);
    warn_once(&mirror, mirror.align(&store.checkpoints(run_id)?));
    Ok(())
}

/// Warns the first time that the mirror cannot be written.
fn warn_once(mirror: &CheckpointMirror, written: std::io::Result<()>) {
    static HAS_WARNED: AtomicBool = AtomicBool::new(false);
    if let Err(cause) = written
        && !HAS_WARNED.swap(true, Ordering::Relaxed)
    {
        log::warn!("cannot mirror checkpoints to `{}`: {cause}", mirror.folder().display());
    }
}
