//! Lets the program write its reference: a test of `planalign-cli` makes the pages, and writes instead of comparing them.

use std::process::ExitStatus;

use crate::workspace;

const TEST: &str = "the_reference_says_what_the_program_does";

/// The pages could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReferenceError {
    /// The test could not be started.
    #[error("cannot run cargo: {0}")]
    Start(#[from] std::io::Error),
    /// The test failed; cargo has told why.
    #[error("`cargo test` ended with {0}")]
    Test(ExitStatus),
}

pub(crate) fn run() -> Result<String, ReferenceError> {
    // Named with xtask, which has all features, so that nothing is compiled again.
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "-p", "planalign-cli", "-p", "xtask", "--bins", TEST]);
    let status = test.env("PLANALIGN_WRITE_REFERENCE", "1").status()?;
    if status.success() {
        Ok("docs/reference and config are written".to_owned())
    } else {
        Err(ReferenceError::Test(status))
    }
}
