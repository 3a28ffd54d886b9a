//! The interface for running a dbt project.

use std::collections::BTreeMap;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint};
use serde::{Deserialize, Serialize};

use crate::dbt_error::DbtError;
use crate::outcome::{NodeResult, Outcome, ResourceType, TestResult};

/// Variables of one invocation, as with `--vars`.
pub type Vars = serde_json::Map<String, serde_json::Value>;

/// Runs the models of one dbt project.
///
/// A runner that joins its caller's unit of work doesn't start or end it; outside of one, each node is a unit of its own.
pub trait ModelRunner {
    /// Returns the project's nodes and their dependencies.
    fn graph(&self) -> &ModelGraph;

    /// Whether nodes are built in the caller's open transaction. If not, another process builds them, and the caller must have
    /// released the database to it.
    fn joins_unit(&self) -> bool {
        true
    }

    /// What builds the nodes, with versions by name, for the record: `runner`, and others that a runner has.
    fn versions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("runner".to_owned(), "embedded".to_owned())])
    }

    /// Resolves a dbt selection (`path:models/foundation`, `tag:x`, `+model`, unions by space, intersections by comma) to seeds
    /// and models, each after its dependencies.
    fn select(&self, selection: &str) -> Result<Vec<String>, RunnerError>;

    /// Builds the named nodes, which are in an order in which each comes after its dependencies, up to `workers` at the same time,
    /// and reports each to `observer` before and after its build, on the caller's thread. The results don't depend on `workers`.
    /// Fails with the first failure in the given order, and stops before the next node if `observer` returns [`Flow::Stop`].
    fn run(
        &mut self,
        nodes: &[String],
        vars: &Vars,
        workers: usize,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError>;

    /// Returns the project's data tests.
    fn data_tests(&self) -> Vec<DataTest>;

    /// Runs the named data tests in this order on the tables that are there, and reports each to `observer` before and after. Fails
    /// with the first test that can't run, and stops before the next one if `observer` returns [`Flow::Stop`]. Like the nodes of
    /// [`run`](Self::run), they need the database of a caller that has released it, unless the runner joins its unit.
    fn test(
        &mut self,
        tests: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<TestResult>, RunnerError>;

    /// Which of these nodes are built in order even if there are several workers, each with the reason, such as "uses `this`".
    fn in_order(&self, _nodes: &[String], _vars: &Vars) -> Result<Vec<(String, String)>, RunnerError> {
        Ok(Vec::new())
    }

    /// Returns the sources that results depend on, by names such as `model.int_baseline_workforce`: each model with all macros it
    /// can reach, and each seed.
    fn sources(&self) -> BTreeMap<String, String>;

    /// Returns the first year affected by a change to a seed, if the project declares that its rows are by year; `None`: all
    /// years.
    fn first_year_touched(&self, _seed: &str, _before: &str, _now: &str) -> Option<i32> {
        None
    }
}

/// Whether to continue with the next node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Build the node.
    Continue,
    /// Stop before the node.
    Stop,
}

/// Progress reported by a runner.
#[derive(Clone, Copy, Debug)]
pub enum NodeEvent<'a> {
    /// The node is about to be built.
    Started {
        /// Name of the node.
        name: &'a str,
        /// What it is.
        resource_type: ResourceType,
    },
    /// The node was built, or not.
    Finished(&'a Outcome),
    /// Nothing happened for a moment; another process is at work.
    Waiting,
}

/// A relation in the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationName {
    /// Schema, such as `main`.
    pub schema: String,
    /// Table or view.
    pub name: String,
}

/// How a node is materialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Materialization {
    /// A view.
    View,
    /// A table, rebuilt each time.
    Table,
    /// A table that keeps rows of earlier runs.
    Incremental,
    /// A common table expression in the models that use it.
    Ephemeral,
    /// A table loaded from a CSV file in the project.
    Seed,
}

/// The project's seeds and models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelGraph {
    nodes: BTreeMap<String, GraphNode>,
}

/// A seed or model and its dependencies.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNode {
    /// Name of the model or seed.
    pub name: String,
    /// How it is built.
    pub materialization: Materialization,
    /// Sorted names of the seeds and models it refs.
    pub depends_on: Vec<String>,
}

/// A query of the project that finds wrong rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataTest {
    /// Name of the test.
    pub name: String,
    /// File that defines it, relative to the project.
    pub file: String,
    /// Sorted names of the seeds and models whose relations it reads, also as sources.
    pub depends_on: Vec<String>,
}

impl ModelGraph {
    /// Creates a graph of these nodes.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = GraphNode>) -> Self {
        Self { nodes: nodes.into_iter().map(|n| (n.name.clone(), n)).collect() }
    }

    /// Returns the node with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&GraphNode> {
        self.nodes.get(name)
    }

    /// Iterates over all nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &GraphNode> {
        self.nodes.values()
    }
}

