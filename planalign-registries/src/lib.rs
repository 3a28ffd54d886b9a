//! All state that outlives a year: the registries, and the record of runs with checkpoints and journals.

pub mod checkpoint;
#[cfg(feature = "duckdb")]
pub mod duckdb;
pub mod in_memory;
pub mod registry;
pub mod run_event;
pub mod run_store;

pub use checkpoint::{Checkpoint, CheckpointKey, CheckpointStatus, RelationState};
pub use in_memory::{InMemoryRegistry, InMemoryRunStore};
pub use registry::{Disagreement, Registry, RegistryError, RegistrySnapshot};
pub use run_event::{RunEvent, RunEventKind};
pub use run_store::{Difference, Fingerprints, RunRecord, RunStatus, RunStore, StoreError, compare_state};
