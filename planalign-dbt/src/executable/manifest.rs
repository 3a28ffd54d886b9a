//! The project as dbt's manifest describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::dbt_error::DbtError;
use crate::graph;
use crate::runner::{DataTest, GraphNode, Materialization, ModelGraph, RelationName, RunnerError};
use crate::selection::Selectable;

/// Packages that come with dbt.
const BUILT_IN: [&str; 2] = ["dbt", "dbt_duckdb"];

/// Types of nodes that a stage can build.
const BUILT: [&str; 3] = ["model", "seed", "snapshot"];

#[derive(Debug, Deserialize)]
struct ManifestFile {
    metadata: Metadata,
    nodes: BTreeMap<String, ManifestNode>,
    #[serde(default)]
    sources: BTreeMap<String, ManifestSource>,
    #[serde(default)]
    macros: BTreeMap<String, ManifestMacro>,
}

/// A table that the project reads.
#[derive(Debug, Deserialize)]
struct ManifestSource {
    schema: String,
    identifier: String,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    adapter_type: Option<String>,
    project_name: Option<String>,
}

/// A node as the manifest describes it.
#[derive(Debug, Deserialize)]
struct ManifestNode {
    resource_type: String,
    name: String,
    package_name: String,
    original_file_path: String,
    /// The properties file, after the package and `://`.
    #[serde(default)]
    patch_path: Option<String>,
    #[serde(default)]
    fqn: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    schema: String,
    #[serde(default)]
    alias: Option<String>,
    #[serde(default)]
    config: Config,
    #[serde(default)]
    depends_on: DependsOn,
    #[serde(default)]
    raw_code: String,
    #[serde(default)]
    unrendered_config: serde_json::Value,
    #[serde(default)]
    root_path: Option<PathBuf>,
}

impl ManifestNode {
    /// Whether this is the query of `dbt show`, which dbt 2.0 writes to a file of its own, such as `target/inline_49891a37.sql`.
    fn is_inline(&self) -> bool {
        let file = Path::new(&self.original_file_path).file_name().unwrap_or_default();
        self.name == "inline" && file.to_string_lossy().starts_with("inline_")
    }
}

/// A macro as the manifest describes it.
#[derive(Debug, Deserialize)]
struct ManifestMacro {
    package_name: String,
    #[serde(default)]
    macro_sql: String,
    #[serde(default)]
    depends_on: DependsOn,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    materialized: Option<String>,
    /// Of a test: the conditions on what it counts.
    #[serde(default)]
    warn_if: Option<String>,
    #[serde(default)]
    error_if: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct DependsOn {
    #[serde(default)]
    nodes: Vec<String>,
    #[serde(default)]
    macros: Vec<String>,
}

/// The models and seeds of a project.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) adapter: Option<String>,
    /// By name.
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) graph: ModelGraph,
    /// All names, each after its dependencies.
    pub(crate) order: Vec<String>,
    pub(crate) selectables: Vec<Selectable>,
    pub(crate) tests: Vec<Test>,
    /// What the rows of each node depend on, by `model.` or `seed.` and its name.
    pub(crate) sources: BTreeMap<String, String>,
}

/// A model, seed, or snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// dbt's name for it, such as `model.shop.orders`.
    pub(crate) id: String,
    /// Selects it and nothing else.
    pub(crate) selector: String,
    /// Relative to its package.
    pub(crate) file: String,
    pub(crate) materialization: Materialization,
    pub(crate) relation: Option<RelationName>,
    /// Names.
    pub(crate) depends_on: Vec<String>,
}

/// A data test.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    /// dbt's name for it, such as `test.shop.unique_orders_id.1360ecc70e`.
    pub(crate) id: String,
    /// Selects it, and no other test.
    pub(crate) selector: String,
    pub(crate) package: String,
    /// Relative to its package.
    pub(crate) file: String,
    /// Name of the file with its query.
    pub(crate) alias: String,
    pub(crate) warn_if: String,
    pub(crate) error_if: String,
    /// Names.
    pub(crate) depends_on: Vec<String>,
}

