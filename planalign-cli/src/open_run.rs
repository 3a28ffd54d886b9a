//! The run that a database holds, for commands that read its results.

use std::path::Path;

use planalign_config::{Database, DatabaseOptions};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{RunRecord, RunStore};

use crate::failure::Failure;
use crate::{mirror, probe};

/// A database opened for reading, with its record and its latest run.
pub(crate) struct Recorded {
    pub(crate) database: Database,
    pub(crate) store: DuckRunStore,
    pub(crate) run: RunRecord,
}

impl Recorded {
    /// Opens a database that must hold a run.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(Failure::NoDatabase(path.to_owned()));
        }
        probe::first(path)?;
        let options = DatabaseOptions { read_only: true, ..DatabaseOptions::default() };
        let database = Database::open(path, &options)?;
        let nothing = Failure::NothingToReport { year: None, years: Vec::new() };
        let no_run = || mirror::lost_run(path, &[]).unwrap_or(nothing);
        let store = DuckRunStore::open_existing(database.clone())?;
        let run = store.as_ref().map(RunStore::current_run).transpose()?.flatten();
        let (store, run) = store.zip(run).ok_or_else(no_run)?;
        Ok(Self { database, store, run })
    }
}
