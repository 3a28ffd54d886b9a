//! The mirror: a readable copy of each checkpoint, next to the database.
//!
//! `.planalign_checkpoints/<database>/<run id>/<number>_<year>_<stage>.json` is written and synced after the checkpoint commits.
//! It is for people and scripts, and detects lost commits: the engine silently opens a file whose log was truncated, but then
//! the mirror has a later checkpoint than the file. No state is ever read from it; missing files are rewritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use planalign_config::disk;

use crate::checkpoint::{CheckpointKey, WorkflowCheckpoint};

/// Directory next to the database, shared by all databases there.
const FOLDER: &str = ".planalign_checkpoints";

/// The mirror of a run.
#[derive(Clone, Debug)]
pub struct CheckpointMirror {
    folder: PathBuf,
}

/// A checkpoint as identified by its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredCheckpoint {
    /// Sequence number among the run's checkpoints.
    pub sequence: u64,
    /// Year and stage.
    pub key: CheckpointKey,
}

impl CheckpointMirror {
    /// Creates the mirror of a run of a database.
    #[must_use]
    pub fn new(database: &Path, run_id: &str) -> Self {
        Self { folder: of_database(database).join(run_id) }
    }

    /// Returns the directory of the files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the last mirrored checkpoint; `None` if the mirror is missing or can't be read.
    #[must_use]
    pub fn last(&self) -> Option<MirroredCheckpoint> {
        self.files().into_iter().map(|(mirrored, _)| mirrored).max_by_key(|mirrored| mirrored.sequence)
    }

    /// Writes a checkpoint and syncs it to disk.
    pub fn write(&self, checkpoint: &WorkflowCheckpoint) -> io::Result<()> {
        disk::replace(&self.folder.join(name_of(checkpoint)), &content(checkpoint)?, "write.mirror")
    }

    /// Writes the checkpoints whose files are missing or were changed.
    pub fn complete(&self, checkpoints: &[WorkflowCheckpoint]) -> io::Result<()> {
        for checkpoint in checkpoints {
            if fs::read(self.folder.join(name_of(checkpoint))).ok() != Some(content(checkpoint)?) {
                self.write(checkpoint)?;
            }
        }
        Ok(())
    }

    /// Makes the mirror match these checkpoints, which are all in the database: writes missing files and removes others.
    pub fn align(&self, checkpoints: &[WorkflowCheckpoint]) -> io::Result<()> {
        for (mirrored, path) in self.files() {
            if !checkpoints.iter().any(|c| c.sequence == mirrored.sequence && c.key == mirrored.key) {
                fs::remove_file(path)?;
            }
        }
        self.complete(checkpoints)
    }

    /// The files of the mirror; files with other names are ignored.
    fn files(&self) -> Vec<(MirroredCheckpoint, PathBuf)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some((mirrored(entry.file_name().to_str()?)?, entry.path()))).collect()
    }
}

/// Returns the IDs of a database's runs that have a mirror.
#[must_use]
pub fn mirrored_runs(database: &Path) -> Vec<String> {
    let entries = fs::read_dir(of_database(database)).into_iter().flatten().flatten();
    let mut runs: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    runs.sort();
    runs
}

/// Removes all mirrors of a database except that of one run.
pub fn forget_mirrors_but(database: &Path, kept: &str) -> io::Result<()> {
    for run in mirrored_runs(database).into_iter().filter(|run| run != kept) {
        fs::remove_dir_all(of_database(database).join(run))?;
    }
    Ok(())
}

fn of_database(database: &Path) -> PathBuf {
    let database = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let beside = database.parent().unwrap_or(Path::new("")).join(FOLDER);
    beside.join(database.file_name().unwrap_or_default())
}

fn name_of(WorkflowCheckpoint { sequence, key, .. }: &WorkflowCheckpoint) -> String {
    format!("{sequence:06}_{}_{}.json", key.year, key.stage)
}

fn mirrored(name: &str) -> Option<MirroredCheckpoint> {
    let mut parts = name.strip_suffix(".json")?.splitn(3, '_');
    let (sequence, year, stage) = (parts.next()?, parts.next()?, parts.next()?);
    let key = CheckpointKey { year: year.parse().ok()?, stage: stage.to_owned() };
    Some(MirroredCheckpoint { sequence: sequence.parse().ok()?, key })
}

fn content(checkpoint: &WorkflowCheckpoint) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(checkpoint)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
