//! The record of runs in schema `planalign` of the simulation's own file, so that it commits with what it describes.

mod finding_rows;
mod fingerprints;
mod forget;
mod journal;
mod runs;

use std::cell::RefCell;

use planalign_config::disk::free_space_beside;
use planalign_config::{Database, DatabaseError, Fault, failpoint};

use super::catalog::{Catalog, failed};
use super::{format, state};
use crate::checkpoint::{CheckpointKey, RelationState, WorkflowCheckpoint};
use crate::run_event::RunEvent;
use crate::run_store::{FindingRows, Fingerprints, RunRecord, RunStatus, RunStore, StoreError};

/// Bytes of the engine's log from which on it is folded into the file at the end of a year. Processes that are to die while it is
/// folded have less to do before.
const COMPACT_FROM: u64 = if cfg!(feature = "failpoints") { 256 << 10 } else { 256 << 20 };

/// The record of runs in a database, on the caller's connection and in its transaction.
#[derive(Debug)]
pub struct DuckRunStore {
    catalog: Catalog,
    engine: String,
    columns: RefCell<state::Columns>,
}

impl DuckRunStore {
    /// Opens the record, creates its tables in a file that has none, and brings those of an older program up to date. No unit of work may be open.
    pub fn open(db: Database) -> Result<Self, StoreError> {
        let mut store = Self::new(db)?;
        match format::found(&store.catalog)? {
            None => format::create(&mut store.catalog)?,
            Some(version) => format::migrate(&mut store.catalog, version)?,
        }
        Ok(store)
    }

    /// Opens the record of a file that may be read-only; `None` if it holds none. Writes nothing. One of a newer program is read
    /// as far as this one knows it.
    pub fn open_existing(db: Database) -> Result<Option<Self>, StoreError> {
        let store = Self::new(db)?;
        let Some(version) = format::found(&store.catalog)? else { return Ok(None) };
        if version > format::SUPPORTED {
            log::warn!("the run record has format {version}; this program knows those up to {}", format::SUPPORTED);
        }
        Ok(Some(store))
    }

    fn new(db: Database) -> Result<Self, StoreError> {
        let open = || failed("open the run record");
        let engine = db.engine_version().map_err(open())?;
        Ok(Self { catalog: Catalog::new(db).map_err(open())?, engine, columns: RefCell::default() })
    }
}

impl RunStore for DuckRunStore {
    fn current_run(&self) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.runs()?.pop())
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        runs::read(&self.catalog)
    }

    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        self.columns.borrow_mut().clear();
        self.catalog.atomically(|catalog| {
            runs::write(catalog, run)?;
            fingerprints::write(catalog, &run.run_id, fingerprints)
        })
    }

    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError> {
        runs::update(&self.catalog, run_id, status, end_year)
    }

    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        fingerprints::remove(&self.catalog, run_id)?;
        fingerprints::write(&self.catalog, run_id, fingerprints)
    }

    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        fingerprints::read(&self.catalog, run_id, false)
    }

    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        fingerprints::read(&self.catalog, run_id, true)
    }

    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        journal::write_events(&self.catalog, events)
    }

    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let action = || failed("write to the journal");
        let second = self.catalog.db.second_connection().map_err(action())?;
        journal::write_events(&Catalog::new(second).map_err(action())?, events)
    }

    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError> {
        journal::read_events(&self.catalog, run_id)
    }

    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError> {
        state::read(&self.catalog, &mut self.columns.borrow_mut(), &self.engine, relations, year)
    }

    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        journal::write_checkpoint(&self.catalog, checkpoint)
    }

    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        journal::remove_checkpoint(&self.catalog, checkpoint)?;
        journal::write_checkpoint(&self.catalog, checkpoint)
    }

    fn save_finding_rows(
        &mut self,
        run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError> {
        finding_rows::write(&self.catalog, run_id, key, findings)
    }

    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError> {
        journal::read_checkpoints(&self.catalog, run_id)
    }

    fn last_checkpoint(&self, run_id: &str) -> Result<Option<u64>, StoreError> {
        journal::last_checkpoint(&self.catalog, run_id)
    }

    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError> {
        self.columns.borrow_mut().clear();
        match point {
            Some(point) => forget::later(&self.catalog, point, &self.checkpoints(&point.run_id)?),
            None => forget::everything(&self.catalog),
        }
    }

    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError> {
        self.catalog.atomically(|catalog| {
            let mut replaced = runs::read(catalog)?;
            replaced.pop();
            forget::records(catalog, &replaced)?;
            Ok(replaced)
        })
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        // Folding rewrites whole row groups, so it waits until the log is long; closing the file folds what is left.
        let Some(log) = self.catalog.db.path().map(|path| path.with_added_extension("wal")) else { return Ok(()) };
        let bytes = std::fs::metadata(&log).map_or(0, |m| m.len());
        if bytes < COMPACT_FROM {
            return Ok(());
        }
        refuse_short_space(bytes, free_space_beside(&log))?;
        // Nothing can fail here yet; a process can die while it folds.
        let _ = failpoint::pass("compact");
        self.catalog.db.fold().map_err(failed("compact the database"))?;
        // Nothing can fail here any more; a process can die.
        let _ = failpoint::pass("compacted");
        Ok(())
    }
}

/// What is in the log goes into the file while both are there.
fn refuse_short_space(needed: u64, free: Option<u64>) -> Result<(), StoreError> {
    let Some(free) = free.filter(|free| *free < needed) else { return Ok(()) };
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let cause = format!("it takes about {} MB of free space, and there are {} MB", megabytes(needed), megabytes(free));
    Err(failed("compact the database")(DatabaseError::new(Fault::OutOfSpace, cause)))
}

#[cfg(test)]
mod tests;
