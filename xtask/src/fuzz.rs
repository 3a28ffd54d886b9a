//! Damages small dbt projects, and checks that the embedded runner survives them.

use std::process::ExitStatus;

use clap::Args;

use crate::workspace;

/// Arguments passed to the fuzz test of planalign-dbt.
#[derive(Args, Clone, Debug)]
pub(crate) struct FuzzArguments {
    /// `--minutes N`, `--cases N`, `--seed N`, `--keep FOLDER` for the project of the last case [default: 60 cases]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Why the test couldn't run, or what the runner doesn't survive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FuzzError {
    /// The test couldn't be started.
    #[error("can't run cargo: {0}")]
    Start(#[from] std::io::Error),
    /// The test failed and printed how.
    #[error("`cargo test` ended with {0}")]
    Test(ExitStatus),
}

/// Runs the test.
pub(crate) fn run(arguments: &FuzzArguments) -> Result<String, FuzzError> {
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "-p", "planalign-dbt", "-p", "xtask", "--test", "fuzz", "--"]);
    let status = test.args(&arguments.arguments).status()?;
    if status.success() { Ok("fuzz: the runner survives".to_owned()) } else { Err(FuzzError::Test(status)) }
}
