//! Runs the project's data tests of a stage, and turns what they find into findings.

use std::collections::BTreeSet;
use std::time::Duration;

use planalign_dbt::{DataTest, Flow, NodeEvent, TestResult, TestStatus};
use planalign_registries::{JournalView, StoreError};
use planalign_validation::{Finding, Severity};

use crate::error::{PipelineError, StageFailure};
use crate::orchestrator::Execution;
use crate::plan::PlannedStage;

/// The name under which the findings of a data test are reported. No rule has such a name.
#[must_use]
pub fn rule_of_test(name: &str) -> String {
    format!("dbt test {name}")
}

/// What a data test found, if anything: a warning or an error, as the test's configuration says.
#[must_use]
pub fn finding_of_test(test: &DataTest, result: &TestResult, year: i32) -> Option<Finding> {
    let severity = match result.status {
        TestStatus::Pass => return None,
        TestStatus::Warn => Severity::Warning,
        TestStatus::Fail => Severity::Error,
    };
    let DataTest { name, file, .. } = test;
    let message = format!("`{name}`: {}", result.message()?);
    let rows = Some(result.sql.clone()).filter(|sql| !sql.trim().is_empty());
    let advice = match rows {
        Some(_) => format!("see the rows in `planalign.finding_details`, or the test in `{file}`"),
        None => format!("see the test in `{file}`"),
    };
    let count = result.failures.unsigned_abs();
    let finding = Finding::new(&rule_of_test(name), year, severity, message).count(count).advice(advice);
    Some(Finding { rows, ..finding })
}

impl Execution<'_, '_> {
    /// Runs the tests of a stage: in the open unit, or with a runner that doesn't join it, in the other process that has the
    /// database.
    pub(crate) fn run_tests(&mut self, stage: &PlannedStage) -> Result<Vec<TestResult>, StageFailure> {
        if stage.tests.is_empty() {
            return Ok(Vec::new());
        }
        let (vars, stop) = (self.vars(stage.year), &self.options.stop);
        let results = self.modules.runner.test(&stage.tests, &vars, &mut |event| match event {
            NodeEvent::Started { .. } | NodeEvent::Waiting if stop.is_requested() => Flow::Stop,
            _ => Flow::Continue,
        });
        results.map_err(StageFailure::Test)
    }

    /// Runs the tests of a committed stage in another process, which has the database meanwhile.
    pub(crate) fn run_tests_outside(&mut self, stage: &PlannedStage) -> Result<Vec<TestResult>, PipelineError> {
        if stage.tests.is_empty() {
            return Ok(Vec::new());
        }
        let released = self.modules.unit.release().map_err(PipelineError::from);
        let tested = released.and_then(|_| self.run_tests(stage).map_err(|cause| self.failed(stage, cause)));
        let ended = tested.and_then(|tested| {
            self.modules.unit.reacquire()?;
            self.modules.storage().atomically(|_| Ok(()))?;
            Ok(tested)
        });
        if ended.is_err()
            && let Err(error) = self.modules.unit.rollback()
        {
            log::warn!("cannot roll back: {error}");
        }
        ended
    }

    /// Withdraws the findings of tests that a stage no longer has: tests aren't inputs of a run, so they may change within it.
    pub(crate) fn withdraw_missing_tests(&mut self, stage: &PlannedStage) -> Result<(), StoreError> {
        let events = self.modules.store.events(&self.run.run_id)?;
        let names: Vec<String> = stage.tests.iter().map(|name| rule_of_test(name)).collect();
        let is_missing = |rule: &&str| rule.starts_with(&rule_of_test("")) && !names.iter().any(|name| name == rule);
        let journal = JournalView::new(&events);
        let of_stage = journal.findings_of(stage.year).filter(|finding| finding.stage == stage.definition.name);
        let missing: BTreeSet<&str> = of_stage.map(|finding| finding.rule).filter(is_missing).collect();
        for rule in missing {
            self.report(stage, rule.to_owned(), Duration::ZERO, &[]);
        }
        Ok(())
    }

    /// Reports what the tests of a stage found.
    pub(crate) fn report_tests(&mut self, stage: &PlannedStage, tested: &[TestResult]) -> Vec<Finding> {
        if tested.is_empty() {
            return Vec::new();
        }
        let tests = self.modules.runner.data_tests();
        let mut all = Vec::new();
        for result in tested {
            let Some(test) = tests.iter().find(|test| test.name == result.name) else { continue };
            let finding = finding_of_test(test, result, stage.year);
            self.report(stage, rule_of_test(&test.name), result.elapsed, finding.as_slice());
            all.extend(finding);
        }
        all
    }
}
