//! What a project has, and selections of it.

use std::collections::BTreeSet;

use super::jinja::context::Subject;
use super::jinja::phase::Record;
use super::loader::fqn_of_source;
use super::project::{TestKind, TestNode};
use super::run::EmbeddedRunner;
use super::schema_yml::SourceTable;
use super::unique_id;
use crate::outcome::{Outcome, ResourceType};
use crate::runner::{Materialization, RelationName, RunnerError};
use crate::selection::{Selectable, TestTraits, select};

/// What to build, test, or list, in dbt's selection syntax.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// What to select; empty: everything.
    pub select: String,
    /// What to leave out of it.
    pub exclude: String,
    /// Kinds of resources to select; empty: all.
    pub resource_types: Vec<ResourceType>,
}

/// A seed, model, test, or source of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// dbt's ID, such as `model.shop.orders`.
    pub unique_id: String,
    /// What it is.
    pub resource_type: ResourceType,
    /// Its name; for a source, the name of the table.
    pub name: String,
    /// File that defines it, relative to the project.
    pub file: String,
    /// Project, folders, and name; for a source, its name before that of the table.
    pub fqn: Vec<String>,
    /// How a seed or model is built.
    pub materialization: Option<Materialization>,
    /// The relation with its rows; `None` for tests and ephemeral models.
    pub relation: Option<RelationName>,
    /// Its tags.
    pub tags: Vec<String>,
    /// IDs of what it refs.
    pub depends_on: Vec<String>,
}

impl Selection {
    /// Selects this of all kinds of resources.
    pub fn of(select: impl Into<String>) -> Self {
        Self { select: select.into(), ..Self::default() }
    }

    /// Limits it to these kinds of resources.
    #[must_use]
    pub fn only(mut self, resource_types: impl IntoIterator<Item = ResourceType>) -> Self {
        self.resource_types = resource_types.into_iter().collect();
        self
    }
}

impl EmbeddedRunner {
    /// Lists what is selected, by ID.
    pub fn list(&self, selection: &Selection) -> Result<Vec<Resource>, RunnerError> {
        let selected = self.selected(selection)?;
        let project = &self.project;
        let mut listed = Vec::new();
        for item in self.selectables().into_iter().filter(|item| selected.contains(&item.id)) {
            let node = project.nodes.get(&item.name).filter(|_| ["seed", "model"].contains(&item.resource_type));
            let source = project.sources.iter().find(|source| self.source_id(source) == item.id);
            let stored = node.filter(|node| node.materialization != Materialization::Ephemeral);
            let of_source = |s: &SourceTable| RelationName { schema: s.schema.clone(), name: s.identifier.clone() };
            listed.push(Resource {
                resource_type: match (node, source) {
                    (Some(node), _) => node.materialization.into(),
                    (None, Some(_)) => ResourceType::Source,
                    (None, None) => ResourceType::Test,
                },
                materialization: node.map(|node| node.materialization),
                relation: stored.map(|node| node.relation().name()).or(source.map(of_source)),
                unique_id: item.id,
                name: item.name,
                file: item.file,
                fqn: item.fqn,
                tags: item.tags,
                depends_on: item.parents,
            });
        }
        listed.sort_by(|a, b| a.unique_id.cmp(&b.unique_id));
        Ok(listed)
    }

    /// dbt's ID of what an outcome is about.
    pub(super) fn id_of(&self, outcome: &Outcome) -> String {
        let (project, name) = (&self.project, outcome.name());
        let subject = match outcome.resource_type() {
            ResourceType::Test => project.tests.iter().map(|test| &test.subject).find(|subject| subject.name == name),
            _ => project.nodes.get(name).map(|node| &node.subject),
        };
        subject.map(|subject| subject.unique_id.clone()).unwrap_or_default()
    }

    /// The IDs of what is selected.
    pub(crate) fn selected(&self, selection: &Selection) -> Result<BTreeSet<String>, RunnerError> {
        let items = self.selectables();
        let mut selected = select(&selection.select, &items)?;
        if !selection.exclude.trim().is_empty() {
            let excluded = select(&selection.exclude, &items)?;
            selected.retain(|id| !excluded.contains(id));
        }
        let types: Vec<&str> = selection.resource_types.iter().map(|kind| kind.as_str()).collect();
        let is_meant = |item: &&Selectable| types.is_empty() || types.contains(&item.resource_type);
        let meant: BTreeSet<&str> = items.iter().filter(is_meant).map(|item| item.id.as_str()).collect();
        selected.retain(|id| meant.contains(id.as_str()));
        Ok(selected)
    }

    /// All seeds, models, tests, and sources as selection sees them.
    pub(crate) fn selectables(&self) -> Vec<Selectable> {
        let nodes = self.node_selectables();
        let tests = self.project.tests.iter().map(|test| {
            let item = self.selectable(&test.subject, &test.declared.record);
            Selectable { test: Some(traits(test)), ..item }
        });
        let sources = self.project.sources.iter().map(|source| Selectable {
            id: self.source_id(source),
            name: source.table.clone(),
            file: source.file.clone(),
            properties: None,
            fqn: fqn_of_source(&self.project.world.project, source),
            tags: source.tags.clone(),
            resource_type: "source",
            materialized: String::new(),
            test: None,
            parents: Vec::new(),
        });
        nodes.into_iter().chain(tests).chain(sources).collect()
    }

    /// Seeds and models as selection sees them.
    pub(crate) fn node_selectables(&self) -> Vec<Selectable> {
        self.project.nodes.values().map(|node| self.selectable(&node.subject, &node.declared.record)).collect()
    }

    fn selectable(&self, subject: &Subject, record: &Record) -> Selectable {
        let materialized = match subject.resource_type {
            "model" => subject.config.materialized().to_owned(),
            other => other.to_owned(),
        };
        Selectable {
            id: subject.unique_id.clone(),
            name: subject.name.clone(),
            file: subject.file.clone(),
            properties: subject.properties.clone(),
            fqn: subject.fqn.clone(),
            tags: subject.config.texts("tags"),
            resource_type: subject.resource_type,
            materialized,
            test: None,
            parents: self.parents(record),
        }
    }

    /// The IDs of what a template refs.
    pub(crate) fn parents(&self, record: &Record) -> Vec<String> {
        let nodes = record.refs.iter().filter_map(|name| self.project.nodes.get(name));
        let sources = record.sources.iter().map(|(source, table)| self.id_of_source(source, table));
        let mut parents: Vec<String> = nodes.map(|node| node.subject.unique_id.clone()).chain(sources).collect();
        parents.sort();
        parents
    }

    pub(super) fn source_id(&self, source: &SourceTable) -> String {
        self.id_of_source(&source.source, &source.table)
    }

    fn id_of_source(&self, source: &str, table: &str) -> String {
        unique_id::source(&self.project.world.project, source, table)
    }
}

fn traits(test: &TestNode) -> TestTraits {
    match &test.kind {
        TestKind::Singular => TestTraits { test_type: "singular", test_name: String::new() },
        TestKind::Generic { test, .. } => TestTraits { test_type: "generic", test_name: test.clone() },
    }
}
