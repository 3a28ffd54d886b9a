//! Errors of the run store.

use std::io;
use std::sync::Arc;

use planalign_config::fault::OTHER_FILE;
use planalign_config::{DatabaseError, Diagnostic, Fault, Hint, counted};

use crate::checkpoint::CheckpointKey;

/// An operation of the run store failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A database statement failed.
    #[error("cannot {action}")]
    Database {
        /// The operation that failed.
        action: String,
        /// Cause, without data.
        #[source]
        cause: DatabaseError,
    },
    /// The database has tables but no run record, so it belongs to something else.
    #[error("the database holds {} that PlanAlign did not create", counted(*tables, "table"))]
    Foreign {
        /// Number of tables and views.
        tables: i64,
    },
    /// The record was written by a newer version.
    #[error("the run record has format {found}; this program reads up to {supported}")]
    NewerFormat {
        /// Format of the file.
        found: i64,
        /// Newest format that this version reads.
        supported: i64,
    },
    /// A record can't be read.
    #[error("the record of {what} is damaged")]
    Damaged {
        /// The kind of record.
        what: String,
        /// Cause.
        #[source]
        cause: RecordDamage,
    },
    /// A relation doesn't match a checkpoint.
    #[error("table {relation} does not match checkpoint {checkpoint}: {what}")]
    Mismatch {
        /// The checkpoint.
        checkpoint: CheckpointKey,
        /// The table.
        relation: String,
        /// What differs, such as `10 rows instead of 12`.
        what: String,
    },
}

/// Damage to a record.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordDamage {
    /// It is missing.
    #[error("it is missing")]
    Missing,
    /// A table of the record was removed.
    #[error("its table `planalign.{table}` is missing")]
    MissingTable {
        /// The table.
        table: String,
    },
    /// A table of the record was altered.
    #[error("its table `planalign.{table}` has unexpected columns")]
    OtherColumns {
        /// The table.
        table: String,
    },
    /// A value is missing or has another type.
    #[error("its `{column}` is missing")]
    MissingValue {
        /// The column.
        column: &'static str,
    },
    /// A text isn't a number.
    #[error("its `{column}` is not a number")]
    NoNumber {
        /// The column.
        column: &'static str,
        /// The cause.
        #[source]
        cause: std::num::ParseIntError,
    },
    /// A text isn't a timestamp.
    #[error("its `{column}` is not a timestamp")]
    NoTime {
        /// The column.
        column: &'static str,
        /// The cause.
        #[source]
        cause: jiff::Error,
    },
    /// A value is unknown to this version.
    #[error("its `{column}` has an unknown value")]
    UnknownWord {
        /// The column.
        column: &'static str,
    },
    /// The content isn't valid JSON for the record. Only the position is given because the parser's message may quote data.
    #[error("its content is invalid at character {character}")]
    NotUnderstood {
        /// Position in the content, from 1.
        character: usize,
    },
    /// The content can't be written as JSON.
    #[error("its content cannot be written")]
    Unwritable(#[source] Arc<serde_json::Error>),
    /// The content can't be compressed, or decompressed to text.
    #[error("its content cannot be read")]
    Compression(#[source] Arc<io::Error>),
    /// The content doesn't match its hash.
    #[error("its content does not match its hash")]
    OtherHash,
    /// The recorded inputs of a run aren't those of its checkpoints.
    #[error("it does not match the last checkpoint")]
    OtherInputs,
    /// A part of it can't be read.
    #[error(transparent)]
    Part(Box<StoreError>),
}

impl StoreError {
    /// Creates an error for a damaged record.
    pub(crate) fn damaged(what: &str, cause: RecordDamage) -> Self {
        Self::Damaged { what: what.to_owned(), cause }
    }

    /// Classifies the error by what can be done about it.
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
            Self::Foreign { .. } => vec![
                Hint::text(OTHER_FILE),
                Hint::text(
                    "if `dbt build` wrote them: its tables can't become those of a run, which has its own database",
                ),
            ],
            other => other.fault().hints(),
        }
    }
}

#[cfg(test)]
mod tests {
    use planalign_config::full_message;

    use super::*;

    #[test]
    fn errors_are_classified() {
        let newer = StoreError::NewerFormat { found: 2, supported: 1 };
        let damaged = StoreError::damaged("an event", RecordDamage::Missing);
        let cause = DatabaseError::new(Fault::OutOfSpace, "disk full");
        let database = StoreError::Database { action: "save".to_owned(), cause };
        assert_eq!(newer.fault(), Fault::WrongVersion);
        assert_eq!(StoreError::Foreign { tables: 1 }.fault(), Fault::WrongVersion);
        assert_eq!(
            (damaged.fault(), full_message(&damaged).as_str()),
            (Fault::Corrupt, "the record of an event is damaged: it is missing")
        );
        assert_eq!((database.fault(), full_message(&database).as_str()), (Fault::OutOfSpace, "cannot save: disk full"));
    }
}
