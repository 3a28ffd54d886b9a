//! Builds and tests a selection of a project: each node after its dependencies, each test after what it tests, and nothing whose
//! dependencies failed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use planalign_config::topological_order;

use super::jinja::context::lock;
use super::project::{Node, TestNode};
use super::resources::Selection;
use super::run::{EmbeddedRunner, Session};
use crate::graph::spread;
use crate::outcome::{Outcome, ResourceType, Skip};
use crate::runner::{Flow, Materialization, NodeEvent, RunnerError, Vars};

/// What to do after a node or test failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Skip what depends on it and continue with the rest. In a transaction of the caller, skip everything, because it can only
    /// be rolled back.
    Continue,
    /// Skip everything else (`--fail-fast`).
    Stop,
}

/// A node or test of a build.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'p> {
    Node(&'p Node),
    Test(&'p TestNode),
}

impl<'p> Item<'p> {
    pub(crate) fn id(self) -> &'p str {
        match self {
            Self::Node(node) => &node.subject.unique_id,
            Self::Test(test) => &test.subject.unique_id,
        }
    }

    pub(crate) fn name(self) -> &'p str {
        match self {
            Self::Node(node) => &node.subject.name,
            Self::Test(test) => &test.subject.name,
        }
    }

    pub(crate) fn resource_type(self) -> ResourceType {
        match self {
            Self::Node(node) => node.materialization.into(),
            Self::Test(_) => ResourceType::Test,
        }
    }
}

/// Why a build stops.
enum Stop {
    /// Something with this name failed.
    After(String),
    /// The observer wants it.
    Observer,
}

/// What became of the items so far.
struct Progress<'o> {
    observer: &'o mut dyn FnMut(NodeEvent<'_>) -> Flow,
    outcomes: Vec<Outcome>,
    /// Names of what failed, by ID.
    failed: BTreeMap<String, String>,
    /// Why everything else is skipped.
    stopped: Option<Stop>,
}

impl EmbeddedRunner {
    /// Builds and tests what is selected, like `dbt build`, and reports each node and test to `observer` before and after.
    /// Models that depend on a failed test are skipped like those that depend on a failed model. Stops before a node or test, and
    /// skips the rest, if `observer` returns [`Flow::Stop`].
    ///
    /// Returns what became of each node and test, in order; ephemeral models are part of those that use them. Fails only if
    /// nothing was tried, because of the selection or a variable.
    pub fn build(
        &mut self,
        selection: &Selection,
        vars: &Vars,
        after_failure: AfterFailure,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<Outcome>, RunnerError> {
        let session = self.session(vars)?;
        lock(&session.catalog).forget_views();
        let selected = self.selected(selection)?;
        let items = self.items(&selected);
        let dependencies = Lineage::of(self).dependencies(&items);
        let items = self.in_build_order(items, &dependencies);
        let outcomes = self.execute(&items, &dependencies, &session, after_failure, observer);
        self.keep_compiled(&session);
        Ok(outcomes)
    }

    /// Runs each item, unless an item that it depends on, by ID, failed.
    pub(crate) fn execute(
        &self,
        items: &[Item<'_>],
        dependencies: &BTreeMap<&str, BTreeSet<String>>,
        session: &Session,
        after_failure: AfterFailure,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Vec<Outcome> {
        let mut progress =
            Progress { observer, outcomes: Vec::with_capacity(items.len()), failed: BTreeMap::new(), stopped: None };
        for &item in items {
            let outcome = match progress.begin(item, dependencies.get(item.id())) {
                Ok(()) => self.outcome(item, session),
                Err(skip) => Outcome::Skipped(skip),
            };
            if !outcome.is_success() && !matches!(outcome, Outcome::Skipped(_)) {
                progress.failed.insert(item.id().to_owned(), item.name().to_owned());
                if after_failure == AfterFailure::Stop || self.database.in_transaction() {
                    progress.stopped.get_or_insert_with(|| Stop::After(item.name().to_owned()));
                }
            }
            progress.end(outcome);
        }
        progress.outcomes
    }

    fn outcome(&self, item: Item<'_>, session: &Session) -> Outcome {
        let start = Instant::now();
        let result = match item {
            Item::Node(node) => self.run_node(node, session).map(Outcome::Built),
            Item::Test(test) => self.run_test(test, session).map(Outcome::Tested),
        };
        result.unwrap_or_else(|error| Outcome::failed(item.resource_type(), item.name(), &error, start.elapsed()))
    }

    /// The selected tests, seeds, and models.
    fn items(&self, selected: &BTreeSet<String>) -> Vec<Item<'_>> {
        let project = &self.project;
        let is_selected = |item: &Item<'_>| selected.contains(item.id());
        let is_built = |node: &&Node| node.materialization != Materialization::Ephemeral;
        let nodes = project.order.iter().filter_map(|name| project.nodes.get(name)).filter(is_built);
        let (seeds, models): (Vec<&Node>, Vec<&Node>) = nodes.partition(|node| node.is_seed());
        let nodes = seeds.into_iter().chain(models).map(Item::Node);
        project.tests.iter().map(Item::Test).chain(nodes).filter(is_selected).collect()
    }

    /// Each item after its dependencies, tests of sources after what writes the same tables, and else in the given order, so that
    /// each node is followed by the tests that it completes.
    fn in_build_order<'p>(
        &self,
        items: Vec<Item<'p>>,
        dependencies: &BTreeMap<&str, BTreeSet<String>>,
    ) -> Vec<Item<'p>> {
        let own = |item: Item<'_>| dependencies.get(item.id()).into_iter().flatten().cloned();
        let writers = |item: Item<'p>| match item {
            Item::Test(test) => self.writers(test).map(|node| node.subject.unique_id.clone()).collect(),
            Item::Node(_) => Vec::new(),
        };
        let waiting: Vec<(Item<'p>, Vec<String>)> =
            items.into_iter().map(|item| (item, own(item).chain(writers(item)).collect())).collect();
        let (ordered, circular) = topological_order(&waiting, |(item, _)| item.id(), |(_, after)| after);
        // A model that reads its own table as a source would wait for itself.
        let circular: Vec<(Item<'p>, Vec<String>)> =
            circular.into_iter().map(|(item, _)| (*item, own(*item).collect())).collect();
        let (rest, _) = topological_order(&circular, |(item, _)| item.id(), |(_, after)| after);
        ordered.into_iter().chain(rest).map(|(item, _)| *item).collect()
    }

    /// The nodes that write the sources of a test.
    pub(crate) fn writers<'p>(&'p self, test: &'p TestNode) -> impl Iterator<Item = &'p Node> {
        let (nodes, relations) = (&self.project.nodes, &self.project.relations);
        let sources = test.declared.record.sources.iter().filter_map(|source| relations.sources.get(source)?.as_ref());
        sources.flat_map(|source| nodes.values().filter(|node| node.relation().is_same(source)))
    }
}

/// What depends on what, by ID.
struct Lineage {
    parents: BTreeMap<String, Vec<String>>,
}

impl Lineage {
    fn of(runner: &EmbeddedRunner) -> Self {
        Self { parents: runner.selectables().into_iter().map(|item| (item.id, item.parents)).collect() }
    }

