//! What the rest of the program asks of a dbt project, whoever runs it.

use std::collections::BTreeMap;
use std::time::Duration;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint};
use serde::{Deserialize, Serialize};

/// Variables of one invocation, as `--vars` would give them.
pub type Vars = serde_json::Map<String, serde_json::Value>;

/// Runs the models of one dbt project.
///
/// A runner takes part in its caller's unit of work: it starts and ends no transaction of its own.
pub trait ModelRunner {
    /// The project's nodes and what they depend on.
    fn graph(&self) -> &ModelGraph;

    /// Resolves a selection in dbt's syntax (`path:models/foundation`, `tag:x`, `+model`, unions by space, intersections by
    /// comma) to seeds and models, in an order in which each stands after those it depends on.
    fn select(&self, selection: &str) -> Result<Vec<String>, RunnerError>;

    /// Builds the named nodes one after the other, in the given order, and reports each to `observer` before it starts and
    /// when it has ended. Stops at the first failure, and before a node for which `observer` answers [`Flow::Stop`].
    fn run(
        &mut self,
        nodes: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<NodeResult>, RunnerError>;

    /// What the results of a run depend on: the text of each model with every macro that it can reach, and of each seed, by
    /// a name such as `model.int_baseline_workforce`.
    fn sources(&self) -> BTreeMap<String, String>;

    /// The first year that a change of a seed's text concerns, if the project says that its rows are about years; `None`: all.
    fn first_year_touched(&self, _seed: &str, _before: &str, _now: &str) -> Option<i32> {
        None
    }
}

/// Whether to go on with the next node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Build it.
    Continue,
    /// Leave it and all after it.
    Stop,
}

/// What a runner reports while it works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NodeEvent<'a> {
    /// The node is about to be built.
    Started {
        /// Name of the model or seed.
        name: &'a str,
    },
    /// The node was built.
    Finished(&'a NodeResult),
}

/// A node that was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeResult {
    /// Name of the model or seed.
    pub name: String,
    /// How it was built.
    pub materialization: Materialization,
    /// The relation that holds its rows; `None` for ephemeral models.
    pub relation: Option<RelationName>,
    /// Rows written; `None` for views and ephemeral models.
    pub rows: Option<u64>,
    /// Wall time, rendering included.
    pub elapsed: Duration,
    /// Part of it that the database worked.
    pub database_time: Duration,
}

/// A relation of the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationName {
    /// Schema, for example `main`.
    pub schema: String,
    /// Table or view.
    pub name: String,
}

/// How a node becomes a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Materialization {
    /// A view.
    View,
    /// A table, built anew each time.
    Table,
    /// A table whose rows of earlier runs stay.
    Incremental,
    /// A common table expression within the models that use it.
    Ephemeral,
    /// A table loaded from a CSV file of the project.
    Seed,
}

/// The project's seeds and models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelGraph {
    nodes: BTreeMap<String, GraphNode>,
}

/// A seed or model and its place in the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNode {
    /// Name of the model or seed.
    pub name: String,
    /// How it is built.
    pub materialization: Materialization,
    /// Names of the seeds and models that it refs, sorted.
    pub depends_on: Vec<String>,
}

impl ModelGraph {
    /// A graph of these nodes.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = GraphNode>) -> Self {
        Self { nodes: nodes.into_iter().map(|n| (n.name.clone(), n)).collect() }
    }

    /// The node of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&GraphNode> {
        self.nodes.get(name)
    }

    /// All nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &GraphNode> {
        self.nodes.values()
    }
}

/// A project could not be loaded, or a node not be built.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A file of the project is missing or malformed.
    #[error("{file}{}: {message}", line.map(|l| format!(":{l}")).unwrap_or_default())]
    Project {
        /// File, relative to the project.
        file: String,
        /// Line, from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// A selection or a ref names nothing.
    #[error("{message}")]
    Selection {
        /// What is wrong, with the nearest known name.
        message: String,
    },
    /// The project uses a feature that this runner refuses.
    #[error("{node} uses {feature}, which is not supported: {hint}")]
    Unsupported {
        /// The feature, in dbt's words.
        feature: String,
        /// The node or file.
        node: String,
        /// What to do instead.
        hint: String,
    },
    /// A template could not be rendered.
    #[error("cannot compile model {node} ({file}:{line}): {message}")]
    Compilation {
        /// Name of the node.
        node: String,
        /// File, relative to the project.
        file: String,
        /// Line of the template, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The database refused the statement of a node.
    #[error("model {node} ({file}) failed")]
    Database {
        /// Name of the node.
        node: String,
        /// File, relative to the project.
        file: String,
        /// Lines of the rendered SQL around the place, the place marked; literals are kept, because they come from the
        /// project and its variables, not from data.
        excerpt: String,
        /// What the engine says, redacted.
        #[source]
        cause: Box<DatabaseError>,
    },
    /// The observer answered [`Flow::Stop`].
    #[error("stopped before model {before}")]
    Stopped {
        /// The node that was not built any more.
        before: String,
    },
}

impl RunnerError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database { cause, .. } => cause.fault(),
            _ => Fault::Deterministic,
        }
    }

    /// The node that failed and its file, with the line if it is known: `int_hires` and `models/int_hires.sql:12`.
    #[must_use]
    pub fn node(&self) -> Option<(&str, String)> {
        match self {
            Self::Compilation { node, file, line, .. } => Some((node, format!("{file}:{line}"))),
            Self::Database { node, file, .. } => Some((node, file.clone())),
            _ => None,
        }
    }
}

impl Diagnostic for RunnerError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Database { excerpt, .. } if !excerpt.is_empty() => vec![excerpt.clone()],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self.fault() {
            Fault::Deterministic if self.node().is_some() => {
                vec![Hint::run("fix the model or the setting that it depends on, then run {}", [Action::Retry])]
            }
            fault => fault.hints(),
        }
    }
}
