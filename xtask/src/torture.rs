//! Kills the real program, fails its writes, and damages its files, and checks that it still ends with the same tables.

use clap::Args;

use crate::workspace::{TestError, run_tests};

/// Arguments passed to the torture test of planalign-cli.
#[derive(Args, Clone, Debug)]
pub(crate) struct TortureArguments {
    /// `--kills N`, `--faults EVERY`, `--damages N`, `--seed N`, `--skip-environment` [default: a short version of all]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the program with failpoints, and runs the tests that need them.
pub(crate) fn run(arguments: &TortureArguments) -> Result<String, TestError> {
    test(&["--lib", "failpoint"], &[])?;
    test(&["--test", "torture"], &arguments.arguments)?;
    Ok("torture: nothing was lost".to_owned())
}

fn test(which: &[&str], arguments: &[String]) -> Result<(), TestError> {
    run_tests("planalign-cli", |test| {
        test.args(["-p", "planalign-config", "--features", "planalign-cli/failpoints"]);
        test.args(which).arg("--").args(arguments)
    })
}
