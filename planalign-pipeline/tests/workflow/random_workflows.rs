//! For any workflow and any interruption, a resumed run builds what an uninterrupted one does.

use std::collections::BTreeSet;

use planalign_config::settings::StageYears;
use planalign_dbt::{InMemoryRunner, Materialization};
use planalign_pipeline::{StageDefinition, Workflow};
use proptest::prelude::*;

use crate::harness::{Cut, World, committed_builds};

/// A stage as random choices: how many models, which earlier stages and models they need, and its flags.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn independently")]
struct Choice {
    models: usize,
    depends: Vec<bool>,
    refs: u64,
    years: StageYears,
    checkpoint: bool,
    parallel_safe: bool,
    updates_registries: bool,
    writes_reports: bool,
}

fn choice() -> impl Strategy<Value = Choice> {
    let years = prop_oneof![3 => Just(StageYears::Every), 1 => Just(StageYears::First), 1 => Just(StageYears::Last)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (0_usize..4, prop::collection::vec(any::<bool>(), 6), any::<u64>(), years, prop::bool::weighted(0.8), flags)
        .prop_map(|(models, depends, refs, years, checkpoint, (parallel_safe, updates_registries, writes_reports))| {
            Choice { models, depends, refs, years, checkpoint, parallel_safe, updates_registries, writes_reports }
        })
}

/// The choices as a project and its workflow. Stages depend only on earlier stages, and models only on earlier models.
fn world(choices: &[Choice], end_year: i32, shuffle: Option<u64>) -> World {
    let mut runner = InMemoryRunner::new();
    let mut stages: Vec<StageDefinition> = Vec::new();
    let mut built: Vec<String> = Vec::new();
    for (s, choice) in choices.iter().enumerate() {
        let mut models = Vec::new();
        for m in 0..choice.models {
            let name = format!("model_{s}_{m}");
            let is_ref =
                |(i, _): &(usize, &String)| choice.refs.rotate_left(u32::try_from(m).unwrap_or(0)) >> (i % 64) & 1 == 1;
            let refs: Vec<&str> = built.iter().enumerate().filter(is_ref).map(|(_, name)| name.as_str()).collect();
            runner = runner.with_node(&format!("models/{s}"), &name, Materialization::Incremental, &refs);
            models.push(name.clone());
            built.push(name);
        }
        let mut depends_on: Vec<String> =
            stages.iter().zip(&choice.depends).filter(|(_, depends)| **depends).map(|(s, _)| s.name.clone()).collect();
        // A model may use any earlier model, so each stage needs the one before it.
        depends_on.extend(stages.last().map(|s| s.name.clone()).filter(|n| !depends_on.contains(n)));
        stages.push(StageDefinition {
            name: format!("STAGE_{s}"),
            depends_on,
            years: choice.years,
            models,
            parallel_safe: choice.parallel_safe,
            checkpoint: choice.checkpoint,
            updates_registries: choice.updates_registries,
            writes_reports: choice.writes_reports,
            finishes: s + 1 == choices.len(),
            ..StageDefinition::default()
        });
    }
    let mut world = World::with_project(Workflow::new(stages), runner, end_year);
    world.shuffle = shuffle;
    world
}

fn distinct_builds(world: &World) -> BTreeSet<(i32, String, String)> {
    committed_builds(&world.journal()).into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn resumed_runs_build_the_same(
        choices in prop::collection::vec(choice(), 1..6),
        years in 0..4_i32,
        shuffle in prop::option::of(any::<u64>()),
        moments in prop::collection::vec((any::<bool>(), 1..80_usize), 1..4),
    ) {
        let mut complete = world(&choices, 2025 + years, shuffle);
        complete.start().expect("run finishes");

        let mut world = world(&choices, 2025 + years, shuffle);
        let mut ended = None;
        for (i, (killed, tick)) in moments.into_iter().enumerate() {
            let cut = if killed { Cut::KillAtTick(tick) } else { Cut::StopAtTick(tick) };
            ended = if i == 0 { world.start_cut(cut) } else { world.resume_cut(cut) };
        }
        if !matches!(ended, Some(Ok(_))) {
            world.resume().expect("run finishes");
        }
        prop_assert_eq!(distinct_builds(&world), distinct_builds(&complete));

        // With a checkpoint after each stage, nothing committed is built twice.
        if choices.iter().all(|c| c.checkpoint) {
            prop_assert_eq!(committed_builds(&world.journal()).len(), distinct_builds(&world).len());
        }
    }
}
