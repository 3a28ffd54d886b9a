//! The exit codes, documented and stable.

/// The exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    Done = 0,
    RunFailed = 1,
    Usage = 2,
    Census = 3,
    Findings = 4,
    Busy = 5,
    Corrupt = 6,
    Environment = 7,
    WrongVersion = 8,
    Interrupted = 130,
    Terminated = 143,
}

impl ExitCode {
    /// All exit codes and their meanings.
    pub(crate) const MEANINGS: [(Self, &str); 11] = [
        (Self::Done, "success"),
        (Self::RunFailed, "run failed"),
        (Self::Usage, "invalid arguments, configuration, or dbt project"),
        (Self::Census, "census rejected"),
        (Self::Findings, "completed with error findings, or stopped at the first with --fail-on-validation-error"),
        (Self::Busy, "database in use by another process"),
        (Self::Corrupt, "checkpoint or state doesn't match what was recorded"),
        (Self::Environment, "disk, permissions, or memory"),
        (Self::WrongVersion, "not a PlanAlign database, or written by an incompatible version"),
        (Self::Interrupted, "interrupted (SIGINT)"),
        (Self::Terminated, "terminated (SIGTERM)"),
    ];
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
