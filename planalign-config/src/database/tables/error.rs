//! What can go wrong with the database, sorted by what the user can do about it.

use std::path::PathBuf;

use crate::diagnostic::{Action, Diagnostic, Hint};
use crate::runtime::fault::{Fault, OTHER_FILE};

/// A failure of the database file or of a statement. Messages hold no data from the database.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file exists and is no `DuckDB` database.
    #[error("`{}` is not a DuckDB file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// There is no file, but the log of one, which may hold what was committed last.
    #[error("`{}` is the log of a database file that is missing", log.display())]
    LogAlone {
        /// The log.
        log: PathBuf,
    },
    /// The file was written by an engine newer than this one.
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
        "the linked DuckDB is {found}; {minimum} or newer is needed, older ones can lose committed rows on a full disk"
    )]
    OldEngine {
        /// Version of the linked engine.
        found: String,
        /// Oldest accepted version.
        minimum: &'static str,
    },
    /// Another process holds the file.
    #[error("`{}` is in use by another process{}", path.display(), holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Busy {
        /// The file.
        path: PathBuf,
        /// What the engine says about the process, for example its id.
        holder: Option<String>,
    },
    /// This process has the file open already, and one of the two writes.
    #[error("`{}` is already open in this process", path.display())]
    OpenHere {
        /// The file.
        path: PathBuf,
    },
    /// The operating system does not let this process use the file.
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
        /// Sorted cause.
        fault: Fault,
        /// The engine's message, redacted.
        cause: String,
    },
    /// The engine could not replay the log of the file, which may be whole without it.
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
        /// Sorted cause.
        fault: Fault,
        /// The engine's message, redacted.
        cause: String,
        /// Line of the statement that the engine points at, from 1.
        line: Option<usize>,
    },
    /// A CSV file cannot be read.
    #[error("the CSV file is malformed at line {line}")]
    MalformedCsv {
        /// Line of the file, from 1.
        line: u64,
    },
    /// A caller reads a column that the query doesn't have.
    #[error("the query has no column `{column}`")]
    NoColumn {
        /// The column.
        column: String,
    },
    /// A statement of the open transaction failed before; only rollback is possible.
    #[error("a statement of this transaction failed before; only rollback is possible")]
    Poisoned,
    /// A transaction was started within one, or ended without one.
    #[error("{0}")]
    Transaction(&'static str),
}

impl DatabaseError {
    /// A failure that no statement is to blame for, of whoever stands in for the database.
    #[must_use]
    pub fn new(fault: Fault, cause: impl Into<String>) -> Self {
        Self::Statement { fault, cause: cause.into(), line: None }
    }

    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotADatabase { .. } | Self::NewerFile { .. } | Self::OldEngine { .. } => Fault::WrongVersion,
            Self::LogAlone { .. } | Self::UnreadableLog { .. } => Fault::Corrupt,
            Self::Busy { .. } | Self::OpenHere { .. } => Fault::Busy,
            Self::Permission { .. } => Fault::Permission,
            Self::Open { fault, .. } | Self::Statement { fault, .. } => *fault,
            Self::MalformedCsv { .. } | Self::NoColumn { .. } | Self::Poisoned | Self::Transaction(_) => {
                Fault::Deterministic
            }
        }
    }
}

impl Diagnostic for DatabaseError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::NotADatabase { .. } | Self::NewerFile { .. } => vec![Hint::text(OTHER_FILE)],
            Self::LogAlone { .. } => {
                vec![Hint::text(
                    "put the database file back next to its log, or delete the log if it holds nothing you need",
                )]
            }
            Self::UnreadableLog { path, .. } => {
                let log = path.with_added_extension("wal");
                let aside =
                    format!("move `{}` elsewhere: what it holds is lost, and {{}} recomputes it", log.display());
                vec![Hint::run(aside, [Action::Resume]), Fault::start_over()]
            }
            Self::Open { fault: Fault::Corrupt, .. } => vec![Fault::start_over()],
            other => other.fault().hints(),
        }
    }
}
