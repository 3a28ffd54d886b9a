//! The exit codes, documented and stable.

/// What the process tells its caller.
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
    /// All of them, with what they mean.
    pub(crate) const MEANINGS: [(Self, &str); 11] = [
        (Self::Done, "done"),
        (Self::RunFailed, "the run failed"),
        (Self::Usage, "usage, configuration or project"),
        (Self::Census, "census"),
        (
            Self::Findings,
            "a rule found an error; the run is complete, or stopped there with --fail-on-validation-error",
        ),
        (Self::Busy, "another run, or another program, holds the file"),
        (Self::Corrupt, "a checkpoint or the state is not what was written"),
        (Self::Environment, "environment: disk, permission, memory"),
        (Self::WrongVersion, "the file is no database, or one of another version"),
        (Self::Interrupted, "interrupted by SIGINT"),
        (Self::Terminated, "interrupted by SIGTERM"),
    ];
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
