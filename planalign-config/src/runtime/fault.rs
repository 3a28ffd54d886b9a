//! Classes of errors, for retries and exit codes.

use std::io;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Action, Hint};

/// Classifies failures by what can be done about them.
///
/// Every error in the workspace that can stop a stage has a `fault()` method; recovery strategies and exit codes depend only
/// on its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Fails again with the same input: an invalid statement, a wrong type, a violated rule.
    Deterministic,
    /// May succeed when retried: I/O, a briefly held lock.
    Transient,
    /// Someone asked for it; nothing is wrong.
    Cancelled,
    /// The memory limit was reached; fewer threads may help.
    OutOfMemory,
    /// The disk or quota is full.
    OutOfSpace,
    /// The operating system denies access.
    Permission,
    /// Another process has the file open.
    Busy,
    /// The file, a checkpoint, or the state doesn't match what was written.
    Corrupt,
    /// The file or the engine has an unsupported version.
    WrongVersion,
}

/// Hint for a file that isn't ours.
pub const OTHER_FILE: &str = "choose another file with `--database`; this one wasn't changed";

impl Fault {
    /// Returns hints that apply whatever failed; none if the cause itself must be fixed.
    #[must_use]
    pub fn hints(self) -> Vec<Hint> {
        let retry = |text: &str| vec![Hint::run(format!("{text}, then run {{}}"), [Action::Retry])];
        match self {
            Self::Deterministic | Self::Cancelled => Vec::new(),
            Self::Transient => vec![Hint::run("try again: run {}", [Action::Retry])],
            Self::OutOfMemory => retry("raise `optimization.memory_limit_gb` or lower `--threads`"),
            Self::OutOfSpace => retry("free some disk space"),
            Self::Permission => retry("make the database and the report directory readable and writable"),
            Self::Busy => vec![
                Hint::text("wait for the other process to finish"),
                Hint::run("to see the status of its run, run {}", [Action::Status]),
            ],
            Self::Corrupt => {
                vec![Hint::run("to see what is intact, run {}", [Action::VerifyCheckpoints]), Self::start_over()]
            }
            Self::WrongVersion => {
                vec![Hint::text(format!("use the version of PlanAlign that wrote the file, or {OTHER_FILE}"))]
            }
        }
    }

    /// Returns the hint for a database that can't be recovered.
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
    fn system_errors_are_classified() {
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
