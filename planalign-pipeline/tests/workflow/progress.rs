//! The reported progress of a run and its remaining time.

use std::time::Duration;

use planalign_pipeline::{ExecutionProgress, ProgressReporter};
use planalign_registries::{RunEvent, RunEventKind};
use planalign_validation::{InMemoryRule, Severity};

use crate::harness::{Cut, World};

/// The progress after each event of the last execution.
fn follow(world: &World) -> Vec<ExecutionProgress> {
    let mut tracker = ProgressReporter::new(&world.plan());
    world.last_events().iter().map(|e| tracker.observe(e)).collect()
}

fn check_rises_to_one(moments: &[ExecutionProgress]) {
    assert!(moments.is_sorted_by(|a, b| a.fraction <= b.fraction), "{moments:?}");
    let (last, before) = moments.split_last().expect("events");
    assert!((last.fraction - 1.0).abs() < f64::EPSILON, "{last:?}");
    assert_eq!(last.remaining, Some(Duration::ZERO));
    assert!(before.iter().all(|p| (0.0..1.0).contains(&p.fraction)), "{before:?}");
}

#[test]
fn progress_rises_to_one_at_the_end_and_not_before() {
    let mut world = World::new(2027);
    world.start().expect("run finishes");
    check_rises_to_one(&follow(&world));
}

#[test]
fn progress_does_not_fall_when_a_stage_is_retried() {
    let mut world = World::new(2027);
    world.store.fail_next("save_checkpoint", planalign_config::Fault::Transient);
    world.registries[0].fail_next("update", planalign_config::Fault::Busy);
    world.start().expect("run finishes");
    check_rises_to_one(&follow(&world));
}

#[test]
fn a_run_that_does_not_finish_never_reaches_one() {
    for stages in 0..12 {
        let mut world = World::new(2026);
        let _ = world.start_cut(Cut::StopAfterStages(stages));
        if let Some(last) = follow(&world).last().filter(|_| stages < 12) {
            assert!(last.fraction < 1.0, "{stages}: {last:?}");
        }
    }
}

#[test]
fn a_resumed_run_counts_only_the_remaining_work() {
    let mut world = World::new(2028);
    world.start_cut(Cut::StopAfterStages(11)).expect("not killed").expect_err("interrupted");
    world.resume().expect("run finishes");
    let moments = follow(&world);
    check_rises_to_one(&moments);
    assert!(moments[0].fraction < 0.01, "{:?}", moments[0]);
    let before_end = moments[moments.len() - 3].fraction;
    assert!(before_end > 0.95, "almost done: {before_end}");
    // Two of four years remain: at the end of the first of them, half is done.
    let is_year_end = |e: &&RunEvent| matches!(e.kind, RunEventKind::YearFinished { year: 2027, .. });
    let half = world.last_events().iter().position(|e| is_year_end(&e)).expect("year finished");
    assert!((moments[half].fraction - 0.5).abs() < 0.05, "{:?}", moments[half]);
}

/// The run's events, timed as if each model took `model` and each stage another 10 ms.
fn timed(world: &World, model: Duration) -> Vec<RunEvent> {
    let (mut clock, mut began) = (Duration::ZERO, Duration::ZERO);
    let mut events = world.last_events().to_vec();
    for event in &mut events {
        match &mut event.kind {
            RunEventKind::StageStarted { .. } => began = clock,
            RunEventKind::ModelFinished { .. } => clock += model,
            RunEventKind::StageFinished { elapsed, .. } => {
                clock += Duration::from_millis(10);
                *elapsed = clock.saturating_sub(began);
            }
            _ => {}
        }
        event.since_start = clock;
    }
    events
}

#[test]
fn halfway_through_equal_years_the_estimate_is_within_a_quarter() {
    for model_ms in [0, 1, 20, 1_000] {
        for cut in [None, Some(Cut::StopAfterStages(6))] {
            let mut world = World::new(2032);
            if let Some(cut) = cut {
                world.start_cut(cut).expect("not killed").expect_err("interrupted");
                world.resume().expect("run finishes");
            } else {
                world.start().expect("run finishes");
            }
            let events = timed(&world, Duration::from_millis(model_ms));
            let total = events.last().expect("events").since_start;
            let mut tracker = ProgressReporter::new(&world.plan());
            let at_half = events.iter().map(|e| tracker.observe(e)).find(|p| p.elapsed * 2 >= total);
            let at_half = at_half.expect("halfway point");
            let left = total.saturating_sub(at_half.elapsed);
            let ratio = at_half.remaining.expect("estimate").as_secs_f64() / left.as_secs_f64();
            assert!((0.75..=1.25).contains(&ratio), "models of {model_ms} ms: {ratio}");
        }
    }
}

#[test]
fn a_committed_stage_that_is_rebuilt_counts_as_work() {
    let mut world = World::new(2026);
    let rule = InMemoryRule::new("growth_rule").finding(2026, Severity::Error, "headcount doubled");
    world.rules[1] = rule;
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    world.rules[1].repair_after(2026, 2);
    world.resume().expect("run finishes");
    let moments = follow(&world);
    check_rises_to_one(&moments);
    let finished = |event: &RunEvent| matches!(event.kind, RunEventKind::StageFinished { .. });
    let ends = world.last_events().iter().zip(&moments).filter(|(event, _)| finished(event)).map(|(_, moment)| moment);
    let remaining: Vec<bool> = ends.map(|moment| moment.fraction < 0.999).collect();
    assert_eq!(remaining, [true, true, true, true, true, false], "only the last stage leaves nothing to do");
}

#[test]
fn there_is_no_estimate_before_a_stage_finishes() {
    let mut world = World::new(2025);
    world.start().expect("run finishes");
    let is_end = |e: &&RunEvent| matches!(e.kind, RunEventKind::StageFinished { .. });
    let first_end = world.events.iter().position(|e| is_end(&e)).expect("finished stage");
    let moments = follow(&world);
    assert!(moments[..first_end].iter().all(|p| p.remaining.is_none()));
    assert!(moments[first_end..].iter().all(|p| p.remaining.is_some()));
}
