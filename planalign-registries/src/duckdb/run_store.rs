//! The record of runs, in schema `planalign` of the simulation's file, so that it commits with the data it describes.

mod checkpoints;
mod finding_rows;
mod fingerprints;
mod forget;
mod journal;
mod payload;
mod runs;

use std::cell::RefCell;

use planalign_config::disk::free_space_at;
use planalign_config::{Database, DatabaseError, Fault, failpoint};

use super::catalog::{Catalog, failed};
use super::{format, state};
use crate::run_store::{RunStore, StoreError};

/// Log size in bytes at which the log is folded into the file at the end of a year. Processes that failpoint tests kill while
/// folding have a lower limit.
const COMPACT_FROM: u64 = if cfg!(feature = "failpoints") { 256 << 10 } else { 256 << 20 };

/// The record of runs in a database, using the caller's connection and transaction.
#[derive(Debug)]
pub struct DuckRunStore {
    catalog: Catalog,
    engine: String,
    columns: RefCell<state::Columns>,
}

impl DuckRunStore {
    /// Opens the record, creating its tables in an empty file and upgrading those of an older version. No unit of work may be
    /// open.
    pub fn open(db: Database) -> Result<Self, StoreError> {
        let mut store = Self::new(db)?;
        match format::found(&store.catalog)? {
            None => format::create(&mut store.catalog)?,
            Some(version) => format::migrate(&mut store.catalog, version)?,
        }
        Ok(store)
    }

    /// Opens the record of a file that may be read-only; `None` if it has none. Writes nothing. A record of a newer version is
    /// read as far as this version knows it.
    pub fn open_existing(db: Database) -> Result<Option<Self>, StoreError> {
        let store = Self::new(db)?;
        let Some(version) = format::found(&store.catalog)? else { return Ok(None) };
        if version > format::SUPPORTED {
            log::warn!("the run record has format {version}; this program reads up to {}", format::SUPPORTED);
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
        // Folding rewrites whole row groups, so it waits until the log is long; closing the file folds the rest.
        let Some(log) = self.catalog.db.path().map(|path| path.with_added_extension("wal")) else { return Ok(()) };
        let bytes = std::fs::metadata(&log).map_or(0, |m| m.len());
        if bytes < COMPACT_FROM {
            return Ok(());
        }
        refuse_short_space(bytes, free_space_at(&log))?;
        // This can't fail, but tests kill the process here, before it folds.
        let _ = failpoint::pass("compact");
        self.catalog.db.fold().map_err(failed("compact the database"))?;
        // This can't fail, but tests kill the process here.
        let _ = failpoint::pass("compacted");
        Ok(())
    }
}

/// Folding needs space for the log's content in the file while the log still exists.
fn refuse_short_space(needed: u64, free: Option<u64>) -> Result<(), StoreError> {
    let Some(free) = free.filter(|free| *free < needed) else { return Ok(()) };
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let cause = format!("about {} MB of free space needed, {} MB available", megabytes(needed), megabytes(free));
    Err(failed("compact the database")(DatabaseError::new(Fault::OutOfSpace, cause)))
}

#[cfg(test)]
mod tests;
