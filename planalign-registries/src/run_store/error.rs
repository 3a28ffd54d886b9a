//! Why the record of runs could not be read or written.

use std::io;
use std::sync::Arc;

use planalign_config::fault::OTHER_FILE;
use planalign_config::{DatabaseError, Diagnostic, Fault, Hint, counted};

use crate::checkpoint::CheckpointKey;

/// The store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database refused a statement.
    #[error("cannot {action}")]
    Database {
        /// What was about to be done.
        action: String,
        /// Cause, without data.
        #[source]
        cause: DatabaseError,
    },
    /// The file holds tables and no record of runs: it belongs to something else.
    #[error("the database holds {} that PlanAlign did not create", counted(*tables, "table"))]
    Foreign {
        /// How many tables and views.
        tables: i64,
    },
    /// The record was written by a newer program.
    #[error("the run record has format {found}; this program reads up to {supported}")]
    NewerFormat {
        /// Format of the file.
        found: i64,
        /// Newest format that this program reads.
        supported: i64,
    },
    /// A record cannot be read.
    #[error("the record of {what} is damaged")]
    Damaged {
        /// What it should be.
        what: String,
        /// Cause.
        #[source]
        cause: RecordDamage,
    },
    /// A relation is not what a checkpoint vouches for.
    #[error("table {relation} does not match checkpoint {checkpoint}: {what}")]
    Mismatch {
        /// The checkpoint.
        checkpoint: CheckpointKey,
        /// The table.
        relation: String,
        /// What differs, for example `rows 10 instead of 12`.
        what: String,
    },
}

/// What is wrong with a record.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordDamage {
    /// It was removed.
    #[error("it is not there")]
    Missing,
    /// A table of the record was removed.
    #[error("its table planalign.{table} is missing")]
    MissingTable {
        /// The table.
        table: String,
    },
    /// A table of the record was altered.
    #[error("its table planalign.{table} has other columns")]
    OtherColumns {
        /// The table.
        table: String,
    },
    /// A value is missing, or of another type.
    #[error("its {column} is missing")]
    MissingValue {
        /// The column.
        column: &'static str,
    },
    /// A text should be a number.
    #[error("its {column} is no number")]
    NoNumber {
        /// The column.
        column: &'static str,
        /// Why.
        #[source]
        cause: std::num::ParseIntError,
    },
    /// A text should be a point in time.
    #[error("its {column} is no time")]
    NoTime {
        /// The column.
        column: &'static str,
        /// Why.
        #[source]
        cause: jiff::Error,
    },
    /// A word that this program does not know.
    #[error("its {column} is unknown")]
    UnknownWord {
        /// The column.
        column: &'static str,
    },
    /// A content is not JSON, or not that of such a record. The parser's message may quote it; its place is enough.
    #[error("not understood at character {character}")]
    NotUnderstood {
        /// Place in the content, from 1.
        character: usize,
    },
    /// A content cannot be written as JSON.
    #[error("it cannot be written")]
    Unwritable(#[source] Arc<serde_json::Error>),
    /// A content cannot be compressed, or decompressed to text.
    #[error("its content cannot be read")]
    Compression(#[source] Arc<io::Error>),
    /// A content is not the one that was recorded.
    #[error("its hash is another")]
    OtherHash,
    /// What a run depends on is not what its checkpoints were made with.
    #[error("it is not what the last checkpoint was made with")]
    OtherInputs,
    /// A part of it cannot be read.
    #[error(transparent)]
    Part(Box<StoreError>),
}

impl StoreError {
    /// A record that is damaged.
    pub(crate) fn damaged(what: &str, cause: RecordDamage) -> Self {
        Self::Damaged { what: what.to_owned(), cause }
    }

    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database { cause, .. } => cause.fault(),
            Self::NewerFormat { .. } | Self::Foreign { .. } => Fault::WrongVersion,
            Self::Damaged { .. } | Self::Mismatch { .. } => Fault::Corrupt,
        }
    }
}

impl Diagnostic for StoreError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Database { cause, .. } => cause.hints(),
            Self::Foreign { .. } => vec![Hint::text(OTHER_FILE)],
            other => other.fault().hints(),
        }
    }
}

#[cfg(test)]
mod tests {
    use planalign_config::full_message;

    use super::*;

    #[test]
    fn errors_know_what_can_be_done() {
        let newer = StoreError::NewerFormat { found: 2, supported: 1 };
        let damaged = StoreError::damaged("an event", RecordDamage::Missing);
        let cause = DatabaseError::new(Fault::OutOfSpace, "disk full");
        let database = StoreError::Database { action: "save".to_owned(), cause };
        assert_eq!(newer.fault(), Fault::WrongVersion);
        assert_eq!(StoreError::Foreign { tables: 1 }.fault(), Fault::WrongVersion);
        assert_eq!(
            (damaged.fault(), full_message(&damaged).as_str()),
            (Fault::Corrupt, "the record of an event is damaged: it is not there")
        );
        assert_eq!((database.fault(), full_message(&database).as_str()), (Fault::OutOfSpace, "cannot save: disk full"));
    }
}
