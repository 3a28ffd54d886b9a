//! Models of parallel-safe stages may be built in any order that the graph allows.

use std::collections::BTreeSet;

use planalign_dbt::ModelRunner;

use crate::harness::{World, committed_builds};

fn built(shuffle: Option<u64>) -> (World, Vec<(i32, String, String)>) {
    let mut world = World::new(2027);
    world.shuffle = shuffle;
    world.start().expect("run finishes");
    let builds = committed_builds(&world.events);
    (world, builds)
}

#[test]
fn every_shuffled_order_respects_the_graph_and_builds_the_same_models() {
    let (_, plain) = built(None);
    let wanted: BTreeSet<_> = plain.iter().cloned().collect();
    let mut orders = BTreeSet::new();
    for seed in 0..40 {
        let (world, builds) = built(Some(seed));
        assert_eq!(builds.iter().cloned().collect::<BTreeSet<_>>(), wanted);
        assert_eq!(builds.len(), wanted.len());
        for (i, (year, _, model)) in builds.iter().enumerate() {
            let node = world.runner.graph().get(model).expect("node");
            for dependency in &node.depends_on {
                let is_before = builds[..i].iter().any(|(y, _, m)| m == dependency && y <= year);
                assert!(is_before, "seed {seed}: {model} of {year} before {dependency}");
            }
        }
        orders.insert(builds);
    }
    // Three models, one of which depends on another, have three orders in each of three years.
    assert!(orders.len() > 5, "{} orders", orders.len());
}

#[test]
fn shuffling_changes_only_the_model_order_in_parallel_safe_stages() {
    let (plain_world, plain) = built(None);
    for seed in 0..10 {
        let (world, builds) = built(Some(seed));
        let others = |all: &[(i32, String, String)]| -> Vec<_> {
            all.iter().filter(|(_, stage, _)| stage != "EVENT_GENERATION").cloned().collect()
        };
        assert_eq!(others(&builds), others(&plain));
        assert_eq!(world.store.calls(), plain_world.store.calls());
        assert_eq!(world.reports.calls(), plain_world.reports.calls());
        for (rule, other) in world.rules.iter().zip(&plain_world.rules) {
            assert_eq!(rule.calls(), other.calls());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_order() {
    assert_eq!(built(Some(7)).1, built(Some(7)).1);
}

#[test]
fn a_run_may_be_resumed_in_a_different_order() {
    let (_, plain) = built(None);
    let mut world = World::new(2027);
    world.shuffle = Some(1);
    world.start_cut(crate::harness::Cut::StopAfterStages(5)).expect("not killed").expect_err("interrupted");
    world.shuffle = Some(2);
    world.resume().expect("run finishes");
    let sorted = |mut all: Vec<(i32, String, String)>| {
        all.sort();
        all
    };
    assert_eq!(sorted(committed_builds(&world.events)), sorted(plain));
}
