//! Checkpoints of the run in a database: verifies them, restores one, and removes the records of earlier runs.

use std::path::Path;

use jiff::Timestamp;
use planalign_config::{Database, DatabaseOptions};
use planalign_pipeline::{Storage, VerifiedCheckpoint};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{
    CheckpointKey, CheckpointMirror, Checkpoints, FingerprintKind, Journal, MirroredCheckpoint, RecordDamage,
    RunRecord, Runs, WorkflowCheckpoint, highest_sequence,
};

use crate::caller::Caller;
use crate::checkpoint_selector::CheckpointSelector;
use crate::error::Error;
use crate::mirror_writer::MirrorWriter;
use crate::modules;
use crate::open_run::OpenRun;
use crate::session::Session;
use crate::shadows;

impl CheckpointSelector {
    /// Returns the selected checkpoints. Fails if there are none.
    pub fn select<'c>(&self, checkpoints: &'c [WorkflowCheckpoint]) -> Result<Vec<&'c WorkflowCheckpoint>, Error> {
        let found: Vec<&WorkflowCheckpoint> =
            checkpoints.iter().filter(|checkpoint| self.matches(&checkpoint.key)).collect();
        if found.is_empty() {
            let saved = checkpoints.iter().map(|checkpoint| checkpoint.key.clone()).collect();
            return Err(Error::NoCheckpoint { point: self.clone(), saved });
        }
        Ok(found)
    }
}

/// The result of verifying a run.
#[derive(Debug)]
pub struct Verification {
    /// Each checkpoint, with its damage if any.
    pub checkpoints: Vec<VerifiedCheckpoint>,
    /// The last checkpoint that is in the mirror but not in the database.
    pub lost: Option<MirroredCheckpoint>,
    /// Damage to the record of the run's inputs.
    pub inputs: Option<RecordDamage>,
}

impl Verification {
    /// Whether nothing is damaged or lost.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.lost.is_none() && self.inputs.is_none() && self.checkpoints.iter().all(|found| found.damage.is_none())
    }

    /// The last checkpoint up to which all are intact.
    #[must_use]
    pub fn last_valid(&self) -> Option<&CheckpointKey> {
        let valid = self.checkpoints.iter().take_while(|found| found.damage.is_none());
        valid.last().map(|found| &found.checkpoint)
    }
}

impl OpenRun {
    /// Compares every table and registry with the checkpoints, and the checkpoints with their mirror. Writes nothing.
    pub fn verify(&self) -> Result<Verification, Error> {
        let Self { database, store, run } = self;
        // An unreadable record is reported below.
        let recorded = store.kept_inputs(&run.run_id).unwrap_or_default();
        shadows::refuse_macros_of(recorded.0.get(&FingerprintKind::ProjectFile), database)?;
        let checkpoints = store.checkpoints(&run.run_id)?;
        Ok(Verification {
            checkpoints: planalign_pipeline::verify(&checkpoints, &modules::registries(database)?, store)?,
            lost: self.lost(&checkpoints)?,
            inputs: planalign_pipeline::verify_inputs(&run.run_id, &checkpoints, store)?,
        })
    }

    /// The last checkpoint in the mirror, if the database has lost it.
    pub(crate) fn lost(&self, checkpoints: &[WorkflowCheckpoint]) -> Result<Option<MirroredCheckpoint>, Error> {
        let Some(path) = self.database.path() else { return Ok(None) };
        let known = highest_sequence(checkpoints, &self.store.events(&self.run.run_id)?);
        let mirror = CheckpointMirror::new(&path, &self.run.run_id);
        Ok(mirror.last().filter(|mirrored| mirrored.sequence > known))
    }
}

/// The result of restoring a run to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredRun {
    /// The checkpoint.
    pub to: CheckpointKey,
    /// Number of later checkpoints removed.
    pub removed: usize,
}

/// Restores the latest run to the last checkpoint of a year, or to the named one.
pub fn restore(database: &Path, point: &CheckpointSelector, caller: &Caller<'_>) -> Result<RestoredRun, Error> {
    let run = OpenRun::open(database, caller)?.run;
    let (_session, opened) = writable(database, caller)?;
    let mut store = DuckRunStore::open(opened.clone())?;
    let saved = store.checkpoints(&run.run_id)?;
    let to = point.select(&saved)?.last().map(|checkpoint| checkpoint.key.clone());
    let to = to.ok_or(planalign_pipeline::PipelineError::NothingToResume)?;
    let mut registries = modules::registries(&opened)?;
    let storage = Storage { unit: &mut opened.clone(), registries: &mut registries, store: &mut store };
    let left = planalign_pipeline::restore(&to, storage, &|| Timestamp::now())?;
    MirrorWriter::new(database, &run.run_id).align(&store)?;
    Ok(RestoredRun { to, removed: saved.len() - left.len() })
}

/// Removes the records of all runs except the latest and returns the removed runs.
pub fn prune(database: &Path, caller: &Caller<'_>) -> Result<Vec<RunRecord>, Error> {
    let (_session, opened) = writable(database, caller)?;
    match DuckRunStore::open_existing(opened.clone())? {
        Some(_) => Ok(DuckRunStore::open(opened)?.prune()?),
        None => Ok(Vec::new()),
    }
}

/// Opens a database for writing, with the lock that a run takes.
fn writable<'a>(path: &Path, caller: &Caller<'a>) -> Result<(Session<'a>, Database), Error> {
    if !path.exists() {
        return Err(Error::NoDatabase(path.to_owned()));
    }
    let session = Session::open(path, *caller)?;
    let database = Database::open(path, &DatabaseOptions::default())?;
    Ok((session, database))
}
