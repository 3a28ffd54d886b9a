//! What a run does after a fault in each part of a stage: roll back, retry if that may help, report.

use std::io::ErrorKind;

use planalign_config::{DatabaseError, Diagnostic, Fault, full_message};
use planalign_dbt::RunnerError;
use planalign_pipeline::{PipelineError, PipelineStageError};
use planalign_registries::RunStatus;
use planalign_validation::InMemoryRule;

use crate::harness::{World, committed_builds, from_stage, render};

fn model_error(fault: Fault) -> RunnerError {
    RunnerError::Database {
        kind: "model",
        node: "base".to_owned(),
        file: "models/foundation/base.sql".to_owned(),
        excerpt: String::new(),
        cause: Box::new(DatabaseError::new(fault, "as the test asked")),
    }
}

/// The matching kind of system error.
fn kind_of(fault: Fault) -> ErrorKind {
    match fault {
        Fault::Transient => ErrorKind::Interrupted,
        Fault::OutOfMemory => ErrorKind::OutOfMemory,
        Fault::OutOfSpace => ErrorKind::StorageFull,
        Fault::Permission => ErrorKind::PermissionDenied,
        Fault::Busy => ErrorKind::ResourceBusy,
        _ => ErrorKind::Other,
    }
}

/// A part of a stage that can fail, the stage where it does, and how to make it fail once.
type Part = (&'static str, &'static str, fn(&mut World, Fault));

const PARTS: [Part; 8] = [
    ("begin", "INITIALIZATION", |w, fault| w.store.fail_next("begin", fault)),
    ("model", "FOUNDATION", |w, fault| {
        let failures = w.failures_of("base") + 1;
        w.runner = std::mem::take(&mut w.runner).with_failure("base", failures, model_error(fault));
    }),
    ("registry", "STATE_ACCUMULATION", |w, fault| w.registries[1].fail_next("update", fault)),
    ("snapshot", "STATE_ACCUMULATION", |w, fault| w.registries[0].fail_next("snapshot", fault)),
    ("rule", "FOUNDATION", |w, fault| w.rules[1] = w.rules[1].clone().failure(2025, fault)),
    ("report", "REPORTING", |w, fault| w.reports = w.reports.clone().failure(Some(2025), kind_of(fault))),
    ("record", "INITIALIZATION", |w, fault| w.store.fail_next("record", fault)),
    ("save_checkpoint", "INITIALIZATION", |w, fault| w.store.fail_next("save_checkpoint", fault)),
];

impl World {
    fn failures_of(&mut self, _node: &str) -> usize {
        self.requested_failures += 1;
        self.requested_failures - 1
    }
}

/// The committed builds of a run without faults.
fn faultless_builds() -> Vec<(i32, String, String)> {
    let mut world = World::new(2025);
    world.start().expect("run finishes");
    committed_builds(&world.events)
}

#[test]
fn a_transient_fault_in_any_part_is_rolled_back_and_retried_after_a_pause() {
    for (part, stage, fail) in
        PARTS.into_iter().chain([("commit", "INITIALIZATION", commit_fails as fn(&mut World, _))])
    {
        let mut world = World::new(2025);
        fail(&mut world, Fault::Transient);
        world.start().unwrap_or_else(|e| panic!("{part}: {e}"));
        assert_eq!(*world.pauses.borrow(), [100], "{part}");
        assert_eq!(committed_builds(&world.events), faultless_builds(), "{part}");
        let events = from_stage(&world.events, stage, 2025);
        let end = 1 + events
            .iter()
            .position(|e| render(std::slice::from_ref(e)).contains("stage_finished"))
            .expect("stage finished");
        insta::assert_snapshot!(format!("transient_{part}"), render(&events[..end]));
    }
}

fn commit_fails(world: &mut World, fault: Fault) {
    world.store.fail_next("commit", fault);
}

#[test]
fn a_deterministic_fault_in_any_part_is_rolled_back_and_not_retried() {
    for (part, stage, fail) in
        PARTS.into_iter().chain([("commit", "INITIALIZATION", commit_fails as fn(&mut World, _))])
    {
        let mut world = World::new(2025);
        fail(&mut world, Fault::Deterministic);
        let error = world.start().expect_err("must fail");
        let PipelineError::Stage(PipelineStageError { year: 2025, stage: failed, tried, .. }) = &error else {
            panic!("{part}: {error}")
        };
        assert_eq!((failed.as_str(), tried.len()), (stage, 0), "{part}");
        assert_eq!(error.fault(), Fault::Deterministic);
        assert!(world.pauses.borrow().is_empty(), "{part}");
        assert_eq!(world.status(), RunStatus::Failed);
        insta::assert_snapshot!(format!("deterministic_{part}"), render(from_stage(&world.events, stage, 2025)));
        world.resume().unwrap_or_else(|e| panic!("{part}, once the cause is gone: {e}"));
        assert_eq!(committed_builds(&world.events), faultless_builds(), "{part}");
    }
}

