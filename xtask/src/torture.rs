//! Kills the real program, fails its writes, and damages its files, and checks that it still ends with the same tables.

use std::process::ExitStatus;

use clap::Args;

use crate::workspace;

/// Arguments passed to the torture test of planalign-cli.
#[derive(Args, Clone, Debug)]
pub(crate) struct TortureArguments {
    /// `--kills N`, `--faults EVERY`, `--damages N`, `--seed N`, `--skip-environment` [default: a short version of all]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Why the test couldn't run, or what was lost.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TortureError {
    /// The test couldn't be started.
    #[error("can't run cargo: {0}")]
    Start(#[from] std::io::Error),
    /// The test failed and printed how.
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
    // Selected with xtask, which has all features, so that nothing is recompiled.
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "-p", "planalign-cli", "-p", "planalign-config", "-p", "xtask"]);
    test.args(["--features", "planalign-cli/failpoints"]).args(which).arg("--").args(arguments);
    let status = test.status()?;
    if status.success() { Ok(()) } else { Err(TortureError::Test(status)) }
}
