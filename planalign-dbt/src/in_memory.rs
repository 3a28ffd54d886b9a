//! A runner that only records its calls, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use planalign_config::topological_order;

use crate::outcome::{NodeResult, Outcome, ResourceType, TestResult, TestStatus};
use crate::runner::{
    DataTest, Flow, GraphNode, Materialization, ModelGraph, ModelRunner, NodeEvent, RelationName, RunnerError, Vars,
};
use crate::schedule::{self, Stage, Unfinished, Workers};

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
    tests: Vec<DataTest>,
    found: BTreeMap<String, (TestStatus, i64)>,
    tested: Vec<LoggedRun>,
    is_outside: bool,
    on_build: OnBuild,
}

/// What a build does on its thread.
struct OnBuild(Box<dyn Fn(&str) + Send + Sync>);

impl Default for OnBuild {
    fn default() -> Self {
        Self(Box::new(|_| ()))
    }
}

impl fmt::Debug for OnBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnBuild")
    }
}

#[derive(Debug)]
struct ScriptedFailure {
    node: String,
    call: usize,
    error: RunnerError,
}

/// A built node or a test, and the variables of the call.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRun {
    /// Name of the model, seed, or test.
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

    /// Adds a data test in `tests/<name>.sql` of these nodes. It passes.
    #[must_use]
    pub fn with_test(mut self, name: &str, depends_on: &[&str]) -> Self {
        let mut depends_on: Vec<String> = depends_on.iter().map(|node| (*node).to_owned()).collect();
        depends_on.sort();
        self.tests.push(DataTest { name: name.to_owned(), file: format!("tests/{name}.sql"), depends_on });
        self
    }

    /// Sets what a test finds. Like the build of a node, its n-th call [can fail](Self::with_failure).
    #[must_use]
    pub fn with_test_result(mut self, test: &str, status: TestStatus, failures: i64) -> Self {
        self.found.insert(test.to_owned(), (status, failures));
        self
    }

    /// Sets the first year that changes to a seed affect.
    #[must_use]
    pub fn with_first_year_touched(mut self, seed: &str, year: i32) -> Self {
        self.first_years.insert(seed.to_owned(), year);
        self
    }

    /// Calls a function with the name of each node on the thread that builds it, so that builds can wait for each other.
    #[must_use]
    pub fn on_build(mut self, call: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_build = OnBuild(Box::new(call));
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

    /// Returns the tests that ran, in order, without failed attempts.
    #[must_use]
    pub fn tested(&self) -> &[LoggedRun] {
        &self.tested
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

    fn node(&self, name: &str) -> Result<&GraphNode, RunnerError> {
        let unknown = || RunnerError::Selection { message: format!("no model or seed is named {name}") };
        self.graph.get(name).ok_or_else(unknown)
    }

    /// Builds a node on any thread.
    fn build(&self, Build { node, count }: &Build<'_>) -> Result<(), RunnerError> {
        (self.on_build.0)(&node.name);
        match self.failures.iter().find(|f| f.node == node.name && f.call == *count) {
            Some(failure) => Err(failure.error.clone()),
            None => Ok(()),
        }
    }

    fn result(&self, node: &GraphNode) -> NodeResult {
        let stored = node.materialization != Materialization::Ephemeral;
        let counted = stored && node.materialization != Materialization::View;
        let name = node.name.clone();
        NodeResult {
            rows: (counted && !self.is_outside).then(|| self.rows.get(&name).copied().unwrap_or(1)),
            relation: stored.then(|| RelationName { schema: "main".to_owned(), name: name.clone() }),
            name,
            materialization: node.materialization,
            elapsed: Duration::ZERO,
            database_time: Duration::ZERO,
        }
    }
}

/// A node to build, and how often it has been by then.
struct Build<'r> {
    node: &'r GraphNode,
    count: usize,
}

/// The builds of one call.
struct Call<'r, 'o> {
    runner: &'r InMemoryRunner,
    builds: &'r [Build<'r>],
    started: BTreeSet<usize>,
    results: Vec<NodeResult>,
    observer: &'o mut dyn FnMut(NodeEvent<'_>) -> Flow,
}

impl Stage for Call<'_, '_> {
    type Built = ();
    type Error = RunnerError;

    fn is_for_workers(&self, _task: usize) -> bool {
        true
    }

    fn weight(&self, _task: usize) -> usize {
        0
    }

    fn start(&mut self, task: usize) -> Flow {
        let node = self.builds[task].node;
        let flow = (self.observer)(NodeEvent::Started { name: &node.name, resource_type: node.materialization.into() });
        if flow == Flow::Continue {
            self.started.insert(task);
        }
        flow
    }

    fn build(&mut self, task: usize) -> Result<(), RunnerError> {
        self.runner.build(&self.builds[task])?;
        self.publish(task, ())
    }

    fn publish(&mut self, task: usize, (): ()) -> Result<(), RunnerError> {
        let result = self.runner.result(self.builds[task].node);
        (self.observer)(NodeEvent::Finished(&Outcome::Built(result.clone())));
        self.results.push(result);
        Ok(())
    }

    fn fail(&mut self, task: usize, error: &RunnerError) {
        let node = self.builds[task].node;
        let failed = Outcome::failed(node.materialization.into(), &node.name, error, Duration::ZERO);
        (self.observer)(NodeEvent::Finished(&failed));
    }
}

/// Builds on any thread.
struct Builders<'r> {
    runner: &'r InMemoryRunner,
    builds: &'r [Build<'r>],
}