#[test]
fn a_persistent_fault_is_tried_three_times_with_growing_pauses() {
    for (part, stage, fail) in PARTS {
        let mut world = World::new(2025);
        for _ in 0..3 {
            fail(&mut world, Fault::Transient);
        }
        let error = world.start().expect_err("must fail");
        let PipelineError::Stage(PipelineStageError { stage: failed, tried, .. }) = &error else {
            panic!("{part}: {error}")
        };
        assert_eq!((failed.as_str(), tried.len()), (stage, 2), "{part}");
        assert_eq!(*world.pauses.borrow(), [100, 400], "{part}");
    }
}

#[test]
fn only_transient_and_busy_faults_are_retried() {
    let not_retried = [
        Fault::OutOfSpace,
        Fault::OutOfMemory,
        Fault::Permission,
        Fault::Corrupt,
        Fault::WrongVersion,
        Fault::Deterministic,
    ];
    for fault in not_retried {
        let mut world = World::new(2025);
        world.store.fail_next("save_checkpoint", fault);
        assert_eq!(world.start().expect_err("must fail").fault(), fault);
        assert!(world.pauses.borrow().is_empty(), "{fault:?}");
    }
    let mut world = World::new(2025);
    world.store.fail_next("save_checkpoint", Fault::Busy);
    world.start().expect("run finishes");
    assert_eq!(*world.pauses.borrow(), [100]);
}

#[test]
fn out_of_memory_is_retried_as_long_as_memory_can_be_relieved() {
    let strategies = ["with more memory", "on one thread"];
    let fail = |world: &mut World, times| {
        for _ in 0..times {
            world.store.fail_next("save_checkpoint", Fault::OutOfMemory);
        }
    };
    let mut world = World::new(2025);
    world.store.can_relieve_memory(&strategies);
    fail(&mut world, 2);
    world.start().expect("run finishes");
    assert_eq!(committed_builds(&world.events), faultless_builds());
    let events = render(&world.events);
    for strategy in strategies {
        assert!(events.contains(&format!("again {strategy}")), "{events}");
    }
    let mut world = World::new(2025);
    world.store.can_relieve_memory(&strategies);
    fail(&mut world, 3);
    let error = world.start().expect_err("must fail");
    assert!(matches!(&error, PipelineError::Stage(PipelineStageError { tried, .. }) if tried.len() == 2), "{error}");
    assert_eq!(error.fault(), Fault::OutOfMemory);
}

#[test]
fn a_lost_commit_is_detected_before_the_stage_is_reported() {
    let mut world = World::new(2025);
    world.store.lose_next_commit();
    let error = world.start().expect_err("must fail");
    assert_eq!(full_message(&error), "INITIALIZATION (2025) failed: the checkpoint is missing after its commit");
    assert_eq!(error.fault(), Fault::Corrupt);
    insta::assert_snapshot!(render(&world.events));
    world.resume().expect("run finishes");
    assert_eq!(committed_builds(&world.events), faultless_builds());
}

#[test]
fn a_checkpoint_that_cannot_be_read_back_at_once_is_reread_not_rebuilt() {
    let mut world = World::new(2025);
    world.store.fail_next("checkpoints", Fault::Transient);
    world.start().expect("run finishes");
    assert_eq!(*world.pauses.borrow(), [100]);
    assert_eq!(world.built().len(), faultless_builds().len());
    assert!(!render(&world.events).contains("rolled_back"));
}

#[test]
fn a_checkpoint_that_cannot_be_read_back_ends_the_run_and_leaves_the_journal_intact() {
    let mut world = World::new(2025);
    world.journal_may_have_more = true;
    world.store.fail_next("checkpoints", Fault::OutOfSpace);
    let error = world.start().expect_err("must fail");
    assert!(matches!(error, PipelineError::Store(_)), "{error}");
    assert!(!render(&world.events).contains("checkpoint_saved"), "an unverified checkpoint is not reported");
    world.resume().expect("run resumes");
    assert_eq!(committed_builds(&world.journal()), faultless_builds());
    assert_eq!(world.built().len(), faultless_builds().len(), "the stage was committed after all");
}

