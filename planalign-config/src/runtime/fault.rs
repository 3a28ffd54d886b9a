//! What kind of trouble an error is, for those who decide about retries and exit codes.

use std::io;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Action, Hint};

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

/// What helps if a file belongs to something else.
pub const OTHER_FILE: &str = "choose another file with --database; this one was left unchanged";

impl Fault {
    /// What helps, whatever failed; nothing if the failure itself has to be fixed.
    #[must_use]
    pub fn hints(self) -> Vec<Hint> {
        let retry = |text: &str| vec![Hint::run(format!("{text}, then run {{}}"), [Action::Retry])];
        match self {
            Self::Deterministic => Vec::new(),
            Self::Transient => vec![Hint::run("try again: run {}", [Action::Retry])],
            Self::OutOfMemory => retry("raise optimization.memory_limit_gb or lower --threads"),
            Self::OutOfSpace => retry("free some disk space"),
            Self::Permission => retry("make the database and the reports directory readable and writable"),
            Self::Busy => vec![
                Hint::text("wait for the other process to finish"),
                Hint::run("to see how far its run is, run {}", [Action::Status]),
            ],
            Self::Corrupt => {
                vec![Hint::run("to see what is intact, run {}", [Action::VerifyCheckpoints]), Self::start_over()]
            }
            Self::WrongVersion => {
                vec![Hint::text(format!("use the version of PlanAlign that wrote the file, or {OTHER_FILE}"))]
            }
        }
    }

    /// What helps if nothing of a database can be saved.
    #[must_use]
    pub fn start_over() -> Hint {
        let text = "restore the file from a backup, or delete it and its .wal file and start over: {}";
        Hint::run(text, [Action::Restart])
    }
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
