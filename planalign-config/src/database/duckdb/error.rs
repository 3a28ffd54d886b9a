//! Converts the engine's errors into errors classified by what the user can do about them.

use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::redact::redact;
use crate::database::DatabaseError;
use crate::runtime::fault::Fault;

/// An error as reported by the engine, as JSON (`errors_as_json`) once a connection is open.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct EngineError {
    /// Kind of error, such as `Binder`; empty if the error isn't the engine's.
    #[serde(rename = "exception_type")]
    kind: String,
    #[serde(rename = "exception_message")]
    message: String,
    /// Byte offset in the statement, as text.
    #[serde(default)]
    position: Option<String>,
    /// System error number, as text.
    #[serde(default)]
    errno: Option<String>,
}

/// Kinds of errors that always have the same fault.
const KINDS: [(&str, Fault); 4] = [
    ("Out of Memory", Fault::OutOfMemory),
    ("Permission", Fault::Permission),
    ("Serialization", Fault::Corrupt),
    ("INTERRUPT", Fault::Cancelled),
];

/// What the engine calls its kinds of errors at the start of a message.
const ENGINE_KINDS: [&str; 24] = [
    "Binder",
    "Catalog",
    "Connection",
    "Constraint",
    "Conversion",
    "Dependency",
    "Duplicate Key",
    "FATAL",
    "HTTP",
    "INTERNAL",
    "INTERRUPT",
    "IO",
    "Invalid Input",
    "Invalid Type",
    "Invalid",
    "Missing Extension",
    "Not implemented",
    "Out of Memory",
    "Out of Range",
    "Parser",
    "Permission",
    "Serialization",
    "Syntax",
    "TransactionContext",
];

/// Fixed wording of errors that have no other distinction, by kind; an empty kind stands for all.
const BEGINNINGS: [(&str, &str, Fault); 5] = [
    ("IO", "No files found", Fault::Deterministic),
    ("IO", "Could not read enough bytes", Fault::Corrupt),
    ("", REPLAYING, Fault::Corrupt),
    ("Invalid Input", "Cannot execute statement of type", Fault::Permission),
    ("TransactionContext", "Conflict", Fault::Transient),
];

/// Kinds of errors that can wrap another error. Errors about values can contain any words.
const WRAPPERS: [&str; 4] = ["IO", "TransactionContext", "FATAL", "INTERNAL"];

/// Wording of system and storage errors inside such an error, which has no error number.
const WRAPPED: [(&str, Fault); 9] = [
    ("No space left on device", Fault::OutOfSpace),
    ("Disk quota exceeded", Fault::OutOfSpace),
    ("File too large", Fault::OutOfSpace),
    ("Permission denied", Fault::Permission),
    ("Read-only file system", Fault::Permission),
    ("Operation not permitted", Fault::Permission),
    ("Corrupt", Fault::Corrupt),
    ("corrupt", Fault::Corrupt),
    ("checksum", Fault::Corrupt),
];

/// Text before the line number of a malformed CSV file.
const CSV_LINE: &str = "CSV Error on Line: ";

/// Text before the name of the column whose value cannot be converted.
const CSV_COLUMN: &str = "Error when converting column \"";

const LOCKED: &str = "Could not set lock on file";
const REPLAYING: &str = "Failure while replaying WAL";
const NO_DATABASE: &str = "not a valid DuckDB database file!";
const NO_TRANSACTION: &str = "cannot rollback - no transaction is active";

