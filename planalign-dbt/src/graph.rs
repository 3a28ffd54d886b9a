//! Node order, cycles, and what can be reached.

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

/// These items and what `next` leads to from them, within a number of steps if given.
pub(crate) fn spread(
    of: &BTreeSet<String>,
    steps: Option<usize>,
    next: impl Fn(&str) -> Vec<String>,
) -> BTreeSet<String> {
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
    fn what_can_be_reached_within_some_steps() {
        let next = |name: &str| vec![format!("{name}a")];
        let of = BTreeSet::from(["b".to_owned()]);
        assert_eq!(spread(&of, Some(2), next).into_iter().collect::<Vec<_>>(), ["b", "ba", "baa"]);
        let circle = |_: &str| vec!["b".to_owned(), "c".to_owned()];
        assert_eq!(spread(&of, None, circle).into_iter().collect::<Vec<_>>(), ["b", "c"]);
    }
}
