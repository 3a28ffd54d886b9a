//! Copies of files that another process is about to write.
//!
//! The other process commits as it likes, so its work can't be part of a transaction of ours. Instead, the closed file is first
//! copied to `<file>.handover`, and a table in the file marks the unit as unfinished. Our commit drops the table; then the copy
//! is removed. A process that opens a file with a copy next to it learns from the mark whether the unit was committed. If not, or
//! if the file doesn't open, the copy takes its place.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use duckdb::Connection;

use crate::{disk, failpoint};

/// Marks the file before it is copied.
pub(super) const MARK: &str =
    "create schema if not exists planalign; create table if not exists planalign.handover (since timestamptz)";

/// Ends the unit together with its other changes.
pub(super) const UNMARK: &str = "drop table if exists planalign.handover";

const IS_MARKED: &str = "select count(*) > 0 from duckdb_tables()
    where database_name = current_database() and schema_name = 'planalign' and table_name = 'handover'";

/// Whether the last unit of the file was not committed.
pub(super) fn is_marked(connection: &Connection) -> duckdb::Result<bool> {
    connection.query_row(IS_MARKED, [], |row| row.get(0))
}

/// The copy of a database file.
pub(super) fn path_of(database: &Path) -> PathBuf {
    database.with_added_extension("handover")
}

/// Copies a closed file and returns its size. The copy gets its name once it is complete. File systems that can share blocks
/// between files copy nothing.
pub(super) fn copy(database: &Path) -> io::Result<u64> {
    let bytes = fs::metadata(database)?.len();
    if disk::free_space_at(database).is_some_and(|free| free < bytes) {
        return Err(io::Error::new(ErrorKind::StorageFull, format!("the copy needs {bytes} bytes")));
    }
    failpoint::pass("write.handover")?;
    let copy = path_of(database);
    let part = copy.with_added_extension("part");
    // Left by a process that died.
    remove_if_exists(&part)?;
    fs::copy(database, &part)?;
    File::open(&part)?.sync_all()?;
    failpoint::pass("write.handover.rename")?;
    fs::rename(&part, &copy)?;
    disk::sync_name_of(&copy)?;
    Ok(bytes)
}

/// Puts the copy, if there is one, in place of the file, which must be closed. A log of the file is set aside, because it isn't
/// the copy's.
pub(super) fn put_back(database: &Path) -> io::Result<()> {
    let copy = path_of(database);
    remove_if_exists(&copy.with_added_extension("part"))?;
    if !copy.exists() {
        return Ok(());
    }
    failpoint::pass("write.put_back")?;
    let log = database.with_added_extension("wal");
    if log.exists() {
        let aside = log.with_added_extension("aside");
        fs::rename(&log, &aside)?;
        // Before the copy: with the copy in place, the engine would replay a log that isn't the copy's.
        disk::sync_name_of(&log)?;
        log::warn!(
            "dbt left a write-ahead log; moved `{}` to `{}` until the stage is rebuilt",
            log.display(),
            aside.display()
        );
    }
    fs::rename(&copy, database)?;
    disk::sync_name_of(database)
}

/// Removes what a committed unit no longer needs.
pub(super) fn remove(database: &Path) {
    let copy = path_of(database);
    let aside = database.with_added_extension("wal").with_added_extension("aside");
    for file in [copy.with_added_extension("part"), copy, aside] {
        if let Err(error) = remove_if_exists(&file) {
            log::warn!("cannot remove `{}`: {error}", file.display());
        }
    }
}

fn remove_if_exists(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