impl Test {
    /// A test of the project `shop`.
    #[cfg(test)]
    pub(crate) fn new(name: &str, id: &str, file: &str) -> Self {
        let (name, id, file) = (name.to_owned(), id.to_owned(), file.to_owned());
        let (selector, package, alias) = (format!("fqn:shop.{name}"), "shop".to_owned(), name.clone());
        let condition = "!= 0".to_owned();
        Self {
            name,
            id,
            selector,
            package,
            file,
            alias,
            warn_if: condition.clone(),
            error_if: condition,
            depends_on: Vec::new(),
        }
    }

    pub(crate) fn described(&self) -> DataTest {
        DataTest { name: self.name.clone(), file: self.file.clone(), depends_on: self.depends_on.clone() }
    }
}

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self, RunnerError> {
        let file = File::open(path).map_err(DbtError::manifest)?;
        let file: ManifestFile = serde_json::from_reader(BufReader::new(file)).map_err(DbtError::manifest)?;
        Self::of(file)
    }

    fn of(file: ManifestFile) -> Result<Self, RunnerError> {
        let root = file.metadata.project_name.clone().unwrap_or_default();
        let is_built = |node: &ManifestNode| BUILT.contains(&node.resource_type.as_str()) && !node.is_inline();
        let built: BTreeMap<&String, &ManifestNode> = file.nodes.iter().filter(|(_, node)| is_built(node)).collect();
        let names = names(&built, &root);
        let mut nodes = BTreeMap::new();
        let mut graph = Vec::new();
        let mut selectables = Vec::new();
        let mut sources = BTreeMap::new();
        for (id, node) in &built {
            let name = names[id.as_str()].clone();
            let materialization = materialization(node);
            let depends_on: BTreeSet<String> =
                node.depends_on.nodes.iter().filter_map(|id| names.get(id.as_str()).cloned()).collect();
            let depends_on: Vec<String> = depends_on.into_iter().collect();
            graph.push(GraphNode { name: name.clone(), materialization, depends_on: depends_on.clone() });
            selectables.push(selectable(node, id, &name));
            sources.insert(format!("{}.{name}", node.resource_type), source(node, &file.macros));
            let is_stored = materialization != Materialization::Ephemeral;
            let relation = is_stored.then(|| RelationName {
                schema: node.schema.clone(),
                name: node.alias.clone().unwrap_or_else(|| node.name.clone()),
            });
            let selector = format!("package:{},path:{}", node.package_name, node.original_file_path);
            let path = node.original_file_path.clone();
            let node = Node {
                name: name.clone(),
                id: (*id).clone(),
                selector,
                file: path,
                materialization,
                relation,
                depends_on,
            };
            nodes.insert(name, node);
        }
        let graph = ModelGraph::new(graph);
        let order = graph::order(&graph)?;
        let tests = tests(&file, &names, &nodes, &root);
        Ok(Self { adapter: file.metadata.adapter_type, nodes, graph, order, selectables, tests, sources })
    }
}

