//! Writes the mirror of the checkpoints while a run goes on, on a thread of its own: a disk takes milliseconds to make sure of a
//! file, and a run that has committed need not wait for its copy.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Receiver;
use planalign_registries::{CheckpointMirror, Checkpoints, MirroredCheckpoint, RunRecord, WorkflowCheckpoint, mirror};

use crate::error::Error;

/// Mirrors checkpoints as they are committed, until the sender is gone. A mirror that cannot be written is told once, and is no
/// reason to stop the run.
pub(crate) fn follow(database: &Path, run_id: &str, saved: Receiver<WorkflowCheckpoint>) {
    let mirror = CheckpointMirror::new(database, run_id);
    let mut mirrored = mirror::forget_mirrors_but(database, run_id);
    for checkpoint in saved {
        mirrored = mirrored.and_then(|()| mirror.write(&checkpoint));
    }
    tell(&mirror, mirrored);
}

/// Removes all mirrors of a database.
pub(crate) fn forget(database: &Path) {
    if let Err(cause) = mirror::forget_mirrors_but(database, "") {
        log::warn!("the mirrors of earlier runs of {} cannot be removed: {cause}", database.display());
    }
}

/// The checkpoint that the mirror names last. What it lacks of those in the file is written again.
pub(crate) fn last_mirrored(
    database: &Path,
    run_id: &str,
    store: &dyn Checkpoints,
) -> Result<Option<MirroredCheckpoint>, Error> {
    let mirror = CheckpointMirror::new(database, run_id);
    let last = mirror.last();
    tell(&mirror, mirror.complete(&store.checkpoints(run_id)?));
    Ok(last)
}

/// What is wrong with a file that holds none of the runs that its mirror names; `None` if it names none, or the file holds another.
pub(crate) fn lost_run(database: &Path, known: &[RunRecord]) -> Option<Error> {
    let is_known = |run: &String| known.iter().any(|known| known.run_id == *run);
    let run_id = mirror::mirrored_runs(database).into_iter().rfind(|run| !is_known(run))?;
    if !known.is_empty() {
        log::warn!("the database holds nothing of run {run_id}, which its mirror names");
        return None;
    }
    let last = CheckpointMirror::new(database, &run_id).last().map(|mirrored| mirrored.key);
    Some(Error::LostRun { run_id, last })
}

/// Makes the mirror of a run that of what the file holds.
pub(crate) fn align(database: &Path, run_id: &str, store: &dyn Checkpoints) -> Result<(), Error> {
    let mirror = CheckpointMirror::new(database, run_id);
    tell(&mirror, mirror.align(&store.checkpoints(run_id)?));
    Ok(())
}

/// That it cannot be written is told once.
fn tell(mirror: &CheckpointMirror, written: std::io::Result<()>) {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    if let Err(cause) = written
        && !IS_TOLD.swap(true, Ordering::Relaxed)
    {
        log::warn!("the checkpoints are not mirrored in {}: {cause}", mirror.folder().display());
    }
}