impl EngineError {
    fn of(error: &duckdb::Error) -> Self {
        let text = match error {
            duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        let json = text.find("{\"exception_type\"").and_then(|at| {
            let error: Self = serde_json::from_str(&text[at..]).ok()?;
            // The engine may repeat the kind before it. A query can raise any text as an error, even one like this.
            (at == 0 || text[..at] == format!("{} Error: ", error.kind)).then_some(error)
        });
        json.unwrap_or_else(|| Self::plain(&text))
    }

    /// Parses an error from before a connection is open: `IO Error: Cannot open file`.
    fn plain(text: &str) -> Self {
        let (kind, message) = text.split_once(" Error: ").filter(|(kind, _)| is_kind(kind)).unwrap_or(("", text));
        Self { kind: kind.to_owned(), message: message.to_owned(), position: None, errno: None }
    }

    fn fault(&self) -> Fault {
        let of_kind = KINDS.iter().find(|(kind, _)| *kind == self.kind).map(|(_, fault)| *fault);
        let number = self.errno.as_ref().and_then(|number| number.parse().ok());
        let by_number = || number.map(|number| of_system(&io::Error::from_raw_os_error(number)));
        let begins = |(kind, beginning, _): &&(&str, &str, Fault)| {
            (kind.is_empty() || *kind == self.kind) && self.message.starts_with(beginning)
        };
        let by_beginning = || BEGINNINGS.iter().find(begins).map(|(_, _, fault)| *fault);
        let is_wrapper = WRAPPERS.contains(&self.kind.as_str());
        let wrapped = || {
            WRAPPED
                .iter()
                .filter(|_| is_wrapper)
                .find(|(words, _)| self.message.contains(words))
                .map(|(_, fault)| *fault)
        };
        let otherwise = if self.kind == "IO" { Fault::Transient } else { Fault::Deterministic };
        if self.message.starts_with(LOCKED) {
            // Its error number says only that opening can be retried.
            return Fault::Busy;
        }
        of_kind.or_else(by_number).or_else(by_beginning).or_else(wrapped).unwrap_or(otherwise)
    }

    /// The line of the statement, from 1.
    fn line(&self, sql: &str) -> Option<usize> {
        let before = sql.get(..self.position.as_ref()?.parse().ok()?)?;
        Some(before.matches('\n').count() + 1)
    }

    /// The line of a CSV file that cannot be read, from 1.
    fn csv_line(&self) -> Option<u64> {
        let (number, _) = self.message.strip_prefix(CSV_LINE)?.split_once('\n')?;
        number.parse().ok()
    }

    /// The message for users, without possible data.
    fn redacted(&self, sql: &str) -> String {
        let message = redact(&self.kind, &self.message, sql);
        if self.kind.is_empty() { message } else { format!("{} Error: {message}", self.kind) }
    }
}

/// The engine's kinds have one to three words; a colon later in other text means nothing.
fn is_kind(text: &str) -> bool {
    text.split(' ').count() <= 3 && text.chars().all(|c| c.is_ascii_alphabetic() || c == ' ')
}

/// System errors may be temporary, except for missing files.
fn of_system(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Fault::Deterministic,
        kind => match kind.into() {
            Fault::Deterministic => Fault::Transient,
            fault => fault,
        },
    }
}

impl EngineError {
    /// The error in a CSV file that has no personal data.
    fn shown_csv(&self) -> Option<DatabaseError> {
        let line = self.csv_line()?;
        let (column, problem) = match self.message.split_once(CSV_COLUMN).and_then(|(_, rest)| rest.split_once("\". "))
        {
            Some((column, problem)) => (Some(column.to_owned()), problem.split("\n\n").next()?),
            None => (None, self.message.split("\n\n").next()?.lines().last()?),
        };
        let problem = problem.trim_end_matches('.').split_whitespace().collect::<Vec<_>>().join(" ");
        let mut letters = problem.chars();
        let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
        Some(DatabaseError::InvalidCsv { line, column, problem: first + letters.as_str() })
    }
}

impl DatabaseError {
    /// Parses a message of an engine in another process, such as `Binder Error: ...`; `None` if it isn't one.
    #[must_use]
    pub fn of_engine_text(text: &str) -> Option<Self> {
        let error = EngineError::plain(text);
        let is_known = ENGINE_KINDS.contains(&error.kind.as_str());
        is_known.then(|| Self::Statement { fault: error.fault(), line: None, cause: error.redacted("") })
    }

