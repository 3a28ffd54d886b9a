//! Models that are built in another process, which has the database meanwhile.

use planalign_config::{DatabaseError, Fault};
use planalign_dbt::{Materialization, RunnerError};
use planalign_pipeline::PipelineError;
use planalign_registries::{Checkpoints, FingerprintKind, RunEventKind};

use crate::harness::{Cut, World, committed_builds, fingerprints, from_stage, render};

/// The small project, built in another process.
fn world(end_year: i32) -> World {
    let mut world = World::new(end_year);
    world.runner = std::mem::take(&mut world.runner).outside();
    world
}

fn failure(fault: Fault) -> RunnerError {
    RunnerError::Database {
        kind: "model",
        node: "base".to_owned(),
        file: "models/foundation/base.sql".to_owned(),
        excerpt: String::new(),
        cause: Box::new(DatabaseError::new(fault, "scripted")),
    }
}

#[test]
fn the_database_is_released_before_models_and_taken_back_before_the_transaction() {
    let mut world = world(2025);
    world.start().expect("finished");
    let calls = world.store.calls();
    let began = calls.iter().position(|call| call == "release").expect("released");
    let taken_back: Vec<&str> = calls[began..began + 3].iter().map(String::as_str).collect();
    assert_eq!(taken_back, ["release", "reacquire", "begin"]);
    let stages_with_models = 5;
    assert_eq!(calls.iter().filter(|call| *call == "release").count(), stages_with_models);
    insta::assert_snapshot!(
        render(from_stage(&world.events, "FOUNDATION", 2025)).lines().take(8).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn rows_are_counted_once_the_database_is_back() {
    let mut world = world(2025);
    world.start().expect("finished");
    let counted = world.events.iter().find_map(|event| match &event.kind {
        RunEventKind::RowsCounted { stage, models, .. } if stage == "EVENT_GENERATION" => Some(models.clone()),
        _ => None,
    });
    let expected = ["exits", "hires", "raises"].map(|model| (model.to_owned(), 10));
    assert_eq!(counted, Some(expected.into()));
}

#[test]
fn checkpoints_are_those_of_a_runner_that_joins_the_unit() {
    let mut outside = world(2026);
    outside.start().expect("finished");
    let mut inside = World::new(2026);
    inside.start().expect("finished");
    let states = |world: &World| {
        let checkpoints = world.store.checkpoints("run-1").expect("readable").into_iter();
        checkpoints.map(|c| (c.key, c.state, c.registries, c.fingerprint)).collect::<Vec<_>>()
    };
    assert_eq!(states(&outside), states(&inside));
    assert_eq!(committed_builds(&outside.events), committed_builds(&inside.events));
}

#[test]
fn a_failure_while_another_process_has_the_database_undoes_its_work() {
    let mut world = world(2025);
    world.runner = std::mem::take(&mut world.runner).with_failure("base", 1, failure(Fault::Busy));
    world.start().expect("retried");
    assert_eq!(*world.pauses.borrow(), [100]);
    let calls = world.store.calls().join(" ");
    assert!(calls.contains("release rollback record_outside"), "{calls}");

    let mut world = self::world(2025);
    world.runner = std::mem::take(&mut world.runner).with_failure("base", 1, failure(Fault::Deterministic));
    assert!(matches!(world.start(), Err(PipelineError::Stage(_))));
    world.resume().expect("the database is back");
}

#[test]
fn a_failure_to_release_or_to_take_back_is_rolled_back_and_retried() {
    for method in ["release", "reacquire"] {
        let mut world = world(2025);
        world.store.fail_next(method, Fault::Transient);
        world.start().unwrap_or_else(|error| panic!("{method}: {error}"));
        assert_eq!(*world.pauses.borrow(), [100], "{method}");
    }
}

#[test]
fn a_stop_while_another_process_works_ends_at_the_last_commit() {
    let mut world = world(2025);
    let stopped = world.start_cut(Cut::StopAfterStages(2)).expect("not killed");
    assert!(matches!(stopped, Err(PipelineError::Interrupted { after: Some(_) })));
    world.resume().expect("finished");
    let mut straight = self::world(2025);
    straight.start().expect("finished");
    assert_eq!(committed_builds(&world.events), committed_builds(&straight.events));
}

#[test]
fn a_restart_rebuilds_changed_seeds_in_the_other_process() {
    let mut world = world(2026);
    world.runner = std::mem::take(&mut world.runner).with_first_year_touched("levels", 2026);
    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "a".to_owned())]);
    world.start().expect("finished");
    world.fingerprints = fingerprints("0.02");
    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "b".to_owned())]);
    let before = world.store.calls().len();
    world.restart_from(2026).expect("finished");
    let calls = world.store.calls();
    let first: Vec<&str> = calls[before..].iter().map(String::as_str).take(3).collect();
    assert_eq!(first, ["release", "reacquire", "begin"]);

    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "c".to_owned())]);
    world.runner = std::mem::take(&mut world.runner).with_failure("levels", 3, failure(Fault::Deterministic));
    world.restart_from(2026).expect_err("the seed fails");
    assert_eq!(world.store.calls().last().map(String::as_str), Some("rollback"));
    world.resume().expect_err("the inputs have changed, and the database is back");
}

#[test]
fn a_stage_of_ephemeral_models_counts_nothing() {
    let mut world = world(2025);
    world.runner = std::mem::take(&mut world.runner).with_node(
        "models/foundation",
        "helper",
        Materialization::Ephemeral,
        &["census"],
    );
    world.start().expect("finished");
    let counted = world.events.iter().any(|event| match &event.kind {
        RunEventKind::RowsCounted { models, .. } => models.contains_key("helper"),
        _ => false,
    });
    assert!(!counted);
}
