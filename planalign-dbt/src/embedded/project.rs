//! A loaded and parsed project.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use minijinja::Environment;
use serde_json::{Map, Value as Json};

use super::exposures::Exposure;
use super::jinja::context::{Subject, World};
use super::jinja::phase::{Declared, Relations};
use super::jinja::relation::Relation;
use super::schema_yml::SourceTable;
use crate::runner::{Materialization, ModelGraph, RunnerError};

/// A project, immutable once loaded.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) world: Arc<World>,
    pub(crate) env: Environment<'static>,
    /// Default variables.
    pub(crate) vars: Map<String, Json>,
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) tests: Vec<TestNode>,
    pub(crate) sources: Vec<SourceTable>,
    pub(crate) exposures: Vec<Exposure>,
    /// The folder for artifacts, relative to the project.
    pub(crate) target_path: Option<String>,
    pub(crate) relations: Arc<Relations>,
    pub(crate) graph: ModelGraph,
    /// Names of all nodes, each after its dependencies.
    pub(crate) order: Vec<String>,
}

/// A model or seed.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) subject: Arc<Subject>,
    pub(crate) materialization: Materialization,
    pub(crate) declared: Arc<Declared>,
    /// Ephemeral models inserted into this one, each after those it uses.
    pub(crate) ephemerals: Vec<String>,
    pub(crate) body: Body,
    /// The name that it uses with which a template reads or changes the state of the stage's connection, once looked for.
    pub(crate) stage_name: OnceLock<Option<String>>,
}

/// The source of a node's rows.
#[derive(Debug)]
pub(crate) enum Body {
    /// The template of a model.
    Sql {
        template: String,
        raw: String,
        /// Names that it uses but doesn't define.
        uses: BTreeSet<String>,
        /// The same of its hooks.
        hook_uses: BTreeSet<String>,
    },
    /// The file of a seed.
    Csv { path: PathBuf, content: String },
}

/// A test of a model, column, or source, or a singular test.
#[derive(Debug)]
pub(crate) struct TestNode {
    pub(crate) subject: Arc<Subject>,
    pub(crate) declared: Arc<Declared>,
    pub(crate) template: String,
    /// The query, or for a generic test, its call as dbt writes it.
    pub(crate) raw: String,
    pub(crate) kind: TestKind,
    /// Its `where`, as rendered when the project was loaded.
    pub(crate) condition: Option<String>,
    /// Why it can't run.
    pub(crate) problem: Option<RunnerError>,
}

/// The source of a test.
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

impl TestNode {
    /// The name of a file or table of the test.
    pub(crate) fn alias(&self) -> &str {
        self.subject.config.text("alias").unwrap_or(&self.subject.name)
    }
}

impl Node {
    pub(crate) fn relation(&self) -> &Relation {
        &self.subject.this
    }

    pub(crate) fn is_seed(&self) -> bool {
        self.materialization == Materialization::Seed
    }
}
