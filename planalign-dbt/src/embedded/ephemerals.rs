//! Chains of ephemeral models.

use std::collections::BTreeMap;

use super::project::Node;
use crate::runner::Materialization;

/// Records for each node the ephemeral models that are inserted into it.
pub(crate) fn chain_ephemerals(nodes: &mut BTreeMap<String, Node>, order: &[String]) {
    let mut chains: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in order {
        let Some(node) = nodes.get(name) else { continue };
        let mut chain: Vec<String> = Vec::new();
        for used in &node.declared.record.refs {
            let is_ephemeral = nodes.get(used).is_some_and(|n| n.materialization == Materialization::Ephemeral);
            if is_ephemeral {
                for link in chains.get(used).into_iter().flatten().chain([used]) {
                    if !chain.contains(link) {
                        chain.push(link.clone());
                    }
                }
            }
        }
        chains.insert(name.clone(), chain);
    }
    for (name, chain) in chains {
        if let Some(node) = nodes.get_mut(&name) {
            node.ephemerals = chain;
        }
    }
}
