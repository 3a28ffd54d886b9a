//! Regenerates the reference with a test of `planalign-cli` that writes the pages instead of comparing them.

use std::process::ExitStatus;

use crate::workspace;

const TEST: &str = "the_reference_is_up_to_date";

/// Why the pages couldn't be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReferenceError {
    /// The test couldn't be started.
    #[error("can't run cargo: {0}")]
    Start(#[from] std::io::Error),
    /// The test failed; cargo printed why.
    #[error("`cargo test` ended with {0}")]
    Test(ExitStatus),
}

pub(crate) fn run() -> Result<String, ReferenceError> {
    // Selected with xtask, which has all features, so that nothing is recompiled.
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "-p", "planalign-cli", "-p", "xtask", "--bins", TEST]);
    let status = test.env("PLANALIGN_WRITE_REFERENCE", "1").status()?;
    if status.success() { Ok("wrote docs/reference and config".to_owned()) } else { Err(ReferenceError::Test(status)) }
}
