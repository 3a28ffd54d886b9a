//! The record of runs in schema `planalign` of the simulation's own file, so that it commits with what it describes.

mod checkpoints;
mod finding_rows;
mod fingerprints;
mod forget;
mod journal;
mod payload;
mod runs;

use std::cell::RefCell;

use planalign_config::disk::free_space_beside;
use planalign_config::{Database, DatabaseError, Fault, failpoint};

use super::catalog::{Catalog, failed};
use super::{format, state};
use crate::run_store::{RunStore, StoreError};

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
