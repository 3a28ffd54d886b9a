//! A runner that only records its calls, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use planalign_config::topological_order;

use crate::outcome::{NodeResult, Outcome, ResourceType};
use crate::runner::{
    Flow, GraphNode, Materialization, ModelGraph, ModelRunner, NodeEvent, RelationName, RunnerError, Vars,
};

/// A runner with a graph, a directory for each node, scripted results and failures, and a log of builds.
#[derive(Debug, Default)]
pub struct InMemoryRunner {
    nodes: Vec<(GraphNode, String)>,
    graph: ModelGraph,
    selections: BTreeMap<String, Vec<String>>,
    rows: BTreeMap<String, u64>,
    failures: Vec<ScriptedFailure>,
    sources: BTreeMap<String, String>,
    first_years: BTreeMap<String, i32>,
    calls: BTreeMap<String, usize>,
    log: Vec<LoggedRun>,
    is_outside: bool,
}

#[derive(Debug)]
struct ScriptedFailure {
    node: String,
    call: usize,
    error: RunnerError,
}

/// A built node and the variables of the call.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRun {
    /// Name of the model or seed.
    pub node: String,
    /// Variables of the call.
    pub vars: Vars,
}

impl InMemoryRunner {
    /// Creates a runner without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node in a directory, such as `models/foundation`, with its dependencies.
    #[must_use]
    pub fn with_node(
        mut self,
        folder: &str,
        name: &str,
        materialization: Materialization,
        depends_on: &[&str],
    ) -> Self {
        let mut depends_on: Vec<String> = depends_on.iter().map(|d| (*d).to_owned()).collect();
        depends_on.sort();
        let node = GraphNode { name: name.to_owned(), materialization, depends_on };
        self.sources.insert(format!("{}.{name}", kind(materialization)), format!("text of {name}"));
        self.nodes.push((node, folder.trim_end_matches('/').to_owned()));
        self.graph = ModelGraph::new(self.nodes.iter().map(|(node, _)| node.clone()));
        self
    }

    /// Sets what a selection resolves to, if it isn't a name or path.
    #[must_use]
    pub fn with_selection(mut self, selection: &str, nodes: &[&str]) -> Self {
        self.selections.insert(selection.to_owned(), nodes.iter().map(|n| (*n).to_owned()).collect());
        self
    }

    /// Makes it a runner in another process, which counts no rows and doesn't join its caller's unit of work.
    #[must_use]
    pub fn outside(mut self) -> Self {
        self.is_outside = true;
        self
    }

    /// Sets the number of rows that a node writes; 1 by default.
    #[must_use]
    pub fn with_rows(mut self, node: &str, rows: u64) -> Self {
        self.rows.insert(node.to_owned(), rows);
        self
    }

    /// Makes the `call`-th build of a node, from 1, fail.
    #[must_use]
    pub fn with_failure(mut self, node: &str, call: usize, error: RunnerError) -> Self {
        self.failures.push(ScriptedFailure { node: node.to_owned(), call, error });
        self
    }

    /// Sets the first year that changes to a seed affect.
    #[must_use]
    pub fn with_first_year_touched(mut self, seed: &str, year: i32) -> Self {
        self.first_years.insert(seed.to_owned(), year);
        self
    }

    /// Returns the built nodes, in order, without failed attempts.
    #[must_use]
    pub fn log(&self) -> &[LoggedRun] {
        &self.log
    }

    /// Returns the names of the built nodes, in order.
    #[must_use]
    pub fn built(&self) -> Vec<&str> {
        self.log.iter().map(|run| run.node.as_str()).collect()
    }

    fn matches(&self, criterion: &str) -> Result<Vec<String>, RunnerError> {
        if let Some(nodes) = self.selections.get(criterion) {
            return Ok(nodes.clone());
        }
        let folder = criterion.strip_prefix("path:").map(|f| f.trim_end_matches('/'));
        let is_meant = |(node, lies_in): &&(GraphNode, String)| match folder {
            Some(folder) => lies_in == folder || lies_in.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
            None => node.name == criterion,
        };
        let found: Vec<String> = self.nodes.iter().filter(is_meant).map(|(node, _)| node.name.clone()).collect();
        if found.is_empty() {
            return Err(RunnerError::Selection { message: format!("{criterion} selects nothing") });
        }
        Ok(found)
    }

    /// Sorts dependencies first, otherwise in the order in which they were added.
    fn ordered(&self, names: &BTreeSet<String>) -> Vec<String> {
        let added = self.nodes.iter().map(|(node, _)| node);
        let (order, cyclic) = topological_order(added, |node| &node.name, |node| &node.depends_on);
        let all = order.into_iter().chain(cyclic).map(|node| node.name.clone());
        all.filter(|name| names.contains(name)).collect()
    }