/// A project can't be loaded, or a node can't be built.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A file of the project is missing or malformed.
    #[error("{}: {message}", place(file, *line))]
    Project {
        /// File, relative to the project.
        file: String,
        /// Line, from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// A selection or ref matches nothing.
    #[error("{message}")]
    Selection {
        /// What is wrong, with the most similar known name.
        message: String,
    },
    /// The project uses an unsupported feature.
    #[error("{node} uses {feature}, which is not supported: {hint}")]
    Unsupported {
        /// The feature, in dbt's terms.
        feature: String,
        /// The node or file.
        node: String,
        /// What to do instead.
        hint: String,
    },
    /// A template can't be rendered.
    #[error("cannot compile {} ({}): {message}", named(kind, node), place(file, *line))]
    Compilation {
        /// What the node is, such as `model` or `test`.
        kind: &'static str,
        /// Name of the node.
        node: String,
        /// File, relative to the project.
        file: String,
        /// Line of the template, from 1, if known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// A node's statement failed.
    #[error("{} ({file}) failed", named(kind, node))]
    Database {
        /// What the node is, such as `model` or `test`.
        kind: &'static str,
        /// Name of the node.
        node: String,
        /// File, relative to the project.
        file: String,
        /// Lines of the rendered SQL around the marked error position; literals are kept because they come from the project and
        /// its variables, not from data.
        excerpt: String,
        /// The engine's message, redacted.
        #[source]
        cause: Box<DatabaseError>,
    },
    /// The project isn't trusted, and a node does more than read tables of the run.
    #[error("{} ({file}) {problem}", named(kind, node))]
    Refused {
        /// What the node is, such as `model`.
        kind: &'static str,
        /// Name of the node.
        node: String,
        /// File, relative to the project.
        file: String,
        /// What it does, and what to do instead: ``calls `read_text`; ...``.
        problem: String,
    },
    /// A `dbt` executable can't be used, or failed as a whole.
    #[error(transparent)]
    Dbt(#[from] DbtError),
    /// The observer returned [`Flow::Stop`].
    #[error("stopped before {before}")]
    Stopped {
        /// The first node or test that wasn't run.
        before: String,
    },
}

/// `model orders`, or the kind alone for what has no other name.
fn named(kind: &str, node: &str) -> String {
    if kind == node { kind.to_owned() } else { format!("{kind} {node}") }
}

/// `models/a.sql:3`, or `models/a.sql` without a line.
fn place(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

impl RunnerError {
    /// Creates an error for an unsupported feature, with what to do instead; dbt itself always is one way.
    #[cfg(feature = "duckdb")]
    pub(crate) fn unsupported(feature: impl Into<String>, node: &str, hint: &str) -> Self {
        let hint = format!("{hint}; or use dbt itself (`dbt build`, or `--runner dbt` in a simulation)");
        Self::Unsupported { feature: feature.into(), node: node.to_owned(), hint }
    }

    /// Classifies the error by what can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database { cause, .. } => cause.fault(),
            Self::Dbt(error) => error.fault(),
            _ => Fault::Deterministic,
        }
    }

    /// Returns the failed node and its file, with the line if known: `int_hires` and `models/int_hires.sql:12`.
    #[must_use]
    pub fn node(&self) -> Option<(&str, String)> {
        match self {
            Self::Compilation { node, file, line, .. } => Some((node, place(file, *line))),
            Self::Database { node, file, .. } | Self::Dbt(DbtError::System { node, file, .. }) => {
                Some((node, file.clone()))
            }
            _ => None,
        }
    }
}

impl Diagnostic for RunnerError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Database { excerpt, .. } if !excerpt.is_empty() => vec![excerpt.clone()],
            Self::Dbt(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        if let Self::Dbt(error) = self {
            return error.hints();
        }
        match (self.fault(), self) {
            (
                Fault::Deterministic,
                Self::Compilation { kind: kind @ ("model" | "seed"), .. }
                | Self::Database { kind: kind @ ("model" | "seed"), .. },
            ) => {
                vec![Hint::run(format!("fix the {kind} or the setting it depends on, then run {{}}"), [Action::Retry])]
            }
            (_, Self::Refused { .. }) => {
                vec![Hint::text("if you trust the project, leave out --untrusted-project")]
            }
            (fault, _) => fault.hints(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_run_builds_is_to_be_fixed_and_retried() {
        for (kind, expected) in [("model", true), ("seed", true), ("test", false), ("inline query", false)] {
            let (node, file, message) = ("a".to_owned(), "a.sql".to_owned(), "unknown".to_owned());
            let error = RunnerError::Compilation { kind, node, file, line: None, message };
            assert_eq!(!error.hints().is_empty(), expected, "{kind}");
        }
    }
}
