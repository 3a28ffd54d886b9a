//! Runs that are stopped or killed anywhere and resumed: nothing is missing and nothing is done twice.

use planalign_pipeline::PipelineError;
use planalign_registries::{Checkpoints, RunEventKind, RunStatus};

use crate::harness::{Cut, World, committed_builds, from_stage, render};

const YEARS_END: i32 = 2026;

fn uninterrupted() -> World {
    let mut world = World::new(YEARS_END);
    world.start().expect("run finishes");
    world
}

/// The finished stages, in order.
fn finished(world: &World) -> Vec<(i32, String)> {
    let stage = |kind: &RunEventKind| match kind {
        RunEventKind::StageFinished { year, stage, .. } => Some((*year, stage.clone())),
        _ => None,
    };
    world.journal().iter().filter_map(|e| stage(&e.kind)).collect()
}

#[test]
fn a_run_stopped_after_any_stage_resumes_with_exactly_the_rest() {
    let complete = uninterrupted();
    let stages = finished(&complete);
    // After the last one there is nothing left to stop.
    for done in 0..stages.len() {
        let mut world = World::new(YEARS_END);
        let error = world.start_cut(Cut::StopAfterStages(done)).expect("not killed").expect_err("interrupted");
        let PipelineError::Interrupted { after } = error else { panic!("{error}") };
        assert_eq!(after.map(|k| (k.year, k.stage)), stages[..done].last().cloned());
        assert_eq!(world.status(), RunStatus::Interrupted);
        assert_eq!(finished(&world), stages[..done]);
        let built = world.built().len();

        world.resume().expect("run finishes");
        assert_eq!(world.status(), RunStatus::Finished);
        assert_eq!(finished(&world), stages, "stopped after {done}");
        assert_eq!(world.built(), complete.built(), "stopped after {done}");
        let in_rest = |(year, stage, _): &(i32, String, String)| stages[done..].contains(&(*year, stage.clone()));
        let rest = committed_builds(&complete.events).into_iter().filter(in_rest).count();
        assert_eq!(world.built().len() - built, rest);
        assert_eq!(world.reports.calls(), complete.reports.calls());
        let checkpoints = |w: &World| -> Vec<(u64, String)> {
            let all = w.store.checkpoints("run-1").expect("read");
            all.iter().map(|c| (c.sequence, c.key.to_string())).collect()
        };
        assert_eq!(checkpoints(&world), checkpoints(&complete));
    }
}

#[test]
fn an_interrupted_and_resumed_run_reports_both() {
    let mut world = World::new(2025);
    world.start_cut(Cut::StopAfterStages(2)).expect("not killed").expect_err("interrupted");
    world.resume().expect("run finishes");
    insta::assert_snapshot!(render(&world.events));
}

#[test]
fn a_stage_stopped_before_a_model_is_rolled_back_and_rebuilt() {
    let mut world = World::new(2025);
    // The clock is read for each event; the stop falls between two models of EVENT_GENERATION.
    let tick = {
        let mut probe = World::new(2025);
        probe.start().expect("run finishes");
        let is_first =
            |kind: &RunEventKind| matches!(kind, RunEventKind::ModelStarted { model, .. } if model == "exits");
        let events = probe.events.iter().position(|e| is_first(&e.kind)).expect("model started");
        // Each checkpoint reads the clock once more.
        events + 2 + 1
    };
    world.start_cut(Cut::StopAtTick(tick)).expect("not killed").expect_err("interrupted");
    let built: Vec<_> = world.built().into_iter().map(|(model, _)| model).collect();
    assert_eq!(built, ["levels", "census", "base", "hires", "exits"]);
    insta::assert_snapshot!(render(from_stage(&world.events, "EVENT_GENERATION", 2025)));
    world.resume().expect("run finishes");
    assert_eq!(committed_builds(&world.events), committed_builds(&uninterrupted_year().events));
}

fn uninterrupted_year() -> World {
    let mut world = World::new(2025);
    world.start().expect("run finishes");
    world
}

#[test]
fn a_run_stopped_at_any_moment_is_complete_once_resumed() {
    check_every_moment(Cut::StopAtTick);
}

#[test]
fn a_run_killed_at_any_moment_is_complete_once_resumed() {
    check_every_moment(Cut::KillAtTick);
}

/// Interrupts the run at each moment, then resumes it.
fn check_every_moment(cut: impl Fn(usize) -> Cut) {
    let complete = uninterrupted();
    let moments = complete.events.len() + complete.store.checkpoints("run-1").expect("read").len();
    for tick in 1..=moments {
        let mut world = World::new(YEARS_END);
        let ended = world.start_cut(cut(tick));
        assert!(ended.is_none() || cut(tick) == Cut::StopAtTick(tick), "tick {tick} is never reached");
        if !matches!(ended, Some(Ok(_))) {
            world.resume().unwrap_or_else(|e| panic!("cut at {tick}: {e}"));
        }
        assert_eq!(world.status(), RunStatus::Finished);
        assert_eq!(committed_builds(&world.journal()), committed_builds(&complete.events), "cut at {tick}");
    }
}

#[test]
fn a_run_killed_repeatedly_is_complete_in_the_end() {
    let complete = uninterrupted();
    for step in [9, 14, 23] {
        let mut world = World::new(YEARS_END);
        let mut ended = world.start_cut(Cut::KillAtTick(step));
        let mut executions = 1;
        while ended.is_none() {
            executions += 1;
            assert!(executions < 100, "no progress with {step}");
            ended = world.resume_cut(Cut::KillAtTick(step + executions));
        }
        assert!(executions > 2, "the run was killed more than once");
        assert_eq!(committed_builds(&world.journal()), committed_builds(&complete.events));
    }
}

#[test]
fn a_stop_while_a_stage_waits_to_be_retried_ends_the_run() {
    let mut world = World::new(2025);
    world.store.fail_next("begin", planalign_config::Fault::Transient);
    // Started, year, stage, rolled back, retried: the stop comes with the last of them.
    let error = world.start_cut(Cut::StopAtTick(5)).expect("not killed").expect_err("interrupted");
    assert!(matches!(error, PipelineError::Interrupted { after: None }), "{error}");
    assert!(world.built().is_empty());
    insta::assert_snapshot!(render(&world.events));
}
