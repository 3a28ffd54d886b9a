//! What the engine says is wrong, as an error sorted by what the user can do about it.

use std::path::PathBuf;

use super::redact::redact;
use crate::fault::Fault;
use crate::tables::DatabaseError;

impl DatabaseError {
    pub(super) fn statement(error: &duckdb::Error, sql: &str) -> Self {
        let message = message_of(error);
        Self::Statement { fault: fault_of(&message), line: line_of(&message), cause: redact(&message, sql) }
    }

    /// A failure of the operating system beside the engine's own.
    pub(super) fn io(what: &str, error: &std::io::Error) -> Self {
        let cause = format!("IO Error: {what}: {error}");
        Self::Statement { fault: fault_of(&cause), cause, line: None }
    }

    pub(super) fn open(path: PathBuf, error: &duckdb::Error) -> Self {
        let message = message_of(error);
        if message.contains("Could not set lock on file") {
            let holder =
                message.split_once("held in ").and_then(|(_, rest)| rest.split_once(". ")).map(|(h, _)| h.to_owned());
            return Self::Busy { path, holder };
        }
        if message.contains("not a valid DuckDB database file") {
            return Self::NotADatabase { path };
        }
        match fault_of(&message) {
            Fault::Permission => Self::Permission { path },
            fault => Self::Open { path, fault, cause: redact(&message, "") },
        }
    }
}

/// Passes a failpoint; where it fails, the engine is taken to have failed.
pub(super) fn passed(point: &str) -> duckdb::Result<()> {
    crate::failpoint::pass(point).map_err(|e| system(&format!("{point} failed"), &e))
}

/// A failure of the operating system, told as the engine tells its own.
pub(super) fn system(what: &str, error: &std::io::Error) -> duckdb::Error {
    failure(format!("IO Error: {what}: {error}"))
}

/// The answer of a query is not what it must be.
pub(super) fn refused(what: &str) -> duckdb::Error {
    failure(format!("Binder Error: the query answers with {what}"))
}

fn failure(message: String) -> duckdb::Error {
    duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(message))
}

fn message_of(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

fn fault_of(message: &str) -> Fault {
    let has = |needles: &[&str]| needles.iter().any(|n| message.contains(n));
    if message.starts_with("Out of Memory") {
        Fault::OutOfMemory
    } else if has(&["No space left on device", "Disk quota exceeded", "File too large"]) {
        Fault::OutOfSpace
    } else if has(&[
        "Permission denied",
        "Read-only file system",
        "Operation not permitted",
        "opened in read-only mode",
    ]) {
        Fault::Permission
    } else if has(&["Could not set lock"]) {
        Fault::Busy
    } else if has(&[
        "Corrupt",
        "corrupt",
        "Serialization Error",
        "checksum",
        "Checksum",
        "Could not read enough bytes",
        "Failure while replaying WAL",
    ]) {
        Fault::Corrupt
    } else if message.starts_with("IO Error") && !has(&["No files found", "Cannot open file", "No such file"])
        || message.starts_with("TransactionContext Error: Conflict")
        || message.starts_with("Interrupt")
    {
        Fault::Transient
    } else {
        Fault::Deterministic
    }
}

/// The engine ends a message with `LINE 3: ...` where it knows the place.
fn line_of(message: &str) -> Option<usize> {
    let rest = message.split("\n\nLINE ").nth(1)?;
    rest.split(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sorted_by_what_can_be_done() {
        let cases = [
            ("Out of Memory Error: could not allocate block", Fault::OutOfMemory),
            ("IO Error: Could not write file: No space left on device", Fault::OutOfSpace),
            ("IO Error: Cannot open file \"x\": Permission denied", Fault::Permission),
            ("IO Error: Could not read from file", Fault::Transient),
            ("IO Error: No files found that match the pattern \"x.csv\"", Fault::Deterministic),
            ("Serialization Error: Failed to deserialize", Fault::Corrupt),
            ("IO Error: Could not read enough bytes from file \"x\": attempted to read 262144 bytes", Fault::Corrupt),
            ("Catalog Error: Failure while replaying WAL file \"x.wal\": Table does not exist", Fault::Corrupt),
            ("Binder Error: Referenced column \"pay\" not found", Fault::Deterministic),
        ];
        for (message, fault) in cases {
            assert_eq!(fault_of(message), fault, "{message}");
        }
    }

    fn opened(message: &str) -> DatabaseError {
        let error = duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(message.to_owned()));
        DatabaseError::open(PathBuf::from("plan.duckdb"), &error)
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_told_by_its_cause() {
        let cases = [
            (
                "IO Error: Could not set lock on file \"plan.duckdb\": Conflicting lock is held in planalign (PID 12). See also",
                Fault::Busy,
                "plan.duckdb is in use by another process (planalign (PID 12))",
            ),
            (
                "IO Error: The file \"plan.duckdb\" exists, but it is not a valid DuckDB database file!",
                Fault::WrongVersion,
                "plan.duckdb is not a DuckDB database",
            ),
            (
                "IO Error: Cannot open file \"plan.duckdb\": Permission denied",
                Fault::Permission,
                "no permission to use plan.duckdb",
            ),
            (
                "IO Error: Corrupt database file: computed checksum 123 does not match",
                Fault::Corrupt,
                "cannot open plan.duckdb: IO Error: Corrupt database file: computed checksum 123 does not match",
            ),
        ];
        for (message, fault, expected) in cases {
            let error = opened(message);
            assert_eq!((error.fault(), error.to_string().as_str()), (fault, expected));
        }
    }

    #[test]
    fn the_line_is_read_from_the_engine_s_excerpt() {
        assert_eq!(line_of("Parser Error: syntax error\n\nLINE 12: selec 1\n        ^"), Some(12));
        assert_eq!(line_of("Parser Error: syntax error"), None);
    }
}
