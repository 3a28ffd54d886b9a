//! Node order, cycles, ancestors, and descendants.

use std::collections::BTreeSet;

use planalign_config::topological_order;

use crate::runner::{ModelGraph, RunnerError};

/// The names of all nodes, each after its dependencies.
pub(crate) fn order(graph: &ModelGraph) -> Result<Vec<String>, RunnerError> {
    let (order, cyclic) = topological_order(graph.nodes(), |node| &node.name, |node| &node.depends_on);
    let Some(start) = cyclic.first() else { return Ok(order.into_iter().map(|node| node.name.clone()).collect()) };
    let cyclic: BTreeSet<&str> = cyclic.iter().map(|node| node.name.as_str()).collect();
    Err(RunnerError::Selection {
        message: format!("models depend on each other in a circle: {}", cycle(graph, &cyclic, &start.name)),
    })
}

/// Follows unordered dependencies until a node repeats.
fn cycle(graph: &ModelGraph, cyclic: &BTreeSet<&str>, start: &str) -> String {
    let mut path = vec![start.to_owned()];
    while let Some(node) = path.last().and_then(|name| graph.get(name)) {
        let Some(next) = node.depends_on.iter().find(|d| cyclic.contains(d.as_str())) else { break };
        let seen = path.iter().position(|p| p == next);
        path.push(next.clone());
        if let Some(first) = seen {
            path.drain(..first);
            break;
        }
    }
    path.join(" -> ")
}

/// All ancestors of these nodes, or those within a number of steps.
pub(crate) fn ancestors(graph: &ModelGraph, of: &BTreeSet<String>, steps: Option<usize>) -> BTreeSet<String> {
    spread(of, steps, |name| graph.get(name).map(|n| n.depends_on.clone()).unwrap_or_default())
}

/// All descendants of these nodes, or those within a number of steps.
pub(crate) fn descendants(graph: &ModelGraph, of: &BTreeSet<String>, steps: Option<usize>) -> BTreeSet<String> {
    spread(of, steps, |name| {
        graph.nodes().filter(|n| n.depends_on.iter().any(|d| d == name)).map(|n| n.name.clone()).collect()
    })
}

fn spread(of: &BTreeSet<String>, steps: Option<usize>, next: impl Fn(&str) -> Vec<String>) -> BTreeSet<String> {
    let mut found = of.clone();
    let mut edge: Vec<String> = of.iter().cloned().collect();
    let mut left = steps.unwrap_or(usize::MAX);
    while left > 0 && !edge.is_empty() {
        edge = edge.iter().flat_map(|name| next(name)).filter(|name| found.insert(name.clone())).collect();
        left -= 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{GraphNode, Materialization};

    /// A graph of nodes with their dependencies.
    fn graph(nodes: &[(&str, &[&str])]) -> ModelGraph {
        ModelGraph::new(nodes.iter().map(|(name, depends_on)| GraphNode {
            name: (*name).to_owned(),
            materialization: Materialization::Table,
            depends_on: depends_on.iter().map(|d| (*d).to_owned()).collect(),
        }))
    }

    #[test]
    fn a_model_comes_after_its_dependencies() {
        let diamond = graph(&[("a", &["c", "z"]), ("c", &["y"]), ("z", &["y"]), ("y", &[]), ("b", &[])]);
        assert_eq!(order(&diamond).expect("no cycle"), ["b", "y", "c", "z", "a"]);
    }

    #[test]
    fn a_cycle_is_reported_from_where_it_closes() {
        let cycle = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])]);
        let error = order(&cycle).expect_err("cycle").to_string();
        assert_eq!(error, "models depend on each other in a circle: b -> c -> b");
    }

    #[test]
    fn ancestors_and_descendants_go_as_far_as_requested() {
        let line = graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &["c"])]);
        let of = BTreeSet::from(["b".to_owned()]);
        let names = |found: BTreeSet<String>| found.into_iter().collect::<Vec<_>>();
        assert_eq!(names(ancestors(&line, &of, None)), ["a", "b"]);
        assert_eq!(names(descendants(&line, &of, Some(1))), ["b", "c"]);
        assert_eq!(names(descendants(&line, &of, None)), ["b", "c", "d"]);
    }
}
