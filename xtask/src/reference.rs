//! Regenerates the reference with a test of `planalign-cli` that writes the pages instead of comparing them.

use crate::workspace::{TestError, run_tests};

const TEST: &str = "the_reference_is_up_to_date";

pub(crate) fn run() -> Result<String, TestError> {
    run_tests("planalign-cli", |test| test.args(["--bins", TEST]).env("PLANALIGN_WRITE_REFERENCE", "1"))?;
    Ok("wrote docs/reference and config".to_owned())
}