impl Workers<Call<'_, '_>> for Builders<'_> {
    fn build(&self, task: usize, _worker: usize) -> Result<Option<()>, RunnerError> {
        self.runner.build(&self.builds[task]).map(Some)
    }

    /// Builds take no time.
    fn cancel(&self, _worker: usize) {}
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
        workers: usize,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError> {
        let places: BTreeMap<&str, usize> = nodes.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let build = |name: &String| {
            let count = self.calls.get(name).map_or(1, |count| count + 1);
            self.node(name).map(|node| Build { node, count })
        };
        let builds = nodes.iter().map(build).collect::<Result<Vec<_>, _>>()?;
        let among_these = |Build { node, .. }: &Build<'_>| {
            node.depends_on.iter().filter_map(|parent| places.get(parent.as_str()).copied()).collect()
        };
        let dependencies: Vec<Vec<usize>> = builds.iter().map(among_these).collect();
        let mut call = Call { runner: self, builds: &builds, started: BTreeSet::new(), results: Vec::new(), observer };
        let builders = Builders { runner: self, builds: &builds };
        let done = schedule::run(&dependencies, workers, &mut call, &builders);
        let Call { started, results, .. } = call;
        for task in started {
            *self.calls.entry(nodes[task].clone()).or_default() += 1;
        }
        self.log.extend(results.iter().map(|result| LoggedRun { node: result.name.clone(), vars: vars.clone() }));
        match done {
            Ok(()) => Ok(results),
            Err(Unfinished::Failed { error, .. }) => Err(error),
            Err(Unfinished::Stopped { before }) => Err(RunnerError::Stopped { before: nodes[before].clone() }),
        }
    }

    fn data_tests(&self) -> Vec<DataTest> {
        self.tests.clone()
    }

    fn test(
        &mut self,
        tests: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<TestResult>, RunnerError> {
        let mut results = Vec::new();
        for name in tests {
            if !self.tests.iter().any(|test| test.name == *name) {
                return Err(RunnerError::Selection { message: format!("no test is named {name}") });
            }
            if observer(NodeEvent::Started { name, resource_type: ResourceType::Test }) == Flow::Stop {
                return Err(RunnerError::Stopped { before: name.clone() });
            }
            let call = self.calls.entry(name.clone()).or_default();
            *call += 1;
            if let Some(failure) = self.failures.iter().find(|failure| failure.node == *name && failure.call == *call) {
                return Err(failure.error.clone());
            }
            let (status, failures) = self.found.get(name).copied().unwrap_or((TestStatus::Pass, 0));
            let (limit, sql) = ("!= 0".to_owned(), format!("rows of {name}"));
            let result = TestResult { name: name.clone(), status, failures, limit, sql, elapsed: Duration::ZERO };
            // Whether to go on is asked before the next test.
            let _ = observer(NodeEvent::Finished(&Outcome::Tested(result.clone())));
            self.tested.push(LoggedRun { node: name.clone(), vars: vars.clone() });
            results.push(result);
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
        let results = runner.run(&names, &Vars::new(), 1, &mut |_| Flow::Continue).expect("first call");
        assert_eq!(results.iter().map(|r| r.rows).collect::<Vec<_>>(), [None, Some(7)]);
        let error = runner.run(&names, &Vars::new(), 1, &mut |_| Flow::Continue).expect_err("second call");
        assert_eq!(error.to_string(), "scripted");
        assert_eq!(runner.built(), ["a", "b", "a"]);
    }

    #[test]
    fn the_observer_can_stop() {
        let mut runner = runner();
        let mut seen = Vec::new();
        let stopped = runner.run(&["a".to_owned(), "b".to_owned()], &Vars::new(), 1, &mut |event| match event {
            NodeEvent::Started { name: "b", .. } => Flow::Stop,
            event => {
                seen.push(format!("{event:?}").chars().take(7).collect::<String>());
                Flow::Continue
            }
        });
        assert_eq!(stopped.expect_err("stopped").to_string(), "stopped before b");
        assert_eq!(seen, ["Started", "Finishe"]);
        assert_eq!(runner.sources().len(), 3);
    }

    #[test]
    fn tests_find_and_fail_as_scripted() {
        let error = RunnerError::Selection { message: "scripted".into() };
        let runner = runner().with_test("one", &["b"]).with_test("two", &["c", "a"]);
        let mut runner = runner.with_test_result("two", TestStatus::Warn, 3).with_failure("one", 2, error);
        assert_eq!(runner.data_tests()[1].depends_on, ["a", "c"]);
        let names = ["one".to_owned(), "two".to_owned()];
        let results = runner.test(&names, &Vars::new(), &mut |_| Flow::Continue).expect("first call");
        let found: Vec<(TestStatus, i64)> = results.iter().map(|result| (result.status, result.failures)).collect();
        assert_eq!(found, [(TestStatus::Pass, 0), (TestStatus::Warn, 3)]);
        let error = runner.test(&names, &Vars::new(), &mut |_| Flow::Continue).expect_err("second call");
        assert_eq!(error.to_string(), "scripted");
        let stopped = runner.test(&names, &Vars::new(), &mut |_| Flow::Stop).expect_err("stopped");
        assert_eq!(stopped.to_string(), "stopped before one");
        assert!(runner.test(&["three".to_owned()], &Vars::new(), &mut |_| Flow::Continue).is_err());
        assert_eq!(runner.tested().len(), 2);
    }
}
