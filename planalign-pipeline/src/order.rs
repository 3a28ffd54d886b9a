//! Shuffles models, to show that results do not depend on their order.

use std::collections::BTreeSet;

use planalign_dbt::ModelGraph;

/// Shuffles models by a seed, keeping each after those it refs.
pub(crate) fn shuffled(models: &[String], graph: &ModelGraph, seed: u64) -> Vec<String> {
    let all: BTreeSet<&str> = models.iter().map(String::as_str).collect();
    let mut state = seed;
    let mut waiting: Vec<&String> = models.iter().collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut out = Vec::with_capacity(models.len());
    while !waiting.is_empty() {
        let is_ready = |model: &str| {
            let depends_on = graph.get(model).map_or(&[][..], |n| &n.depends_on);
            depends_on.iter().all(|d| !all.contains(d.as_str()) || done.contains(d.as_str()))
        };
        let ready: Vec<usize> = (0..waiting.len()).filter(|i| is_ready(waiting[*i])).collect();
        state = next(state);
        // The input order respects the graph, so the first model is always ready.
        let pick = ready.get(usize::try_from(state >> 33).unwrap_or(0) % ready.len().max(1)).copied().unwrap_or(0);
        let model = waiting.remove(pick);
        done.insert(model);
        out.push(model.clone());
    }
    out
}

/// Knuth's MMIX linear congruential generator: enough to pick among a few.
fn next(state: u64) -> u64 {
    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}
