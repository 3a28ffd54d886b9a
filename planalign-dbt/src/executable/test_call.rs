//! A call of `dbt test`: what each test found, from the log, the exit code, and `run_results.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::build::{exit_code, node_error};
use super::log_line::{Event, NodeStatus};
use super::manifest::Test;
use super::messages::Messages;
use super::process::{End, Line};
use super::redactor::Redactor;
use super::results_file::{ResultRow, ResultsFile};
use crate::dbt_error::DbtError;
use crate::outcome::{Outcome, ResourceType, TestResult, TestStatus};
use crate::runner::{Flow, NodeEvent, RunnerError};

/// What dbt said so far.
pub(crate) struct TestCall<'b> {
    tests: &'b [Test],
    /// What went wrong with a test, by dbt's ID.
    errors: BTreeMap<String, Vec<String>>,
    messages: Messages,
    invocation_id: String,
    redactor: &'b Redactor,
}

impl<'b> TestCall<'b> {
    pub(crate) fn new(tests: &'b [Test], redactor: &'b Redactor) -> Self {
        let (errors, messages) = (BTreeMap::new(), Messages::default());
        Self { tests, errors, messages, invocation_id: String::new(), redactor }
    }

    /// Reads a line of output. Returns what the observer returns about a test that starts.
    pub(crate) fn read(&mut self, line: Line, observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow) -> Flow {
        let (Line::Out(line) | Line::Err(line)) = line else { return Flow::Continue };
        let Some(event) = Event::parse(&line) else {
            self.messages.add_text(line);
            return Flow::Continue;
        };
        if self.invocation_id.is_empty() {
            event.invocation_id().clone_into(&mut self.invocation_id);
        }
        match event.error() {
            // What a test that ran found.
            Some((Some(_), message)) if message.trim_start().starts_with(FOUND) => {}
            Some((Some(id), message)) => self.errors.entry(id.to_owned()).or_default().push(message.to_owned()),
            Some((None, message)) => self.messages.add_error(message),
            None => {}
        }
        let started = event.node_status().filter(|(_, status)| *status == NodeStatus::Started);
        match started.and_then(|(id, _)| self.tests.iter().find(|test| test.id == id)) {
            Some(test) => observer(NodeEvent::Started { name: &test.name, resource_type: ResourceType::Test }),
            None => Flow::Continue,
        }
    }

    /// The results of all tests once dbt has ended, in the order in which they were asked for.
    pub(crate) fn finish(
        self,
        end: End,
        target: &Path,
        executable: &Path,
        limit: Duration,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<TestResult>, RunnerError> {
        let first = || self.tests.first().map(|test| test.name.clone()).unwrap_or_default();
        let code = exit_code(end, executable, limit, first)?;
        let results = ResultsFile::read(target);
        let Some(results) = results.as_ref().filter(|results| results.is_of(&self.invocation_id)) else {
            return Err(match code {
                0 => DbtError::NoResults { stale: results.is_some() }.into(),
                code => self.messages.failure(code, self.redactor).into(),
            });
        };
        let rows = results.rows();
        let (mut tested, mut missing) = (Vec::new(), Vec::new());
        for test in self.tests {
            let row = rows.get(test.id.as_str());
            let errors = self.errors.get(&test.id);
            if errors.is_some() || row.is_some_and(|row| row.status() == "error") {
                let said = errors.map(|errors| errors.join("\n")).or_else(|| row?.message.clone()).unwrap_or_default();
                let error = node_error(ResourceType::Test, &test.name, &test.file, &said, self.redactor);
                let failed = Outcome::failed(ResourceType::Test, &test.name, &error, Duration::ZERO);
                // dbt has ended, so there is nothing left to stop.
                let _ = observer(NodeEvent::Finished(&failed));
                return Err(error);
            }
            let Some(result) = row.and_then(|row| result(test, row, target)) else {
                missing.push(test.name.clone());
                continue;
            };
            let _ = observer(NodeEvent::Finished(&Outcome::Tested(result.clone())));
            tested.push(result);
        }
        if missing.is_empty() { Ok(tested) } else { Err(DbtError::Incomplete { nodes: missing }.into()) }
    }
}

/// The start of what dbt says of a test that ran and found something.
const FOUND: &str = "Got ";

/// The result of a test that ran; `None` for any other status.
fn result(test: &Test, row: &ResultRow, target: &Path) -> Option<TestResult> {
    let status = match row.status().as_str() {
        "pass" => TestStatus::Pass,
        "warn" => TestStatus::Warn,
        "fail" => TestStatus::Fail,
        _ => return None,
    };
    Some(TestResult {
        name: test.name.clone(),
        status,
        failures: row.failures?,
        limit: if status == TestStatus::Warn { &test.warn_if } else { &test.error_if }.clone(),
        sql: row.compiled_code.clone().or_else(|| compiled(test, target)).unwrap_or_default(),
        elapsed: row.elapsed(),
    })
}

/// The query of a test, from the file that dbt 2.0 writes.
fn compiled(test: &Test, target: &Path) -> Option<String> {
    let folder = target.join("compiled").join(&test.package);
    let singular = folder.join(&test.file);
    let file = if singular.is_file() { singular } else { folder.join(format!("generic_tests/{}.sql", test.alias)) };
    fs::read_to_string(file).ok()
}

#[cfg(test)]
mod tests;
