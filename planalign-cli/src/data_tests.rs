//! Which data tests of a project run.

use planalign_config::settings::{DbtTests, SimulationConfig};
use planalign_dbt::ModelRunner;

/// Names of the tests that come with PlanAlign, one a line.
const PRODUCT_TESTS: &str = include_str!("product_tests.txt");

/// The names of the tests that a run of these settings runs.
pub(crate) fn selected(settings: &SimulationConfig, runner: &dyn ModelRunner) -> Vec<String> {
    let is_own = |name: &String| !PRODUCT_TESTS.lines().any(|known| known == name);
    let all = runner.data_tests().into_iter().map(|test| test.name);
    match settings.validation.dbt_tests {
        DbtTests::Own => all.filter(is_own).collect(),
        DbtTests::All => all.collect(),
        DbtTests::Off => Vec::new(),
    }
}
