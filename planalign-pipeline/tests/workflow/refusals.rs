//! Runs that do not resume, because something doesn't match the record.

use planalign_config::full_message;
use planalign_dbt::Materialization;
use planalign_pipeline::{CheckpointCorruptionError, PipelineError, refuse_existing_run};
use planalign_registries::{Checkpoints, FingerprintKind, RunStatus, Runs};

use crate::harness::{Cut, FIRST_YEAR, World, fingerprints, relation_state};

/// A run of two years that was stopped after its first year.
fn interrupted() -> World {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(6)).expect("not killed").expect_err("interrupted");
    world
}

/// Resuming fails, reports nothing, and changes nothing.
fn check_refused(world: &mut World, message: &str) -> PipelineError {
    let written = |world: &World| {
        // The open transaction was rolled back.
        let calls = world.store.calls();
        calls.iter().filter(|call| !["begin", "rollback"].contains(&call.as_str())).count()
    };
    let (events, calls, status) = (world.events.len(), written(world), world.status());
    let error = world.resume().expect_err("refused");
    assert_eq!(full_message(&error), message);
    assert_eq!((world.events.len(), written(world), world.status()), (events, calls, status));
    error
}

#[test]
fn changed_fingerprints_are_named() {
    let mut world = interrupted();
    world.fingerprints = fingerprints("0.03");
    world.fingerprints.insert(FingerprintKind::Model, [("model.base".to_owned(), "select 2".to_owned())]);
    world.fingerprints.insert(FingerprintKind::Seed, [("seed.levels".to_owned(), "a,b".to_owned())]);
    let error = check_refused(
        &mut world,
        "3 inputs changed since this run started\n  \
         compensation.cola_rate: 0.02 -> 0.03\n  model model.base: select 1 -> select 2\n  seed seed.levels is new",
    );
    let PipelineError::Changed { differences, from_year, .. } = error else { panic!("{error}") };
    let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let expected =
        ["compensation.cola_rate: 0.02 -> 0.03", "model model.base: select 1 -> select 2", "seed seed.levels is new"];
    assert_eq!((named, from_year), (expected.map(str::to_owned).into(), Some(2025)));
}

