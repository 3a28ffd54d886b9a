//! A project that has been read and parsed: what the runner works from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use minijinja::Environment;
use serde_json::{Map, Value as Json};

use super::jinja::context::{Subject, World};
use super::jinja::phase::{Declared, Relations};
use super::jinja::relation::Relation;
use crate::runner::{Materialization, ModelGraph};

/// The project, immutable once loaded.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) world: Arc<World>,
    pub(crate) env: Environment<'static>,
    /// Defaults of variables.
    pub(crate) vars: Map<String, Json>,
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) tests: Vec<TestNode>,
    pub(crate) relations: Arc<Relations>,
    pub(crate) graph: ModelGraph,
    /// Names of all nodes, each after those it depends on.
    pub(crate) order: Vec<String>,
}

/// A model or seed.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) subject: Arc<Subject>,
    pub(crate) materialization: Materialization,
    pub(crate) declared: Arc<Declared>,
    /// Ephemeral models whose text goes into this one, each after those it uses.
    pub(crate) ephemerals: Vec<String>,
    pub(crate) body: Body,
}

/// Where a node's rows come from.
#[derive(Debug)]
pub(crate) enum Body {
    /// The template of a model.
    Sql {
        template: String,
        raw: String,
        /// Names that it uses and does not define.
        uses: BTreeSet<String>,
    },
    /// The file of a seed.
    Csv { path: PathBuf, content: String },
}

/// A test of a model, column or source, or a query of its own.
#[derive(Debug)]
pub(crate) struct TestNode {
    pub(crate) subject: Arc<Subject>,
    pub(crate) declared: Arc<Declared>,
    pub(crate) template: String,
    pub(crate) kind: TestKind,
}

/// What a test is made of.
#[derive(Debug)]
pub(crate) enum TestKind {
    /// A query in a file.
    Singular,
    /// A `{% test %}` macro with arguments.
    Generic {
        test: String,
        /// The tested model or seed; `None`: a source.
        model: Option<String>,
        source: Option<(String, String)>,
        arguments: Map<String, Json>,
    },
}

impl Node {
    pub(crate) fn relation(&self) -> &Relation {
        &self.subject.this
    }

    pub(crate) fn is_seed(&self) -> bool {
        self.materialization == Materialization::Seed
    }
}