    fn parents(&self, id: &str) -> &[String] {
        self.parents.get(id).map_or(&[], Vec::as_slice)
    }

    /// Everything that an item depends on.
    fn above(&self, id: &str) -> BTreeSet<String> {
        let parents = self.parents(id).iter().cloned().collect();
        spread(&parents, None, |id| self.parents(id).to_vec())
    }

    /// What must have succeeded before each item: what it depends on, and as in `dbt build`, the tests of no more than what a node
    /// depends on.
    fn dependencies<'p>(&self, items: &[Item<'p>]) -> BTreeMap<&'p str, BTreeSet<String>> {
        let builds = items.iter().any(|item| matches!(item, Item::Node(_)));
        let tests = items.iter().filter(|item| builds && matches!(item, Item::Test(_)));
        let tests: Vec<(&str, BTreeSet<String>)> =
            tests.map(|test| (test.id(), self.parents(test.id()).iter().cloned().collect())).collect();
        let of_node = |id: &str| {
            let mut above = self.above(id);
            let known = tests.iter().filter(|(_, tested)| !tested.is_empty() && tested.is_subset(&above));
            let known: Vec<String> = known.map(|(test, _)| (*test).to_owned()).collect();
            above.extend(known);
            above
        };
        let of_item = |item: &Item<'p>| match item {
            Item::Node(_) => of_node(item.id()),
            Item::Test(_) => {
                let parents = self.parents(item.id());
                parents.iter().flat_map(|parent| of_node(parent)).chain(parents.iter().cloned()).collect()
            }
        };
        items.iter().map(|item| (item.id(), of_item(item))).collect()
    }
}

impl Progress<'_> {
    /// Announces an item, unless it must be skipped.
    fn begin(&mut self, item: Item<'_>, dependencies: Option<&BTreeSet<String>>) -> Result<(), Skip> {
        let (resource_type, name) = (item.resource_type(), item.name());
        let failed = dependencies.into_iter().flatten().find_map(|id| self.failed.get(id));
        let after = match (failed, &self.stopped) {
            (Some(failed), _) | (None, Some(Stop::After(failed))) => Some(failed.clone()),
            (None, Some(Stop::Observer)) => None,
            (None, None) => {
                if (self.observer)(NodeEvent::Started { name, resource_type }) == Flow::Continue {
                    return Ok(());
                }
                self.stopped = Some(Stop::Observer);
                None
            }
        };
        Err(Skip { resource_type, name: name.to_owned(), after })
    }

    fn end(&mut self, outcome: Outcome) {
        if (self.observer)(NodeEvent::Finished(&outcome)) == Flow::Stop {
            self.stopped.get_or_insert(Stop::Observer);
        }
        self.outcomes.push(outcome);
    }
}
