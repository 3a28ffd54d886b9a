//! The project as dbt's manifest describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::dbt_error::DbtError;
use crate::graph;
use crate::runner::{GraphNode, Materialization, ModelGraph, RelationName, RunnerError};
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
    macros: BTreeMap<String, ManifestMacro>,
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

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self, RunnerError> {
        let file = File::open(path).map_err(DbtError::manifest)?;
        let file: ManifestFile = serde_json::from_reader(BufReader::new(file)).map_err(DbtError::manifest)?;
        Self::of(file)
    }

    fn of(file: ManifestFile) -> Result<Self, RunnerError> {
        let root = file.metadata.project_name.clone().unwrap_or_default();
        let built: BTreeMap<&String, &ManifestNode> =
            file.nodes.iter().filter(|(_, node)| BUILT.contains(&node.resource_type.as_str())).collect();
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
        Ok(Self { adapter: file.metadata.adapter_type, nodes, graph, order, selectables, sources })
    }
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