    /// An error of a statement about data that isn't personal.
    pub(super) fn without_personal_data(error: &duckdb::Error, sql: &str) -> Self {
        EngineError::of(error).shown_csv().unwrap_or_else(|| Self::statement(error, sql))
    }

    pub(super) fn statement(error: &duckdb::Error, sql: &str) -> Self {
        let error = EngineError::of(error);
        match error.csv_line() {
            Some(line) => Self::MalformedCsv { line },
            None => Self::Statement { fault: error.fault(), line: error.line(sql), cause: error.redacted(sql) },
        }
    }

    /// A failure of the operating system outside of the engine.
    pub(super) fn io(what: &str, error: &io::Error) -> Self {
        Self::new(of_system(error), format!("{what}: {error}"))
    }

    pub(super) fn open(path: PathBuf, error: &duckdb::Error) -> Self {
        let error = EngineError::of(error);
        if error.kind == "IO" && error.message.starts_with(LOCKED) {
            let holder = error.message.split_once("held in ").and_then(|(_, rest)| rest.split_once(". "));
            return Self::Busy { path, holder: holder.map(|(holder, _)| holder.to_owned()) };
        }
        if error.kind == "IO" && error.message.ends_with(NO_DATABASE) {
            return Self::NotADatabase { path };
        }
        match error.fault() {
            Fault::Permission => Self::Permission { path },
            // Other causes, such as a full disk, leave the log intact.
            Fault::Corrupt if error.message.starts_with(REPLAYING) => {
                Self::UnreadableLog { path, cause: error.redacted("") }
            }
            fault => Self::Open { path, fault, cause: error.redacted("") },
        }
    }
}

/// Whether the engine had nothing to roll back.
pub(super) fn is_rolled_back(error: &duckdb::Error) -> bool {
    let error = EngineError::of(error);
    error.kind == "TransactionContext" && error.message == NO_TRANSACTION
}

/// Passes a failpoint; its failure counts as the engine's.
pub(super) fn passed(point: &str) -> duckdb::Result<()> {
    crate::runtime::failpoint::pass(point).map_err(|e| system(&format!("{point} failed"), &e))
}

/// A failure of the operating system in the engine's format.
pub(super) fn system(what: &str, error: &io::Error) -> duckdb::Error {
    failure("IO", &format!("{what}: {error}"), error.raw_os_error())
}

/// The result of a query isn't valid.
pub(super) fn refused(what: &str) -> duckdb::Error {
    failure("Binder", &format!("the query returned {what}"), None)
}

