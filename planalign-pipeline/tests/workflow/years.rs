//! A complete run: the order of stages, their years, and the variables of the models.

use planalign_config::Fault;
use planalign_registries::{Checkpoints, RunEventKind, RunStatus};

use crate::harness::{Cut, World, committed_builds, render};

#[test]
fn a_run_of_two_years_reports_every_step() {
    let mut world = World::new(2026);
    let outcome = world.start().expect("run finishes");
    assert_eq!((outcome.errors, outcome.warnings), (0, 0));
    assert_eq!(world.status(), RunStatus::Finished);
    insta::assert_snapshot!(render(&world.events));
    insta::assert_snapshot!("a_run_of_two_years_writes_in_this_order", world.store.calls().join("\n"));
}

#[test]
fn initialization_comes_first_cleanup_last_and_years_in_order() {
    let mut world = World::new(2028);
    world.start().expect("run finishes");
    let stages: Vec<(i32, &str)> = world
        .events
        .iter()
        .filter_map(|e| match &e.kind {
            RunEventKind::StageFinished { year, stage, .. } => Some((*year, stage.as_str())),
            _ => None,
        })
        .collect();
    let yearly = ["FOUNDATION", "EVENT_GENERATION", "STATE_ACCUMULATION", "VALIDATION", "REPORTING"];
    let mut expected = vec![(2025, "INITIALIZATION")];
    expected.extend((2025..=2028).flat_map(|year| yearly.map(|stage| (year, stage))));
    expected.push((2028, "CLEANUP"));
    assert_eq!(stages, expected);
    assert_eq!(world.reports.calls().last().map(String::as_str), Some("summary 2025-2028"));
}

#[test]
fn a_one_year_run_has_the_stages_of_the_first_and_last_year() {
    let mut world = World::new(2025);
    world.start().expect("run finishes");
    let text = render(&world.events);
    assert!(text.contains("stage=INITIALIZATION") && text.contains("stage=CLEANUP"), "{text}");
}

#[test]
fn stages_run_after_their_dependencies_in_whatever_order_they_are_defined() {
    let mut as_written = World::new(2026);
    as_written.start().expect("run finishes");
    let mut reversed = World::new(2026);
    reversed.workflow.stages.reverse();
    reversed.start().expect("run finishes");
    assert_eq!(render(&reversed.events), render(&as_written.events));
}

#[test]
fn models_get_the_variables_of_the_run_and_the_year() {
    let mut world = World::new(2027);
    world.start().expect("run finishes");
    for run in world.runner.log() {
        assert_eq!(run.vars.len(), 3, "{run:?}");
        assert_eq!(run.vars["cola_rate"], 0.02);
    }
    let years = |model: &str| -> Vec<i64> {
        world.built().into_iter().filter(|(name, _)| name == model).map(|(_, year)| year).collect()
    };
    assert_eq!(years("census"), [2025]);
    assert_eq!(years("base"), [2025, 2026, 2027]);
    assert_eq!(years("snapshot"), [2025, 2026, 2027]);
}

#[test]
fn registries_are_updated_once_a_year_and_their_state_is_part_of_the_checkpoint() {
    let mut world = World::new(2027);
    world.start().expect("run finishes");
    for registry in &world.registries {
        assert_eq!(registry.calls(), ["update 2025", "update 2026", "update 2027"]);
    }
    let checkpoints = world.store.checkpoints("run-1").expect("read");
    for checkpoint in checkpoints {
        let saved: Vec<_> =
            checkpoint.registries.iter().map(|r| (r.registry.as_str(), r.state.year, r.state.rows)).collect();
        if checkpoint.key.stage == "STATE_ACCUMULATION" {
            let year = checkpoint.key.year;
            assert_eq!(saved, [("enrollment", Some(year), 40), ("escalation", Some(year), 0)]);
        } else {
            assert!(saved.is_empty(), "{}", checkpoint.key);
        }
    }
}

#[test]
fn the_log_is_folded_into_the_file_after_each_year_and_a_failure_does_no_harm() {
    let mut world = World::new(2027);
    world.store.fail_next("compact", planalign_config::Fault::OutOfSpace);
    world.start().expect("run finishes");
    assert_eq!(world.store.calls().iter().filter(|c| *c == "compact").count(), 3);
    assert!(!render(&world.events).contains("rolled_back"));
}

#[test]
fn each_model_is_committed_once_per_year() {
    let mut world = World::new(2026);
    world.start().expect("run finishes");
    let builds = committed_builds(&world.events);
    let names: Vec<(String, i64)> = builds.into_iter().map(|(year, _, model)| (model, i64::from(year))).collect();
    assert_eq!(names, world.built());
    assert_eq!(names.len(), 2 + 2 * 6);
}

/// The value of `year_is_empty` that the models of each year got; all of a year get the same.
fn empty_years(world: &World, from: usize) -> Vec<(i64, Vec<bool>)> {
    let mut found: Vec<(i64, Vec<bool>)> = Vec::new();
    for run in &world.runner.log()[from..] {
        let year = run.vars["simulation_year"].as_i64().expect("a year");
        let is_empty = run.vars["year_is_empty"].as_bool().expect("known");
        match found.last_mut().filter(|(last, _)| *last == year) {
            Some((_, all)) => all.push(is_empty),
            None => found.push((year, vec![is_empty])),
        }
    }
    for (_, all) in &mut found {
        all.dedup();
    }
    found
}

#[test]
fn models_know_which_years_have_no_rows() {
    let mut world = World::new(2027);
    world.start_cut(Cut::StopAfterStages(7)).expect("not killed").expect_err("interrupted");
    assert_eq!(empty_years(&world, 0), [(2025, vec![true]), (2026, vec![true])]);
    // Some stages of 2026 are committed.
    let built = world.built().len();
    world.resume().expect("run finishes");
    assert_eq!(empty_years(&world, built), [(2026, vec![false]), (2027, vec![true])]);
}

#[test]
fn after_a_failed_attempt_a_year_may_have_rows() {
    let mut world = World::new(2026);
    world.store.fail_next("save_checkpoint", Fault::Busy);
    world.start().expect("run finishes");
    assert_eq!(empty_years(&world, 0), [(2025, vec![true, false]), (2026, vec![true])]);
}
