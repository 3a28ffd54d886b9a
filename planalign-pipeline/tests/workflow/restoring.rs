//! Runs that are restored to a checkpoint, lose commits, or restart with changed inputs.

use planalign_config::Fault;
use planalign_pipeline::{CheckpointCorruptionError, PipelineError};
use planalign_registries::{
    CheckpointKey, Checkpoints, FingerprintKind, MirroredCheckpoint, RunEventKind, RunStatus, Runs,
};

use crate::harness::{Cut, World, committed_builds, render};

fn keys(world: &World) -> Vec<String> {
    world.store.checkpoints("run-1").expect("readable").iter().map(|c| c.key.to_string()).collect()
}

fn finished(end_year: i32) -> World {
    let mut world = World::new(end_year);
    world.start().expect("it finishes");
    world
}

#[test]
fn a_restored_run_resumes_from_there() {
    for (stage, registries) in [("REPORTING", "restore 2026"), ("FOUNDATION", "restore 2025")] {
        let mut world = finished(2028);
        let left = world.restore(2026, stage).expect("restored");
        assert_eq!(left.last().map(|c| c.key.to_string()), Some(format!("2026/{stage}")));
        assert_eq!(keys(&world), left.iter().map(|c| c.key.to_string()).collect::<Vec<_>>());
        assert!(world.registries[0].calls().contains(&registries.to_owned()), "{stage}");
        assert_eq!(world.status(), RunStatus::Interrupted);
        world.resume().expect("it finishes");
        assert_eq!(keys(&world), keys(&finished(2028)));
        assert_eq!(world.status(), RunStatus::Finished);
    }
}

#[test]
fn a_return_is_recorded_in_the_same_unit_and_numbers_are_not_given_twice() {
    let mut world = finished(2026);
    let last = world.mirrored.last().expect("a checkpoint").sequence;
    let calls = world.store.calls().len();
    world.restore(2025, "REPORTING").expect("restored");
    let expected = ["begin", "forget_after 2025/REPORTING", "record 1", "update_run Interrupted 2026", "commit"];
    assert_eq!(world.store.calls()[calls..], expected);
    let key = CheckpointKey { year: 2025, stage: "REPORTING".to_owned() };
    let event = world.journal().pop().expect("an event").kind;
    assert_eq!(event, RunEventKind::RunRestored { to: key, removed: 5, last_sequence: last });
    let mirrored = world.mirrored.len();
    // What the mirror named before the return is not lost.
    world.last_mirrored =
        Some(MirroredCheckpoint { sequence: last, key: CheckpointKey { year: 2026, stage: "REPORTING".to_owned() } });
    world.resume().expect("it finishes");
    assert_eq!(world.mirrored[mirrored].sequence, last + 1);
    assert!(!render(world.last_events()).contains("commits_lost"), "{}", render(world.last_events()));
}

#[test]
fn a_return_that_fails_changes_nothing() {
    for method in ["forget_after", "record", "update_run", "commit"] {
        let mut world = finished(2026);
        let before = (keys(&world), world.journal(), world.status());
        world.store.fail_next(method, Fault::OutOfSpace);
        world.restore(2025, "REPORTING").expect_err("it cannot be done");
        assert_eq!((keys(&world), world.journal(), world.status()), before, "{method}");
    }
}

#[test]
fn a_point_that_does_not_verify_is_no_way_back() {
    let mut world = finished(2026);
    let before = keys(&world);
    world.holds("raises", Some(2025), 9);
    let error = world.restore(2025, "REPORTING").expect_err("damaged");
    let PipelineError::CheckpointCorruption(CheckpointCorruptionError { last_valid, .. }) = &error else {
        panic!("{error}")
    };
    let last_valid = last_valid.clone().expect("there is one");
    assert_eq!(keys(&world), before);
    let left = world.restore(last_valid.year, &last_valid.stage).expect("what is offered works");
    assert_eq!(left.last().map(|c| c.key.clone()), Some(last_valid));
}

#[test]
fn a_return_that_leaves_something_else_is_rolled_back() {
    let mut world = finished(2026);
    let before = keys(&world);
    world.registries[0].forgets_all();
    let error = world.restore(2025, "REPORTING").expect_err("too much is gone");
    assert!(matches!(error, PipelineError::StateInconsistency(_)), "{error}");
    assert_eq!(keys(&world), before);
}

#[test]
fn a_point_that_does_not_exist_is_named() {
    let error = finished(2026).restore(2027, "FOUNDATION").expect_err("there is none");
    assert_eq!(error.to_string(), "the run has no checkpoint 2027/FOUNDATION");
    let error = World::new(2026).restore(2025, "FOUNDATION").expect_err("there is no run");
    assert!(matches!(error, PipelineError::NothingToResume), "{error}");
}

#[test]
fn every_checkpoint_is_handed_on_once_it_is_committed() {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(4)).expect("not killed").expect_err("interrupted");
    assert_eq!(world.mirrored.len(), 4);
    world.store.lose_next_commit();
    world.resume().expect_err("a commit is lost");
    assert_eq!(world.mirrored.len(), 4);
    world.resume().expect("it finishes");
    assert_eq!(world.mirrored, world.store.checkpoints("run-1").expect("readable"));
}

