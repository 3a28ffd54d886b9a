//! A call of `dbt build`: what became of each node, from the log, the exit code, and `run_results.json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use planalign_config::Fault;
use regex::Regex;

use super::log_line::{Event, NodeStatus};
use super::manifest::Node;
use super::messages::{Cause, Messages};
use super::process::{End, Line};
use super::redactor::Redactor;
use super::results_file::ResultsFile;
use crate::dbt_error::DbtError;
use crate::outcome::{NodeResult, Outcome, ResourceType, Skip};
use crate::runner::{Flow, NodeEvent, RunnerError};

/// What dbt said so far.
pub(crate) struct Build<'b> {
    nodes: &'b [Node],
    states: BTreeMap<&'b str, State>,
    messages: Messages,
    invocation_id: String,
    redactor: &'b Redactor,
}

#[derive(Debug, Default)]
struct State {
    status: Option<NodeStatus>,
    elapsed: Duration,
    errors: Vec<String>,
}

impl<'b> Build<'b> {
    /// Starts with nodes that dbt is asked to build, each after its dependencies.
    pub(crate) fn new(nodes: &'b [Node], redactor: &'b Redactor) -> Self {
        let states = nodes.iter().map(|node| (node.id.as_str(), State::default())).collect();
        Self { nodes, states, messages: Messages::default(), invocation_id: String::new(), redactor }
    }

    /// Reads a line of output, and passes on what it says about a node. Returns what the observer returns.
    pub(crate) fn read(&mut self, line: Line, observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow) -> Flow {
        let (Line::Out(text) | Line::Err(text)) = line else { return Flow::Continue };
        let Some(event) = Event::parse(&text) else {
            self.messages.add_text(text);
            return Flow::Continue;
        };
        if self.invocation_id.is_empty() {
            event.invocation_id().clone_into(&mut self.invocation_id);
        }
        if let Some((id, text)) = event.error() {
            match id.and_then(|id| self.states.get_mut(id)) {
                Some(state) => state.errors.push(text.to_owned()),
                None => self.messages.add_error(text),
            }
        }
        let Some((id, status)) = event.node_status() else { return Flow::Continue };
        let Some(node) = self.nodes.iter().find(|node| node.id == id) else { return Flow::Continue };
        let Some(state) = self.states.get_mut(id) else { return Flow::Continue };
        let before = state.status;
        // Both versions of dbt may report a result twice.
        if before == Some(status) || (before.is_some() && status == NodeStatus::Started) {
            return Flow::Continue;
        }
        state.status = Some(status);
        match status {
            NodeStatus::Started => {
                observer(NodeEvent::Started { name: &node.name, resource_type: node.materialization.into() })
            }
            NodeStatus::Built => {
                state.elapsed = event.execution_time();
                observer(NodeEvent::Finished(&Outcome::Built(result(node, state.elapsed))))
            }
            // Why may be said later.
            NodeStatus::Failed => {
                state.elapsed = event.execution_time();
                Flow::Continue
            }
            NodeStatus::Skipped => Flow::Continue,
        }
    }

