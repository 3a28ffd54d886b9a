//! The exit codes, documented in the README and stable.

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

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
