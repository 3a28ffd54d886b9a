//! The record of runs: who ran what, what was committed, and what happened.

mod checkpoints;
mod error;
mod fingerprints;
mod journal;
mod runs;

pub use checkpoints::{Checkpoints, compare_state};
pub use error::{RecordDamage, StoreError};
pub(crate) use fingerprints::to_hex;
pub use fingerprints::{Difference, FingerprintKind, Fingerprints};
pub use journal::{FindingRows, Journal};
pub use runs::{RunRecord, RunStatus, Runs};

/// Keeps runs, their fingerprints, checkpoints and journals, and can tell whether what was committed is still there.
///
/// What writes takes part in the caller's unit of work, if one is open, but for `begin_run`, `record_outside`, `prune` and `compact`,
/// which are called while none is, or do not care. Whoever needs only a part asks for [`Runs`], [`Checkpoints`] or [`Journal`].
pub trait RunStore: Runs + Checkpoints + Journal {
    /// Lets the engine fold its log into the file. Called while no unit is open, at the end of a year.
    fn compact(&mut self) -> Result<(), StoreError>;
}
