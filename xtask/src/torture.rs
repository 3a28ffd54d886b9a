//! Kills the real program, lets its writes fail and damages its files, and sees whether it ends with the same tables all the same.

use std::process::ExitStatus;

use clap::Args;

use crate::workspace;

/// What is handed on to the torture test of planalign-cli.
#[derive(Args, Clone, Debug)]
pub(crate) struct TortureArguments {
    /// `--kills N`, `--faults EVERY`, `--damages N`, `--seed N`, `--no-surroundings`; by default a short version of all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Something was lost, or the test could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TortureError {
    /// The test could not be started.
    #[error("cannot run cargo: {0}")]
    Start(#[from] std::io::Error),
    /// The test failed; it has told how.
    #[error("`cargo test` ended with {0}")]
    Test(ExitStatus),
}

/// Builds the program with failpoints, and runs the tests that need them.
pub(crate) fn run(arguments: &TortureArguments) -> Result<String, TortureError> {
    test(&["--lib", "failpoint"], &[])?;
    test(&["--test", "torture"], &arguments.arguments)?;
    Ok("torture: nothing was lost".to_owned())
}

fn test(which: &[&str], arguments: &[String]) -> Result<(), TortureError> {
    // Named with xtask, which has all features, so that nothing is compiled again.
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "-p", "planalign-cli", "-p", "planalign-config", "-p", "xtask"]);
    test.args(["--features", "planalign-cli/failpoints"]).args(which).arg("--").args(arguments);
    let status = test.status()?;
    if status.success() { Ok(()) } else { Err(TortureError::Test(status)) }
}
