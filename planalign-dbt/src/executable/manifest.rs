//! The project as dbt's manifest describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

use crate::dbt_error::DbtError;
use crate::graph;
use crate::runner::{GraphNode, Materialization, ModelGraph, RelationName, RunnerError};
use crate::selection::Selectable;

/// Types of nodes that a stage can build.
const BUILT: [&str; 3] = ["model", "seed", "snapshot"];

#[derive(Debug, Deserialize)]
struct ManifestFile {
    metadata: Metadata,
    nodes: BTreeMap<String, ManifestNode>,
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
        for (id, node) in &built {
            let name = names[id.as_str()].clone();
            let materialization = materialization(node);
            let depends_on: BTreeSet<String> =
                node.depends_on.nodes.iter().filter_map(|id| names.get(id.as_str()).cloned()).collect();
            graph.push(GraphNode { name: name.clone(), materialization, depends_on: depends_on.into_iter().collect() });
            selectables.push(selectable(node, &name));
            let is_stored = materialization != Materialization::Ephemeral;
            let relation = is_stored.then(|| RelationName {
                schema: node.schema.clone(),
                name: node.alias.clone().unwrap_or_else(|| node.name.clone()),
            });
            let selector = format!("package:{},path:{}", node.package_name, node.original_file_path);
            let file = node.original_file_path.clone();
            let node = Node { name: name.clone(), id: (*id).clone(), selector, file, materialization, relation };
            nodes.insert(name, node);
        }
        let graph = ModelGraph::new(graph);
        let order = graph::order(&graph)?;
        Ok(Self { adapter: file.metadata.adapter_type, nodes, graph, order, selectables })
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

fn selectable(node: &ManifestNode, name: &str) -> Selectable {
    let resource_type = BUILT.into_iter().find(|kind| *kind == node.resource_type).unwrap_or("model");
    let materialized = if resource_type == "model" { node.config.materialized.clone() } else { None };
    Selectable {
        name: name.to_owned(),
        file: node.original_file_path.clone(),
        fqn: node.fqn.clone(),
        tags: node.tags.clone(),
        resource_type,
        materialized: materialized.unwrap_or_else(|| resource_type.to_owned()),
        test: None,
    }
}

#[cfg(test)]
mod tests;