#[test]
fn commits_that_the_file_has_lost_are_reported_and_redone() {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(4)).expect("not killed").expect_err("interrupted");
    let key = CheckpointKey { year: 2025, stage: "VALIDATION".to_owned() };
    world.last_mirrored = Some(MirroredCheckpoint { sequence: 5, key: key.clone() });
    world.resume().expect("it finishes");
    let lost = world.last_events().iter().find(|e| matches!(e.kind, RunEventKind::CommitsLost { .. }));
    let after = Some(CheckpointKey { year: 2025, stage: "STATE_ACCUMULATION".to_owned() });
    assert_eq!(lost.map(|e| e.kind.clone()), Some(RunEventKind::CommitsLost { last: key, after }));
    assert_eq!(committed_builds(&world.events), committed_builds(&finished(2026).events));
    // The numbers of what was lost are not given again.
    assert_eq!(world.mirrored[4].sequence, 6);
}

/// A run whose seed has changed rows of 2027 and later.
fn with_changed_seed() -> World {
    let mut world = World::new(2028);
    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "a".to_owned())]);
    world.runner = std::mem::take(&mut world.runner).with_first_year_touched("levels", 2027);
    world.start().expect("it finishes");
    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "b".to_owned())]);
    world.holds("levels", None, 6);
    world
}

#[test]
fn years_that_a_change_does_not_concern_are_kept() {
    let mut world = with_changed_seed();
    let error = world.resume().expect_err("changed");
    assert!(matches!(error, PipelineError::Changed { from_year: Some(2027), start_year: 2025, .. }), "{error}");
    let error = world.restart_from(2028).expect_err("2027 is concerned");
    let expected = "cannot restart from 2028: changes affect 2027 and later\n  seed levels: a -> b";
    assert_eq!(error.to_string(), expected);
    let (calls, built) = (world.store.calls().len(), world.built().len());
    // The table of the seed is built in the first year alone; what depends on it there is built again too.
    world.holds("levels", None, 5);
    world.restart_from(2027).expect("it finishes");
    let again: Vec<String> = world.built()[built..].iter().map(|(model, year)| format!("{model} {year}")).collect();
    assert_eq!(again[..4], ["levels 2025", "census 2025", "base 2027", "hires 2027"]);
    assert!(world.store.calls()[calls..].contains(&"replace_checkpoint 2025/INITIALIZATION".to_owned()));
    assert_eq!(keys(&world), keys(&finished(2028)));
    let events = render(world.last_events());
    assert!(events.contains("after=2026/REPORTING"), "{events}");
    let accepted = render(&world.journal());
    assert!(accepted.contains("changes_accepted from_year=2027"), "{accepted}");
    // From now on that is what the run depends on.
    world.resume().expect("nothing has changed");
}

#[test]
fn a_restart_that_fails_changes_nothing() {
    for method in ["forget_after", "replace_fingerprints", "record", "commit"] {
        let mut world = with_changed_seed();
        world.holds("levels", None, 5);
        let before = (keys(&world), world.journal(), world.store.fingerprints("run-1").expect("readable"));
        world.store.fail_next(method, Fault::OutOfSpace);
        world.restart_from(2027).expect_err("it cannot be done");
        let after = (keys(&world), world.journal(), world.store.fingerprints("run-1").expect("readable"));
        assert_eq!(after, before, "{method}");
    }
}

#[test]
fn a_restart_without_changes_recomputes_years() {
    let mut world = finished(2027);
    world.restart_from(2026).expect("it finishes");
    assert!(
        render(&world.journal()).contains("run_restored to=2025/REPORTING removed=10"),
        "{}",
        render(&world.journal())
    );
    assert_eq!(keys(&world), keys(&finished(2027)));
    for year in [2024, 2025, 2029] {
        let error = world.restart_from(year).expect_err("no such year");
        assert!(matches!(error, PipelineError::NoSuchYear { .. }), "{error}");
    }
    let error = world.restart_from(2031).expect_err("no such year");
    let expected = "cannot restart from 2031: the run starts in 2025 and is committed through 2027";
    assert_eq!(error.to_string(), expected);
    let error = World::new(2026).restart_from(2026).expect_err("there is no run");
    assert!(matches!(error, PipelineError::NothingToResume), "{error}");
}

#[test]
fn another_version_is_taken_on_request_only() {
    let mut world = World::new(2026);
    world.fingerprints.insert(FingerprintKind::Program, [("version".to_owned(), "0.1.0".to_owned())]);
    world.start().expect("it finishes");
    world.fingerprints.insert(FingerprintKind::Program, [("version".to_owned(), "0.2.0".to_owned())]);
    let error = world.resume().expect_err("another version");
    assert!(
        matches!(&error, PipelineError::Changed { from_year: None, differences, .. } if differences.len() == 1),
        "{error}"
    );
    assert_eq!(error.fault(), Fault::WrongVersion);
    world.accept_version = true;
    world.resume().expect("it was accepted");
    let journal = render(&world.journal());
    assert!(
        journal.contains(r#"changes_accepted from_year=2026 changes=["program version: 0.1.0 -> 0.2.0"]"#),
        "{journal}"
    );
    world.accept_version = false;
    world.resume().expect("that is its version now");
    // Another setting is not accepted with it.
    world.accept_version = true;
    world.fingerprints.insert(FingerprintKind::Config, [("compensation.cola_rate".to_owned(), "0.5".to_owned())]);
    let error = world.resume().expect_err("another setting");
    assert!(matches!(error, PipelineError::Changed { from_year: Some(2025), .. }), "{error}");
}
