//! The record of runs: inputs, checkpoints, and journals.

mod checkpoints;
mod error;
mod fingerprints;
mod journal;
mod runs;

pub use checkpoints::{Checkpoints, compare_state};
pub use error::{RecordDamage, StoreError};
#[cfg(feature = "duckdb")]
pub(crate) use fingerprints::to_hex;
pub use fingerprints::{Difference, FingerprintKind, Fingerprints};
pub use journal::{FindingRows, Journal};
pub use runs::{RunRecord, RunStatus, Runs};

/// Stores runs with their fingerprints, checkpoints, and journals, and verifies that committed data is intact.
///
/// Writes take part in the caller's open unit of work, if any, except for `begin_run`, `record_outside`, `prune`, and
/// `compact`. Code that needs only a part can use [`Runs`], [`Checkpoints`], or [`Journal`].
pub trait RunStore: Runs + Checkpoints + Journal {
    /// Lets the engine fold its log into the file. Called at the end of a year, while no unit is open.
    fn compact(&mut self) -> Result<(), StoreError>;
}
