//! Runs that are restored to a checkpoint, lose commits, or restart with changed inputs.

use planalign_config::Fault;
use planalign_pipeline::{CheckpointCorruptionError, PipelineError};
use planalign_registries::{
    CheckpointKey, Checkpoints, FingerprintKind, MirroredCheckpoint, RunEventKind, RunStatus, Runs,
};

use crate::harness::{Cut, World, committed_builds, render};

fn keys(world: &World) -> Vec<String> {
    world.store.checkpoints("run-1").expect("read").iter().map(|c| c.key.to_string()).collect()
}

fn finished(end_year: i32) -> World {
    let mut world = World::new(end_year);
    world.start().expect("run finishes");
    world
}

#[test]
fn a_restored_run_resumes_from_there() {
    for (stage, registries) in [("REPORTING", "restore 2026"), ("FOUNDATION", "restore 2025")] {
        let mut world = finished(2028);
        let left = world.restore(2026, stage).expect("restore");
        assert_eq!(left.last().map(|c| c.key.to_string()), Some(format!("2026/{stage}")));
        assert_eq!(keys(&world), left.iter().map(|c| c.key.to_string()).collect::<Vec<_>>());
        assert!(world.registries[0].calls().contains(&registries.to_owned()), "{stage}");
        assert_eq!(world.status(), RunStatus::Interrupted);
        world.resume().expect("run finishes");
        assert_eq!(keys(&world), keys(&finished(2028)));
        assert_eq!(world.status(), RunStatus::Finished);
    }
}

#[test]
fn a_restore_is_recorded_in_the_same_unit_and_numbers_are_not_reused() {
    let mut world = finished(2026);
    let last = world.mirrored.last().expect("checkpoint").sequence;
    let calls = world.store.calls().len();
    world.restore(2025, "REPORTING").expect("restore");
    let expected = ["begin", "forget_after 2025/REPORTING", "record 1", "update_run Interrupted 2026", "commit"];
    assert_eq!(world.store.calls()[calls..], expected);
    let key = CheckpointKey { year: 2025, stage: "REPORTING".to_owned() };
    let event = world.journal().pop().expect("event").kind;
    assert_eq!(event, RunEventKind::RunRestored { to: key, removed: 5, last_sequence: last });
    let mirrored = world.mirrored.len();
    // The checkpoint that the mirror named before the restore is not reported as lost.
    world.last_mirrored =
        Some(MirroredCheckpoint { sequence: last, key: CheckpointKey { year: 2026, stage: "REPORTING".to_owned() } });
    world.resume().expect("run finishes");
    assert_eq!(world.mirrored[mirrored].sequence, last + 1);
    assert!(!render(world.last_events()).contains("commits_lost"), "{}", render(world.last_events()));
}

#[test]
fn a_restore_that_fails_changes_nothing() {
    for method in ["forget_after", "record", "update_run", "commit"] {
        let mut world = finished(2026);
        let before = (keys(&world), world.journal(), world.status());
        world.store.fail_next(method, Fault::OutOfSpace);
        world.restore(2025, "REPORTING").expect_err("must fail");
        assert_eq!((keys(&world), world.journal(), world.status()), before, "{method}");
    }
}

#[test]
fn a_damaged_checkpoint_cannot_be_restored() {
    let mut world = finished(2026);
    let before = keys(&world);
    world.holds("raises", Some(2025), 9);
    let error = world.restore(2025, "REPORTING").expect_err("damaged");
    let PipelineError::CheckpointCorruption(CheckpointCorruptionError { last_valid, .. }) = &error else {
        panic!("{error}")
    };
    let last_valid = last_valid.clone().expect("valid checkpoint");
    assert_eq!(keys(&world), before);
    let left = world.restore(last_valid.year, &last_valid.stage).expect("restore");
    assert_eq!(left.last().map(|c| c.key.clone()), Some(last_valid));
}

#[test]
fn a_restore_that_leaves_a_different_state_is_rolled_back() {
    let mut world = finished(2026);
    let before = keys(&world);
    world.registries[0].forgets_all();
    let error = world.restore(2025, "REPORTING").expect_err("state differs");
    assert!(matches!(error, PipelineError::StateInconsistency(_)), "{error}");
    assert_eq!(keys(&world), before);
}

#[test]
fn a_missing_checkpoint_is_named() {
    let error = finished(2026).restore(2027, "FOUNDATION").expect_err("no such checkpoint");
    assert_eq!(error.to_string(), "the run has no checkpoint 2027/FOUNDATION");
    let error = World::new(2026).restore(2025, "FOUNDATION").expect_err("no run");
    assert!(matches!(error, PipelineError::NothingToResume), "{error}");
}

#[test]
fn every_checkpoint_is_mirrored_once_it_is_committed() {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(4)).expect("not killed").expect_err("interrupted");
    assert_eq!(world.mirrored.len(), 4);
    world.store.lose_next_commit();
    world.resume().expect_err("lost commit");
    assert_eq!(world.mirrored.len(), 4);
    world.resume().expect("run finishes");
    assert_eq!(world.mirrored, world.store.checkpoints("run-1").expect("read"));
}