    /// The results of all nodes once dbt has ended, in the order in which they were asked for. Reports what failed or was skipped.
    pub(crate) fn finish(
        self,
        end: End,
        target: &Path,
        executable: &Path,
        limit: Duration,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError> {
        let unbuilt = || {
            let unbuilt = self.nodes.iter().find(|node| self.status(node) != Some(NodeStatus::Built));
            unbuilt.map(|node| node.name.clone()).unwrap_or_default()
        };
        let code = exit_code(end, executable, limit, unbuilt)?;
        if let Some(error) = self.report_unbuilt(observer) {
            return Err(error);
        }
        if code != 0 {
            return Err(self.messages.failure(code, self.redactor).into());
        }
        let results = ResultsFile::read(target);
        let Some(results) = results.as_ref().filter(|results| results.is_of(&self.invocation_id)) else {
            return Err(DbtError::NoResults { stale: results.is_some() }.into());
        };
        let confirmed = results.statuses();
        let is_built = |node: &&Node| {
            self.status(node) == Some(NodeStatus::Built)
                && confirmed.get(node.id.as_str()) == Some(&Some(NodeStatus::Built))
        };
        let missing: Vec<String> =
            self.nodes.iter().filter(|node| !is_built(node)).map(|node| node.name.clone()).collect();
        if !missing.is_empty() {
            return Err(DbtError::Incomplete { nodes: missing }.into());
        }
        let elapsed = |node: &Node| self.states.get(node.id.as_str()).map(|state| state.elapsed).unwrap_or_default();
        Ok(self.nodes.iter().map(|node| result(node, elapsed(node))).collect())
    }

    fn status(&self, node: &Node) -> Option<NodeStatus> {
        self.states.get(node.id.as_str())?.status
    }

    /// Reports the nodes that failed or were skipped. Returns the first error.
    fn report_unbuilt(&self, observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow) -> Option<RunnerError> {
        let mut first = None;
        // The failed node that keeps each of these from being built.
        let mut failed: BTreeMap<&str, &str> = BTreeMap::new();
        for (node, state) in self.nodes.iter().filter_map(|node| Some((node, self.states.get(node.id.as_str())?))) {
            let resource_type = ResourceType::from(node.materialization);
            let outcome = match state.status {
                Some(NodeStatus::Failed) => {
                    failed.insert(&node.name, &node.name);
                    let errors = state.errors.join("\n");
                    let error = node_error(resource_type, &node.name, &node.file, &errors, self.redactor);
                    let outcome = Outcome::failed(resource_type, &node.name, &error, state.elapsed);
                    first = first.or(Some(error));
                    outcome
                }
                Some(NodeStatus::Skipped) => {
                    let after = node.depends_on.iter().find_map(|name| failed.get(name.as_str()).copied());
                    failed.extend(after.map(|after| (node.name.as_str(), after)));
                    let (name, after) = (node.name.clone(), after.map(str::to_owned));
                    Outcome::Skipped(Skip { resource_type, name, after })
                }
                Some(NodeStatus::Started | NodeStatus::Built) | None => continue,
            };
            // There is nothing left to stop.
            let _ = observer(NodeEvent::Finished(&outcome));
        }
        first
    }
}

/// The exit code of a call that ended by itself; `before` names what a stopped call didn't run.
pub(crate) fn exit_code(
    end: End,
    executable: &Path,
    limit: Duration,
    before: impl FnOnce() -> String,
) -> Result<i32, RunnerError> {
    match end {
        End::Exited(code) => Ok(code),
        End::NotStarted => Err(DbtError::NotStarted { executable: executable.to_owned(), cause: None }.into()),
        End::Killed => Err(DbtError::Killed.into()),
        End::TimedOut => Err(DbtError::TimedOut { after: limit }.into()),
        End::Stopped => Err(RunnerError::Stopped { before: before() }),
    }
}

/// Why a node or test failed: by the cause that dbt's messages name, or else by what they say.
pub(crate) fn node_error(
    resource_type: ResourceType,
    node: &str,
    file: &str,
    errors: &str,
    redactor: &Redactor,
) -> RunnerError {
    let (kind, node, file) = (resource_type.as_str(), node.to_owned(), file.to_owned());
    let message = || without_heading(&redactor.text(errors));
    match Cause::of(errors) {
        Some(Cause::Engine(cause)) => {
            return RunnerError::Database { kind, node, file, excerpt: String::new(), cause: Box::new(cause) };
        }
        Some(Cause::System(fault)) if fault != Fault::Deterministic => {
            return DbtError::System { kind, node, file, fault, message: message() }.into();
        }
        _ => {}
    }
    let message = message();
    let line = line_in(&message, &file);
    RunnerError::Compilation { kind, node, file, line, message }
}

/// A message without what our error says as well, `[error] [Name (dbt1501)]: ` and `Compilation Error in model a (models/a.sql)`,
/// and without the colon before a list of variables.
fn without_heading(message: &str) -> String {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        let heading = r"^\s*(\[error\] \[\w+ \(dbt\d+\)\]: )?(\w+ Error in \w+ \S+ \(\S+\)(\n|$))?";
        Regex::new(heading).expect("a valid expression")
    });
    let message = HEADING.replace(message, "");
    let lines: Vec<&str> = message.lines().map(str::trim).collect();
    lines.join("\n").trim_end_matches(':').to_owned()
}

/// The line that a message gives with the file: `models/a.sql:3:1`.
fn line_in(message: &str, file: &str) -> Option<usize> {
    let (_, after) = message.split_once(&format!("{file}:"))?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn result(node: &Node, elapsed: Duration) -> NodeResult {
    NodeResult {
        name: node.name.clone(),
        materialization: node.materialization,
        relation: node.relation.clone(),
        // dbt doesn't count them.
        rows: None,
        elapsed,
        database_time: elapsed,
    }
}

#[cfg(test)]
mod tests;
