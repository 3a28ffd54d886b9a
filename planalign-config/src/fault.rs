//! What kind of trouble an error is, for those who decide about retries and exit codes.

use serde::{Deserialize, Serialize};

/// Sorts failures by what can be done about them.
///
/// Every error of the workspace that can stop a stage answers `fault()` with one of these; the pipeline's recovery
/// strategies and the command's exit codes depend on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The same input fails again: a bad statement, a wrong type, a broken rule.
    Deterministic,
    /// May succeed if tried again: I/O, a lock held for a moment.
    Transient,
    /// The memory limit was reached; fewer threads may help.
    OutOfMemory,
    /// The disk or quota is full.
    OutOfSpace,
    /// The operating system forbids it.
    Permission,
    /// Another program holds the file.
    Busy,
    /// The file, a checkpoint or the state is not what was written.
    Corrupt,
    /// The file or the engine is of a version that must not be used.
    WrongVersion,
}
