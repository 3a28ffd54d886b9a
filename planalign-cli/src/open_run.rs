//! Read access to the run in a database.

use std::path::Path;

use planalign_config::{Database, DatabaseOptions};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{Checkpoints, Journal, RunEvent, RunRecord, Runs, WorkflowCheckpoint};

use crate::caller::Caller;
use crate::error::Error;
use crate::{mirror_writer, shadows};

/// A database opened for reading, with its run records and the latest run.
#[derive(Debug)]
pub struct OpenRun {
    pub(crate) database: Database,
    pub(crate) store: DuckRunStore,
    pub(crate) run: RunRecord,
}

impl OpenRun {
    /// Opens a database. Fails if it contains no run.
    pub fn open(path: &Path, caller: &Caller<'_>) -> Result<Self, Error> {
        let nothing = Error::NothingToReport { year: None, years: Vec::new() };
        Self::find(path, caller)?.ok_or(nothing)
    }

    /// Opens a database; `None` if it never contained a run.
    pub(crate) fn find(path: &Path, caller: &Caller<'_>) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Err(Error::NoDatabase(path.to_owned()));
        }
        caller.probe(path)?;
        let options = DatabaseOptions { read_only: true, ..DatabaseOptions::default() };
        let database = Database::open(path, &options)?;
        shadows::refuse(&database)?;
        let store = DuckRunStore::open_existing(database.clone())?;
        let run = store.as_ref().map(Runs::current_run).transpose()?.flatten();
        match store.zip(run) {
            Some((store, run)) => Ok(Some(Self { database, store, run })),
            None => mirror_writer::lost_run(path, &[]).map_or(Ok(None), Err),
        }
    }

    /// The latest run.
    #[must_use]
    pub fn run(&self) -> &RunRecord {
        &self.run
    }

    /// Its checkpoints, oldest first.
    pub fn checkpoints(&self) -> Result<Vec<WorkflowCheckpoint>, Error> {
        Ok(self.store.checkpoints(&self.run.run_id)?)
    }

    /// The events of a run in the database; by default of the latest.
    pub fn events(&self, run_id: Option<&str>) -> Result<Vec<RunEvent>, Error> {
        let run_id = run_id.unwrap_or(&self.run.run_id);
        let runs = self.store.runs()?;
        if !runs.iter().any(|run| run.run_id == *run_id) {
            let known = runs.into_iter().map(|run| run.run_id).collect();
            return Err(Error::NoRun { run_id: run_id.to_owned(), known });
        }
        Ok(self.store.events(run_id)?)
    }
}