    fn build(&mut self, name: &str, vars: &Vars) -> Result<NodeResult, RunnerError> {
        let Some(node) = self.graph.get(name).cloned() else {
            return Err(RunnerError::Selection { message: format!("no model or seed is named {name}") });
        };
        let call = self.calls.entry(name.to_owned()).or_default();
        *call += 1;
        if let Some(failure) = self.failures.iter().find(|f| f.node == name && f.call == *call) {
            return Err(failure.error.clone());
        }
        self.log.push(LoggedRun { node: name.to_owned(), vars: vars.clone() });
        let stored = node.materialization != Materialization::Ephemeral;
        let counted = stored && node.materialization != Materialization::View;
        Ok(NodeResult {
            name: name.to_owned(),
            materialization: node.materialization,
            relation: stored.then(|| RelationName { schema: "main".to_owned(), name: name.to_owned() }),
            rows: (counted && !self.is_outside).then(|| self.rows.get(name).copied().unwrap_or(1)),
            elapsed: Duration::ZERO,
            database_time: Duration::ZERO,
        })
    }
}

fn kind(materialization: Materialization) -> &'static str {
    if materialization == Materialization::Seed { "seed" } else { "model" }
}

impl ModelRunner for InMemoryRunner {
    fn graph(&self) -> &ModelGraph {
        &self.graph
    }

    fn joins_unit(&self) -> bool {
        !self.is_outside
    }

    fn select(&self, selection: &str) -> Result<Vec<String>, RunnerError> {
        if let Some(nodes) = self.selections.get(selection) {
            return Ok(nodes.clone());
        }
        let mut names = BTreeSet::new();
        for criterion in selection.split_whitespace() {
            names.extend(self.matches(criterion)?);
        }
        Ok(self.ordered(&names))
    }

    fn run(
        &mut self,
        nodes: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError> {
        let mut results = Vec::new();
        for name in nodes {
            let resource_type = self.graph.get(name).map_or(ResourceType::Model, |node| node.materialization.into());
            if observer(NodeEvent::Started { name, resource_type }) == Flow::Stop {
                return Err(RunnerError::Stopped { before: name.clone() });
            }
            match self.build(name, vars) {
                Ok(result) => {
                    observer(NodeEvent::Finished(&Outcome::Built(result.clone())));
                    results.push(result);
                }
                Err(error) => {
                    observer(NodeEvent::Finished(&Outcome::failed(resource_type, name, &error, Duration::ZERO)));
                    return Err(error);
                }
            }
        }
        Ok(results)
    }

    fn sources(&self) -> BTreeMap<String, String> {
        self.sources.clone()
    }

    fn first_year_touched(&self, seed: &str, _before: &str, _now: &str) -> Option<i32> {
        self.first_years.get(seed).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner() -> InMemoryRunner {
        InMemoryRunner::new()
            .with_node("models/two", "c", Materialization::Table, &["b", "a"])
            .with_node("models/one", "a", Materialization::View, &[])
            .with_node("models/one", "b", Materialization::Incremental, &["a"])
    }

    #[test]
    fn selections_are_ordered_by_the_graph() {
        let runner = runner().with_selection("tag:x", &["b"]);
        assert_eq!(runner.select("path:models/two path:models/one").expect("select"), ["a", "b", "c"]);
        assert_eq!(runner.select("c a").expect("select"), ["a", "c"]);
        assert_eq!(runner.select("tag:x").expect("scripted"), ["b"]);
        assert_eq!(runner.select("path:models/on").expect_err("nothing").to_string(), "path:models/on selects nothing");
    }

    #[test]
    fn failures_happen_at_the_scripted_call_and_are_not_logged() {
        let error = RunnerError::Selection { message: "scripted".into() };
        let mut runner = runner().with_failure("b", 2, error).with_rows("b", 7);
        let names = ["a".to_owned(), "b".to_owned()];
        let results = runner.run(&names, &Vars::new(), &mut |_| Flow::Continue).expect("first call");
        assert_eq!(results.iter().map(|r| r.rows).collect::<Vec<_>>(), [None, Some(7)]);
        let error = runner.run(&names, &Vars::new(), &mut |_| Flow::Continue).expect_err("second call");
        assert_eq!(error.to_string(), "scripted");
        assert_eq!(runner.built(), ["a", "b", "a"]);
    }

    #[test]
    fn the_observer_can_stop() {
        let mut runner = runner();
        let mut seen = Vec::new();
        let stopped = runner.run(&["a".to_owned(), "b".to_owned()], &Vars::new(), &mut |event| match event {
            NodeEvent::Started { name: "b", .. } => Flow::Stop,
            event => {
                seen.push(format!("{event:?}").chars().take(7).collect::<String>());
                Flow::Continue
            }
        });
        assert_eq!(stopped.expect_err("stopped").to_string(), "stopped before model b");
        assert_eq!(seen, ["Started", "Finishe"]);
        assert_eq!(runner.sources().len(), 3);
    }
}