#[test]
fn a_failure_in_a_later_year_leaves_earlier_years_alone() {
    let mut world = World::new(2026);
    world.rules[3] = InMemoryRule::new("totals_rule").failure(2026, Fault::Deterministic);
    let error = world.start().expect_err("must fail");
    let PipelineError::Stage(PipelineStageError { year: 2026, resume_after: Some(after), .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!(after.to_string(), "2026/STATE_ACCUMULATION");
    insta::assert_snapshot!(render(from_stage(&world.events, "VALIDATION", 2026)));
    let built = world.built().len();
    world.resume().expect("run finishes");
    assert_eq!(world.built()[built..], [("snapshot".to_owned(), 2026)]);
}

#[test]
fn a_journal_that_cannot_be_written_at_once_is_written_later() {
    let mut world = World::new(2025);
    world.store.fail_next("save_checkpoint", Fault::Transient);
    world.store.fail_next("record_outside", Fault::Transient);
    world.start().expect("run finishes");
    // The harness compares the journal with the reported events.
    assert!(render(&world.journal()).contains("stage_rolled_back"));
}

#[test]
fn a_rollback_that_fails_does_not_hide_the_failure() {
    let mut world = World::new(2025);
    world.store.fail_next("save_checkpoint", Fault::Deterministic);
    world.store.fail_next("rollback", Fault::Corrupt);
    let error = world.start().expect_err("must fail");
    assert_eq!(error.fault(), Fault::Deterministic);
    assert!(!render(&world.events).contains("stage_rolled_back"), "a failed rollback is not reported as done");
    let details = error.details();
    let expected = "not rolled back yet (cannot rollback: as the test asked); the next command that opens the database rolls it back; nothing is committed yet";
    assert_eq!(details.last().map(String::as_str), Some(expected));
}

#[test]
fn a_run_that_cannot_be_recorded_as_finished_has_failed() {
    for (method, status) in [("events", RunStatus::Failed), ("update_run", RunStatus::Running)] {
        let mut world = World::new(2025);
        world.journal_may_have_more = true;
        world.store.fail_next(method, Fault::OutOfSpace);
        let error = world.start().expect_err("must fail");
        assert_eq!(error.fault(), Fault::OutOfSpace, "{method}");
        assert_eq!(world.status(), status, "{method}");
        world.resume().expect("run finishes");
        assert_eq!(world.status(), RunStatus::Finished);
    }
}

#[test]
fn parallel_work_is_finally_tried_on_one_thread() {
    let failing = |model: &str, stage: &str, tries: usize| {
        let mut world = World::new(2025);
        world.store.works_in_parallel();
        for call in 1..=tries {
            world.runner = std::mem::take(&mut world.runner).with_failure(model, call, model_error(Fault::Transient));
        }
        let end = world.start();
        (end, render(from_stage(&world.events, stage, 2025)), committed_builds(&world.events))
    };
    let (end, events, builds) = failing("hires", "EVENT_GENERATION", 3);
    end.expect("run finishes");
    assert!(events.contains("strategy=\"again on one thread\""), "{events}");
    assert_eq!(builds, faultless_builds());
    let (end, _, _) = failing("hires", "EVENT_GENERATION", 4);
    let PipelineError::Stage(PipelineStageError { tried, .. }) = end.expect_err("must fail") else {
        panic!("unexpected error")
    };
    let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
    assert_eq!(tried, ["again after 100 ms", "again after 400 ms", "again on one thread"]);
    // One thread doesn't help a stage whose models depend on each other.
    let (end, events, _) = failing("base", "FOUNDATION", 3);
    end.expect_err("must fail");
    assert!(!events.contains("one thread"), "{events}");
}

#[test]
fn registries_that_differ_are_rebuilt_from_the_events() {
    let mut world = World::new(2027);
    world.start_cut(crate::harness::Cut::StopAfterStages(12)).expect("not killed").expect_err("interrupted");
    let mut registry = world.registries[0].clone();
    planalign_registries::Registry::restore(&mut registry, None).expect("restore");
    world.resume().expect("run finishes");
    let events = render(&world.events);
    assert!(events.contains("registries_rebuilt cause=\"the enrollment registry does not match"), "{events}");
    let calls = world.registries[0].calls();
    let rebuilt = calls.iter().rposition(|call| call == "restore all years").expect("cleared") + 1;
    assert_eq!(calls[rebuilt..rebuilt + 2], ["update 2025", "update 2026"]);
    let mut faultless = World::new(2027);
    faultless.start().expect("run finishes");
    assert_eq!(committed_builds(&world.events), committed_builds(&faultless.events));
}
