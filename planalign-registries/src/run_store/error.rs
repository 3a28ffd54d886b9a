//! Why the record of runs could not be read or written.

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
    #[error("the record of {what} is damaged: {cause}")]
    Damaged {
        /// What it should be.
        what: String,
        /// Cause.
        cause: String,
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

impl StoreError {
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
        let damaged = StoreError::Damaged { what: "an event".to_owned(), cause: "cut".to_owned() };
        let cause = DatabaseError::new(Fault::OutOfSpace, "disk full");
        let database = StoreError::Database { action: "save".to_owned(), cause };
        assert_eq!(newer.fault(), Fault::WrongVersion);
        assert_eq!(StoreError::Foreign { tables: 1 }.fault(), Fault::WrongVersion);
        assert_eq!(damaged.fault(), Fault::Corrupt);
        assert_eq!((database.fault(), full_message(&database).as_str()), (Fault::OutOfSpace, "cannot save: disk full"));
    }
}