#[test]
fn commits_lost_by_the_file_are_reported_and_rerun() {
    let mut world = World::new(2026);
    world.start_cut(Cut::StopAfterStages(4)).expect("not killed").expect_err("interrupted");
    let key = CheckpointKey { year: 2025, stage: "VALIDATION".to_owned() };
    world.last_mirrored = Some(MirroredCheckpoint { sequence: 5, key: key.clone() });
    world.resume().expect("run finishes");
    let lost = world.last_events().iter().find(|e| matches!(e.kind, RunEventKind::CommitsLost { .. }));
    let after = Some(CheckpointKey { year: 2025, stage: "STATE_ACCUMULATION".to_owned() });
    assert_eq!(lost.map(|e| e.kind.clone()), Some(RunEventKind::CommitsLost { last: key, after }));
    assert_eq!(committed_builds(&world.events), committed_builds(&finished(2026).events));
    // The numbers of lost checkpoints are not reused.
    assert_eq!(world.mirrored[4].sequence, 6);
}

/// A run whose seed has changed in 2027 and later.
fn with_changed_seed() -> World {
    let mut world = World::new(2028);
    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "a".to_owned())]);
    world.runner = std::mem::take(&mut world.runner).with_first_year_touched("levels", 2027);
    world.start().expect("run finishes");
    world.fingerprints.insert(FingerprintKind::Seed, [("levels".to_owned(), "b".to_owned())]);
    world.holds("levels", None, 6);
    world
}

#[test]
fn years_that_a_change_does_not_affect_are_kept() {
    let mut world = with_changed_seed();
    let error = world.resume().expect_err("changed");
    assert!(matches!(error, PipelineError::Changed { from_year: Some(2027), start_year: 2025, .. }), "{error}");
    let error = world.restart_from(2028).expect_err("2027 is affected");
    let expected = "cannot restart from 2028: changes affect 2027 and later\n  seed levels: a -> b";
    assert_eq!(error.to_string(), expected);
    let (calls, built) = (world.store.calls().len(), world.built().len());
    // The seed's table is built only in the first year; what depends on it there is rebuilt too.
    world.holds("levels", None, 5);
    world.restart_from(2027).expect("run finishes");
    let rebuilt: Vec<String> = world.built()[built..].iter().map(|(model, year)| format!("{model} {year}")).collect();
    assert_eq!(rebuilt[..4], ["levels 2025", "census 2025", "base 2027", "hires 2027"]);
    assert!(world.store.calls()[calls..].contains(&"replace_checkpoint 2025/INITIALIZATION".to_owned()));
    assert_eq!(keys(&world), keys(&finished(2028)));
    let events = render(world.last_events());
    assert!(events.contains("after=2026/REPORTING"), "{events}");
    let accepted = render(&world.journal());
    assert!(accepted.contains("changes_accepted from_year=2027"), "{accepted}");
    // From now on, the run depends on the new inputs.
    world.resume().expect("nothing changed");
}

#[test]
fn a_restart_that_fails_changes_nothing() {
    for method in ["forget_after", "replace_fingerprints", "record", "commit"] {
        let mut world = with_changed_seed();
        world.holds("levels", None, 5);
        let before = (keys(&world), world.journal(), world.store.fingerprints("run-1").expect("read"));
        world.store.fail_next(method, Fault::OutOfSpace);
        world.restart_from(2027).expect_err("must fail");
        let after = (keys(&world), world.journal(), world.store.fingerprints("run-1").expect("read"));
        assert_eq!(after, before, "{method}");
    }
}

#[test]
fn a_restart_without_changes_reruns_years() {
    let mut world = finished(2027);
    world.restart_from(2026).expect("run finishes");
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
    let error = World::new(2026).restart_from(2026).expect_err("no run");
    assert!(matches!(error, PipelineError::NothingToResume), "{error}");
}

#[test]
fn a_different_version_is_accepted_only_on_request() {
    let mut world = World::new(2026);
    world.fingerprints.insert(FingerprintKind::Program, [("version".to_owned(), "0.1.0".to_owned())]);
    world.start().expect("run finishes");
    world.fingerprints.insert(FingerprintKind::Program, [("version".to_owned(), "0.2.0".to_owned())]);
    let error = world.resume().expect_err("different version");
    assert!(
        matches!(&error, PipelineError::Changed { from_year: None, differences, .. } if differences.len() == 1),
        "{error}"
    );
    assert_eq!(error.fault(), Fault::WrongVersion);
    world.accept_version = true;
    world.resume().expect("version accepted");
    let journal = render(&world.journal());
    assert!(
        journal.contains(r#"changes_accepted from_year=2026 changes=["program version: 0.1.0 -> 0.2.0"]"#),
        "{journal}"
    );
    world.accept_version = false;
    world.resume().expect("version recorded");
    // Accepting a version doesn't accept a changed setting.
    world.accept_version = true;
    world.fingerprints.insert(FingerprintKind::Config, [("compensation.cola_rate".to_owned(), "0.5".to_owned())]);
    let error = world.resume().expect_err("changed setting");
    assert!(matches!(error, PipelineError::Changed { from_year: Some(2025), .. }), "{error}");
}
