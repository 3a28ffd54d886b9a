//! What kind of trouble an error is, for those who decide about retries and exit codes.

use std::io;

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

impl From<io::ErrorKind> for Fault {
    fn from(kind: io::ErrorKind) -> Self {
        use io::ErrorKind;
        match kind {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Permission,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::OutOfSpace,
            ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Transient,
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => Self::Busy,
            ErrorKind::OutOfMemory => Self::OutOfMemory,
            _ => Self::Deterministic,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::Fault;

    #[test]
    fn faults_of_the_system_are_sorted() {
        let cases = [
            (ErrorKind::PermissionDenied, Fault::Permission),
            (ErrorKind::ReadOnlyFilesystem, Fault::Permission),
            (ErrorKind::StorageFull, Fault::OutOfSpace),
            (ErrorKind::Interrupted, Fault::Transient),
            (ErrorKind::ResourceBusy, Fault::Busy),
            (ErrorKind::OutOfMemory, Fault::OutOfMemory),
            (ErrorKind::NotADirectory, Fault::Deterministic),
        ];
        for (kind, fault) in cases {
            assert_eq!(Fault::from(kind), fault, "{kind}");
        }
    }
}
