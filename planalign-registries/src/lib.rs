//! State that outlives a year: the registries, and the record of runs with checkpoints and journals.
//!
//! [`Registry`] and [`RunStore`] are the traits. Database implementations (feature `duckdb`) take part in the caller's
//! transaction; in-memory implementations are for tests. The inputs of a run are recorded with it and compared when it resumes:
//!
//! ```
//! use planalign_registries::{FingerprintKind, Fingerprints};
//!
//! let recorded = |rate: &str| {
//!     let mut all = Fingerprints::default();
//!     all.insert(FingerprintKind::Config, [("compensation.cola_rate".to_owned(), rate.to_owned())]);
//!     all
//! };
//! let differences = recorded("0.02").differences(&recorded("0.03"));
//! assert_eq!(differences[0].to_string(), "compensation.cola_rate: 0.02 -> 0.03");
//! ```

pub mod checkpoint;
#[cfg(feature = "duckdb")]
pub mod duckdb;
mod durations;
pub mod in_memory;
pub mod journal_view;
pub mod manager;
pub mod mirror;
pub mod registry;
pub mod retry_strategy;
pub mod run_event;
pub mod run_store;
pub mod severity;

pub use checkpoint::{CheckpointKey, CheckpointStatus, RelationState, WorkflowCheckpoint, highest_sequence};
pub use in_memory::{InMemoryRegistry, InMemoryRunStore};
pub use journal_view::{JournalView, OpenFinding};
pub use manager::RegistryManager;
pub use mirror::{CheckpointMirror, MirroredCheckpoint};
pub use registry::{Disagreement, Registry, RegistryCause, RegistryError, RegistrySnapshot};
pub use retry_strategy::RetryStrategy;
pub use run_event::{RunEvent, RunEventKind, TimeSpent};
pub use run_store::{
    Checkpoints, Difference, FindingRows, FingerprintKind, Fingerprints, Journal, RecordDamage, RunRecord, RunStatus,
    RunStore, Runs, StoreError, compare_state,
};
pub use severity::Severity;