#[test]
fn a_table_with_different_rows_is_reported_with_its_checkpoint_and_the_last_valid_one() {
    let mut world = interrupted();
    world.holds("raises", Some(2025), 9);
    let error = check_refused(
        &mut world,
        "checkpoint 2025/EVENT_GENERATION is damaged: table main.raises: 9 rows instead of 10",
    );
    let PipelineError::CheckpointCorruption(CheckpointCorruptionError { last_valid, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!(last_valid.as_ref().map(ToString::to_string).as_deref(), Some("2025/FOUNDATION"));
    assert_eq!(error.fault(), planalign_config::Fault::Corrupt);
}

#[test]
fn a_missing_table_of_the_first_checkpoint_leaves_no_valid_one() {
    let mut world = interrupted();
    // The first match is now a table of one year, not the one that was saved.
    world.holds("census", Some(2025), 0);
    world.holds("census", None, 100);
    let error =
        check_refused(&mut world, "checkpoint 2025/INITIALIZATION is damaged: table main.census: it is missing");
    assert!(
        matches!(error, PipelineError::CheckpointCorruption(CheckpointCorruptionError { last_valid: None, .. })),
        "{error}"
    );
}

#[test]
fn a_table_that_a_later_stage_rebuilt_must_match_the_later_checkpoint() {
    // A table without a year is rebuilt each year, so the first year's checkpoint no longer applies to it.
    let mut world = World::new(2027);
    let runner = std::mem::take(&mut world.runner);
    world.runner = runner.with_node("models/foundation", "parameters", Materialization::Table, &["census"]);
    world.holds("parameters", None, 7);
    world.later = Some((6, relation_state("parameters", None, 8)));
    world.start_cut(Cut::StopAfterStages(7)).expect("not killed").expect_err("interrupted");
    let both_verify = world.resume_cut(Cut::StopAfterStages(0)).expect("not killed").expect_err("interrupted");
    assert!(matches!(both_verify, PipelineError::Interrupted { .. }), "{both_verify}");
    world.holds("parameters", None, 7);
    check_refused(&mut world, "checkpoint 2026/FOUNDATION is damaged: table main.parameters: 7 rows instead of 8");
}

#[test]
fn a_registry_with_a_different_state_is_named() {
    let mut world = interrupted();
    world.registries[0].holds(2025, 39);
    planalign_registries::Registry::update(&mut world.registries[0].clone(), 2025, 2025).expect("update");
    let error = check_refused(
        &mut world,
        "the enrollment registry does not match checkpoint 2025/STATE_ACCUMULATION: \
         39 rows instead of 40",
    );
    assert!(matches!(error, PipelineError::StateInconsistency(_)), "{error}");
}

#[test]
fn a_missing_registry_is_named() {
    let mut world = interrupted();
    world.registries.remove(0);
    check_refused(
        &mut world,
        "the enrollment registry does not match checkpoint 2025/STATE_ACCUMULATION: it no longer exists",
    );
}

#[test]
fn years_that_differ_from_the_record_are_refused() {
    let mut world = interrupted();
    world.start_year = 2024;
    check_refused(&mut world, "the run starts in 2025 and cannot be resumed from 2024");
    world.start_year = 2026;
    check_refused(&mut world, "the run starts in 2025 and cannot be resumed from 2026");
    let mut world = World::new(2027);
    world.start().expect("run finishes");
    world.end_year = 2026;
    let error = check_refused(&mut world, "the run is committed through 2027 and cannot end earlier");
    assert!(
        matches!(error, PipelineError::YearRangeMismatch { recorded: 2025, requested: 2025, committed: 2027 }),
        "{error}"
    );
}

#[test]
fn a_database_without_a_run_has_nothing_to_resume() {
    let error = World::new(2026).resume().expect_err("refused");
    assert!(matches!(error, PipelineError::NothingToResume), "{error}");
}

#[test]
fn an_existing_run_is_not_overwritten_without_being_asked() {
    refuse_existing_run(&World::new(2026).store).expect("empty database");
    let world = interrupted();
    let error = refuse_existing_run(&world.store).expect_err("database with a run");
    assert_eq!(error.to_string(), "the database already has run run-1 (2025-2026), committed through 2025/REPORTING");
    let PipelineError::RunExists { status, after, .. } = error else { panic!("{error}") };
    assert_eq!(status, RunStatus::Interrupted);
    assert_eq!(after.map(|k| k.to_string()).as_deref(), Some("2025/REPORTING"));
}

#[test]
fn a_run_that_committed_nothing_is_resumed_from_its_beginning() {
    let mut world = World::new(2026);
    assert!(world.start_cut(Cut::KillAtTick(4)).is_none(), "the run is killed");
    assert!(world.store.checkpoints("run-1").expect("read").is_empty());
    world.resume().expect("run finishes");
    assert_eq!(world.status(), RunStatus::Finished);
}

#[test]
fn years_that_cannot_be_simulated_are_refused_and_nothing_is_recorded() {
    let mut world = World::new(FIRST_YEAR - 1);
    let error = world.start().expect_err("no years");
    assert_eq!(error.to_string(), "the last year (2024) is before the first (2025)");
    let mut world = World::new(FIRST_YEAR);
    world.settings_start_year = Some(FIRST_YEAR + 1);
    let error = world.start().expect_err("settings for another year");
    assert_eq!(error.to_string(), "the simulation is configured to start in 2026, not in 2025");
    assert_eq!(world.store.current_run().expect("read"), None);
    // Nor can an existing run continue without any years.
    let mut world = World::new(FIRST_YEAR);
    world.start().expect("run finishes");
    world.end_year = FIRST_YEAR - 1;
    for error in [world.resume().expect_err("no years"), world.restart_from(FIRST_YEAR).expect_err("no years")] {
        assert!(matches!(error, PipelineError::NoYears { start: 2025, end: 2024 }), "{error}");
    }
    assert_eq!(world.status(), RunStatus::Finished);
}
