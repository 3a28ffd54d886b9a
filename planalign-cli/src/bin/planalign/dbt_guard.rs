//! The processes between this program and dbt, which end dbt when this program ends.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use planalign_dbt::executable::guard;

/// The command line of the guard, which reads on stdin what to start.
pub(crate) fn command(grace: Duration) -> Vec<OsString> {
    guard::command(&own(), grace)
}

/// Does the work of these processes; `None` if this process is neither.
pub(crate) fn host() -> Option<ExitCode> {
    // If nobody reads it any more, dbt still has to end.
    let report = |text: &str| drop(writeln!(std::io::stderr(), "{text}"));
    let code = guard::host(&own(), std::env::args_os().skip(1), &report)?;
    Some(u8::try_from(code).unwrap_or(u8::MAX).into())
}

fn own() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("planalign"))
}