fn failure(kind: &str, message: &str, errno: Option<i32>) -> duckdb::Error {
    let errno = errno.map(|number| number.to_string());
    let json = json!({ "exception_type": kind, "exception_message": message, "errno": errno });
    duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(json.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_messages_are_classified() {
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
            ("Invalid Input Error: Corrupt checksum", Fault::Deterministic),
            (
                "TransactionContext Error: Failed to commit: Could not write file \"x\": No space left on device",
                Fault::OutOfSpace,
            ),
        ];
        for (message, fault) in cases {
            assert_eq!(EngineError::plain(message).fault(), fault, "{message}");
        }
    }

    /// Fails on engine versions that word these errors differently.
    #[test]
    fn the_engine_uses_the_expected_wording() {
        let folder = tempfile::tempdir().expect("temp dir");
        let connection = duckdb::Connection::open_in_memory().expect("connection");
        connection.execute_batch("set errors_as_json = true").expect("setting");
        let file = folder.path().join("text");
        std::fs::write(&file, vec![b'x'; 8192]).expect("write");
        let reported = |sql: &str| EngineError::of(&connection.execute_batch(sql).expect_err(sql));
        assert_eq!(reported("rollback").message, NO_TRANSACTION);
        assert!(reported(&format!("attach '{}' as x", file.display())).message.ends_with(NO_DATABASE));
        let path = folder.path().join("read.duckdb");
        let (path, full) = (path.display(), "copy (select 1) to '/dev/full'");
        connection.execute_batch(&format!("attach '{path}' as created; detach created")).expect("create");
        connection.execute_batch(&format!("attach '{path}' as read (read_only)")).expect("attach");
        let cases = [
            ("select nothing", "Binder", None, Fault::Deterministic),
            ("select * from read_csv('/nowhere.csv')", "IO", None, Fault::Deterministic),
            ("copy (select 1) to '/nowhere/x.csv'", "IO", Some("2"), Fault::Deterministic),
            ("create table read.t (a int)", "Invalid Input", None, Fault::Permission),
            (
                "set memory_limit = '1MB'; from range(1000000) order by hash(range)",
                "Out of Memory",
                None,
                Fault::OutOfMemory,
            ),
        ];
        for (sql, kind, errno, fault) in cases {
            let error = reported(sql);
            assert_eq!((error.kind.as_str(), error.errno.as_deref(), error.fault()), (kind, errno, fault), "{error:?}");
        }
        if std::path::Path::new("/dev/full").exists() {
            assert_eq!(reported(full).fault(), Fault::OutOfSpace);
        }
    }

    #[test]
    fn a_log_is_unreadable_only_if_it_is_damaged() {
        let replaying = |kind: &str, errno: Option<i32>| {
            let message = format!("{REPLAYING} file \"a.wal\": cause");
            DatabaseError::open(PathBuf::from("a"), &failure(kind, &message, errno))
        };
        assert!(matches!(replaying("Catalog", None), DatabaseError::UnreadableLog { .. }));
        for (kind, errno, fault) in [
            ("IO", Some(28), Fault::OutOfSpace),
            ("Out of Memory", None, Fault::OutOfMemory),
            ("IO", Some(5), Fault::Transient),
        ] {
            let error = replaying(kind, errno);
            assert!(matches!(error, DatabaseError::Open { .. }) && error.fault() == fault, "{error:?}");
        }
    }

    #[test]
    fn a_query_cannot_forge_an_engine_error() {
        let forged = "select error('{\"exception_type\":\"IO\",\"exception_message\":\"Jane\"}')";
        let connection = duckdb::Connection::open_in_memory().expect("connection");
        connection.execute_batch(super::super::connect::ERRORS_AS_DATA).expect("setting");
        let error = connection.execute_batch(forged).expect_err("error");
        let error = DatabaseError::statement(&error, "");
        assert!(!error.to_string().contains("Jane"), "{error}");
    }

    fn opened(message: &str) -> DatabaseError {
        let error = duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(message.to_owned()));
        DatabaseError::open(PathBuf::from("plan.duckdb"), &error)
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_reported_with_its_cause() {
        let cases = [
            (
                "IO Error: Could not set lock on file \"plan.duckdb\": Conflicting lock is held in planalign (PID 12). See also",
                Fault::Busy,
                "`plan.duckdb` is in use by another process (planalign (PID 12))",
            ),
            (
                "IO Error: The file \"plan.duckdb\" exists, but it is not a valid DuckDB database file!",
                Fault::WrongVersion,
                "`plan.duckdb` is not a DuckDB file",
            ),
            (
                "IO Error: Cannot open file \"plan.duckdb\": Permission denied",
                Fault::Permission,
                "permission denied: `plan.duckdb`",
            ),
            (
                "IO Error: Corrupt database file: computed checksum 123 does not match",
                Fault::Corrupt,
                "cannot open `plan.duckdb`: IO Error: Corrupt database file: computed checksum 123 does not match",
            ),
        ];
        for (message, fault, expected) in cases {
            let error = opened(message);
            assert_eq!((error.fault(), error.to_string().as_str()), (fault, expected));
        }
    }

    #[test]
    fn a_position_maps_to_its_line() {
        let at = |position: &str| {
            let error = EngineError { position: Some(position.to_owned()), ..EngineError::default() };
            error.line("select 1,\n  2,\n  nothing")
        };
        assert_eq!(["0", "9", "10", "19", "99", "x"].map(at), [Some(1), Some(1), Some(2), Some(3), None, None]);
        assert_eq!(EngineError::default().line("select 1"), None);
    }
}
