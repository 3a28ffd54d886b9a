//! Checks the header of a database file before the engine opens it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::DatabaseError;
use crate::runtime::fault::Fault;

/// Storage versions above this are written by `DuckDB` 2.0 and later.
const NEWEST_STORAGE: u64 = 68;
/// An 8-byte checksum, the magic bytes, the storage version.
const MAGIC: std::ops::Range<usize> = 8..12;
const VERSION: std::ops::Range<usize> = 12..20;

/// Rejects files of newer engines and files that the engine would reject with a technical message.
///
/// Also rejects a log without its database: the engine would delete it, or apply it to another database.
pub(super) fn check(path: &Path) -> Result<(), DatabaseError> {
    // Reading something that isn't a file might block forever.
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        return Err(DatabaseError::NotADatabase { path: path.to_owned() });
    }
    let mut bytes = Vec::with_capacity(VERSION.end);
    let read = File::open(path).and_then(|file| file.take(VERSION.end as u64).read_to_end(&mut bytes));
    match read {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let log = path.with_added_extension("wal");
            return if log.exists() { Err(DatabaseError::LogAlone { log }) } else { Ok(()) };
        }
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            return Err(DatabaseError::Permission { path: path.to_owned() });
        }
        Err(e) => {
            return Err(DatabaseError::Open { path: path.to_owned(), fault: Fault::Transient, cause: e.to_string() });
        }
        Ok(_) => {}
    }
    let (Some(magic), Some(version)) = (bytes.get(MAGIC), bytes.get(VERSION)) else {
        return Err(DatabaseError::NotADatabase { path: path.to_owned() });
    };
    if magic != b"DUCK" {
        return Err(DatabaseError::NotADatabase { path: path.to_owned() });
    }
    let found = u64::from_le_bytes(version.try_into().unwrap_or_default());
    if found > NEWEST_STORAGE {
        return Err(DatabaseError::NewerFile { path: path.to_owned(), found, supported: NEWEST_STORAGE });
    }
    Ok(())
}