/// The data tests, by dbt's IDs.
fn tests(file: &ManifestFile, names: &BTreeMap<&str, String>, nodes: &BTreeMap<String, Node>, root: &str) -> Vec<Test> {
    // The node that writes a source.
    let writer = |id: &String| {
        let ManifestSource { schema, identifier } = file.sources.get(id)?;
        let is_same = |relation: &RelationName| {
            relation.schema.eq_ignore_ascii_case(schema) && relation.name.eq_ignore_ascii_case(identifier)
        };
        nodes.values().find(|node| node.relation.as_ref().is_some_and(is_same)).map(|node| node.name.clone())
    };
    let test = |(id, node): (&String, &ManifestNode)| {
        let read = node.depends_on.nodes.iter().filter_map(|id| names.get(id.as_str()).cloned().or_else(|| writer(id)));
        let depends_on: BTreeSet<String> = read.collect();
        let (package, name) = (node.package_name.clone(), node.name.clone());
        let condition = |given: &Option<String>| given.clone().unwrap_or_else(|| "!= 0".to_owned());
        Test {
            id: id.clone(),
            selector: format!("fqn:{}", node.fqn.join(".")),
            file: node.original_file_path.clone(),
            alias: node.alias.clone().unwrap_or_else(|| name.clone()),
            warn_if: condition(&node.config.warn_if),
            error_if: condition(&node.config.error_if),
            depends_on: depends_on.into_iter().collect(),
            // As in `names`, tests of packages carry their package.
            name: if package == root { name } else { format!("{package}.{name}") },
            package,
        }
    };
    file.nodes.iter().filter(|(_, node)| node.resource_type == "test").map(test).collect()
}

/// Names by dbt's IDs: those of the project are plain, others carry their package if they'd be ambiguous.
fn names<'m>(nodes: &BTreeMap<&'m String, &ManifestNode>, root: &str) -> BTreeMap<&'m str, String> {
    let is_taken = |node: &ManifestNode| {
        node.package_name != root
            && nodes.values().any(|other| other.name == node.name && other.package_name != node.package_name)
    };
    let name = |node: &ManifestNode| {
        if is_taken(node) { format!("{}.{}", node.package_name, node.name) } else { node.name.clone() }
    };
    nodes.iter().map(|(id, node)| (id.as_str(), name(node))).collect()
}

/// The configuration and the code of a node, with all macros of the project and its packages that it can reach.
fn source(node: &ManifestNode, macros: &BTreeMap<String, ManifestMacro>) -> String {
    let seed = node.root_path.as_ref().map(|root| root.join(&node.original_file_path));
    let code = match seed {
        Some(file) if node.resource_type == "seed" => fs::read_to_string(file).unwrap_or_default(),
        _ => node.raw_code.clone(),
    };
    let mut text = format!("{}\n{code}\n", node.unrendered_config);
    let mut open: Vec<&String> = node.depends_on.macros.iter().collect();
    let mut found = BTreeMap::new();
    while let Some(id) = open.pop() {
        let Some(reached) = macros.get(id).filter(|reached| !BUILT_IN.contains(&reached.package_name.as_str())) else {
            continue;
        };
        if found.insert(id, &reached.macro_sql).is_none() {
            open.extend(&reached.depends_on.macros);
        }
    }
    for (id, sql) in found {
        let _ = writeln!(text, "-- {id}\n{sql}");
    }
    text
}

fn materialization(node: &ManifestNode) -> Materialization {
    match (node.resource_type.as_str(), node.config.materialized.as_deref()) {
        ("seed", _) => Materialization::Seed,
        ("snapshot", _) | (_, Some("incremental")) => Materialization::Incremental,
        (_, Some("view")) => Materialization::View,
        (_, Some("ephemeral")) => Materialization::Ephemeral,
        // Materializations of a package build a table under the model's name.
        _ => Materialization::Table,
    }
}

fn selectable(node: &ManifestNode, id: &str, name: &str) -> Selectable {
    let resource_type = BUILT.into_iter().find(|kind| *kind == node.resource_type).unwrap_or("model");
    let materialized = if resource_type == "model" { node.config.materialized.clone() } else { None };
    Selectable {
        id: id.to_owned(),
        name: name.to_owned(),
        file: node.original_file_path.clone(),
        properties: node.patch_path.as_ref().and_then(|path| Some(path.split_once("://")?.1.to_owned())),
        fqn: node.fqn.clone(),
        tags: node.tags.clone(),
        resource_type,
        materialized: materialized.unwrap_or_else(|| resource_type.to_owned()),
        test: None,
        parents: node.depends_on.nodes.clone(),
    }
}

#[cfg(test)]
mod tests;
