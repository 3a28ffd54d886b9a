//! Confines an engine to the files of a run, for SQL that isn't trusted.

use std::path::PathBuf;

use super::{Database, connect};
use crate::database::DatabaseError;

/// Settings that change after a database is confined: when memory runs out, and on each new connection.
const CHANGED_IN_A_RUN: &str = "['errors_as_json', 'memory_limit', 'preserve_insertion_order', 'threads']";

impl Database {
    /// Confines statements on all connections to the attached databases, the spill directory, and these files and directories, for
    /// good: only settings with which a run reacts to its own needs can still change. The engine would also write to the files.
    pub fn confine(&self, files: &[PathBuf], directories: &[PathBuf]) -> Result<(), DatabaseError> {
        let list = |paths: &[PathBuf]| {
            let literals = paths.iter().map(|path| connect::path_literal(path)).collect::<duckdb::Result<Vec<_>>>();
            literals.map(|literals| format!("[{}]", literals.join(", ")))
        };
        self.lock().guarded("write.statement", "", |connection| {
            let (files, directories) = (list(files)?, list(directories)?);
            connection.execute_batch(&format!(
                "set allowed_paths = {files}; set allowed_directories = {directories};
                 set allowed_configs = {CHANGED_IN_A_RUN}; set enable_external_access = false; set lock_configuration = true"
            ))
        })
    }
}
