//! Database errors, classified by what the user can do about them.

use std::path::PathBuf;
use std::time::Duration;

use crate::counted::counted;
use crate::diagnostic::{Action, Diagnostic, Hint};
use crate::runtime::fault::{Fault, OTHER_FILE};

/// A failure of the database file or of a statement. Messages contain no data from the database.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file isn't a `DuckDB` database.
    #[error("`{}` is not a DuckDB file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is missing but its log exists, which may contain the last commits.
    #[error("`{}` is the log of a database file that is missing", log.display())]
    LogAlone {
        /// The log.
        log: PathBuf,
    },
    /// The file was written by a newer engine.
    #[error("`{}` has storage version {found}; this program reads up to {supported}", path.display())]
    NewerFile {
        /// The file.
        path: PathBuf,
        /// Its storage version.
        found: u64,
        /// The highest version that this engine reads.
        supported: u64,
    },
    /// The linked engine has known defects that can lose rows.
    #[error(
        "linked with DuckDB {found}, but {minimum} or later is required; older versions can lose committed rows on a full disk"
    )]
    OldEngine {
        /// Version of the linked engine.
        found: String,
        /// Oldest accepted version.
        minimum: &'static str,
    },
    /// Another process has the file open.
    #[error("`{}` is in use by another process{}", path.display(), holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Busy {
        /// The file.
        path: PathBuf,
        /// The engine's description of the process, such as its ID.
        holder: Option<String>,
    },
    /// This process already has the file open, and one of the two writes.
    #[error("`{}` is already open in this process", path.display())]
    OpenHere {
        /// The file.
        path: PathBuf,
    },
    /// The operating system denies access to the file.
    #[error("permission denied: `{}`", path.display())]
    Permission {
        /// The file.
        path: PathBuf,
    },
    /// The engine could not open the file for another reason.
    #[error("cannot open `{}`: {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Class of the cause.
        fault: Fault,
        /// The engine's message, redacted.
        cause: String,
    },
    /// The engine couldn't replay the log of the file, which may be intact without it.
    #[error("cannot open `{}`: {cause}", path.display())]
    UnreadableLog {
        /// The file.
        path: PathBuf,
        /// The engine's message, redacted.
        cause: String,
    },
    /// A statement failed.
    #[error("{cause}")]
    Statement {
        /// Class of the cause.
        fault: Fault,
        /// The engine's message, redacted.
        cause: String,
        /// Line of the statement with the error, from 1.
        line: Option<usize>,
    },
    /// A query took longer than allowed and was interrupted.
    #[error("the query took longer than {} and was stopped", counted(limit.as_secs(), "second"))]
    TimedOut {
        /// The time allowed.
        limit: Duration,
    },
    /// A CSV file can't be read.
    #[error("the CSV file is malformed at line {line}")]
    MalformedCsv {
        /// Line of the file, from 1.
        line: u64,
    },
    /// A CSV file without personal data has a line that can't be read.
    #[error("line {line}{}: {problem}", column.as_ref().map(|c| format!(", column `{c}`")).unwrap_or_default())]
    InvalidCsv {
        /// Line of the file, from 1.
        line: u64,
        /// The column, if one value is the problem.
        column: Option<String>,
        /// The engine's message, with the value.
        problem: String,
    },
    /// The query doesn't have a requested column.
    #[error("the query has no column `{column}`")]
    NoColumn {
        /// The column.
        column: String,
    },
    /// A statement of the open transaction failed; only rollback is possible.
    #[error("a statement of this transaction failed; only rollback is possible")]
    Poisoned,
    /// Another process has the file until it is taken back.
    #[error("the database was released to another process")]
    Released,
    /// The process that had the file replaced it by another one.
    #[error("`{}` was replaced by another file while another process had it", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The process that had the file did not finish writing to it.
    #[error("another process left a log of `{}`, so it did not finish writing", path.display())]
    LeftLog {
        /// The file.
        path: PathBuf,
    },
    /// A transaction was started inside another one, or ended without being open.
    #[error("{0}")]
    Transaction(&'static str),
}

impl DatabaseError {
    /// Creates an error that isn't caused by a statement, for substitutes of the database.
    #[must_use]
    pub fn new(fault: Fault, cause: impl Into<String>) -> Self {
        Self::Statement { fault, cause: cause.into(), line: None }
    }

    /// Classifies the error by what can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotADatabase { .. } | Self::NewerFile { .. } | Self::OldEngine { .. } => Fault::WrongVersion,
            Self::LogAlone { .. } | Self::UnreadableLog { .. } | Self::Replaced { .. } => Fault::Corrupt,
            Self::Busy { .. } | Self::OpenHere { .. } => Fault::Busy,
            Self::Permission { .. } => Fault::Permission,
            Self::LeftLog { .. } => Fault::Transient,
            Self::TimedOut { .. } => Fault::Cancelled,
            Self::Open { fault, .. } | Self::Statement { fault, .. } => *fault,
            Self::MalformedCsv { .. }
            | Self::InvalidCsv { .. }
            | Self::NoColumn { .. }
            | Self::Poisoned
            | Self::Released
            | Self::Transaction(_) => Fault::Deterministic,
        }
    }
}

impl Diagnostic for DatabaseError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::NotADatabase { .. } | Self::NewerFile { .. } => vec![Hint::text(OTHER_FILE)],
            Self::LogAlone { .. } => {
                vec![Hint::text("put the database file back next to its log, or delete the log if you don't need it")]
            }
            Self::UnreadableLog { path, .. } => {
                let log = path.with_added_extension("wal");
                let aside = format!(
                    "move `{}` elsewhere, which loses its commits, and recompute them with {{}}",
                    log.display()
                );
                vec![Hint::run(aside, [Action::Resume]), Fault::start_over()]
            }
            Self::Open { fault: Fault::Corrupt, .. } => vec![Fault::start_over()],
            other => other.fault().hints(),
        }
    }
}
