//! Findings of rules: which of them stop a run, what is kept, and how a run resumes after a repair.

use planalign_config::Fault;
use planalign_pipeline::{Outcome, PipelineError};
use planalign_registries::{CheckpointStatus, Checkpoints, RunStatus};
use planalign_validation::{InMemoryRule, Severity};

use crate::harness::{World, from_stage, render};

fn world_with(severity: Severity) -> World {
    let mut world = World::new(2026);
    world.rules[1] = InMemoryRule::new("growth_rule").finding(2026, severity, "headcount doubled");
    world
}

fn foundation_status(world: &World) -> Option<CheckpointStatus> {
    let all = world.store.checkpoints("run-1").expect("read");
    all.iter().find(|c| c.key.to_string() == "2026/FOUNDATION").map(|c| c.status)
}

#[test]
fn a_fatal_finding_rolls_back_the_stage_whatever_the_options() {
    for fail_on_validation_error in [false, true] {
        let mut world = world_with(Severity::Fatal);
        world.fail_on_validation_error = fail_on_validation_error;
        let error = world.start().expect_err("must fail");
        assert!(
            matches!(&error, PipelineError::FatalFindings { year: 2026, stage, .. } if stage == "FOUNDATION"),
            "{error}"
        );
        assert_eq!(
            error.to_string(),
            "the run cannot continue after FOUNDATION (2026); the stage was rolled back\n  fatal: headcount doubled"
        );
        assert_eq!(foundation_status(&world), None, "rolled back");
        assert_eq!(world.status(), RunStatus::Failed);
        insta::assert_snapshot!("fatal_finding", render(from_stage(&world.events, "FOUNDATION", 2026)));
        world.rules[1].repair(2026);
        assert_eq!(world.resume().expect("run finishes"), Outcome::default(), "the data was repaired");
    }
}

#[test]
fn an_error_finding_is_counted_and_the_run_continues() {
    let mut world = world_with(Severity::Error);
    assert_eq!(world.start().expect("run finishes"), Outcome { errors: 1, warnings: 0 });
    assert_eq!(foundation_status(&world), Some(CheckpointStatus::Complete));
    assert!(render(&world.events).contains("run_finished errors=1 warnings=0"));
    let written: Vec<String> = world.store.calls().into_iter().filter(|c| c.starts_with("save_finding_rows")).collect();
    assert_eq!(written, ["save_finding_rows 2026/FOUNDATION growth_rule"], "only for rules with findings");
}

#[test]
fn with_the_option_an_error_finding_ends_the_run_and_the_stage_is_kept_as_evidence() {
    let mut world = world_with(Severity::Error);
    world.fail_on_validation_error = true;
    let error = world.start().expect_err("must fail");
    assert_eq!(error.to_string(), "FOUNDATION (2026) failed validation\n  error: headcount doubled");
    assert!(matches!(error, PipelineError::FailedValidation { year: 2026, .. }));
    assert_eq!(foundation_status(&world), Some(CheckpointStatus::FailedValidation));
    assert_eq!(world.status(), RunStatus::Failed);
    insta::assert_snapshot!(render(from_stage(&world.events, "FOUNDATION", 2026)));
}

#[test]
fn resume_starts_with_the_rules_of_the_stage_that_did_not_pass() {
    let mut world = world_with(Severity::Error);
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    let built = world.built();

    let error = world.resume().expect_err("not repaired");
    assert!(matches!(error, PipelineError::FailedValidation { .. }), "{error}");
    let rebuilt: Vec<(String, i64)> = world.built()[built.len()..].to_vec();
    assert_eq!(rebuilt, [("base".to_owned(), 2026)], "the stage is rebuilt, in case its tables are the cause");
    let built = world.built();
    insta::assert_snapshot!("resume_without_repair", render(world.last_events()));

    world.rules[1].repair(2026);
    assert_eq!(world.resume().expect("run finishes"), Outcome::default());
    assert_eq!(world.rules[1].calls(), [2025, 2026, 2026, 2026, 2026]);
    assert!(!world.built()[built.len()..].contains(&("base".to_owned(), 2026)), "the stage itself is not rebuilt");
    assert_eq!(foundation_status(&world), Some(CheckpointStatus::Complete), "the stage has passed");
    insta::assert_snapshot!("resume_after_repair", render(world.last_events()));
    let calls = world.store.calls();
    let last = calls.iter().rfind(|c| c.starts_with("save_finding_rows"));
    assert_eq!(last.map(String::as_str), Some("save_finding_rows 2026/FOUNDATION"), "the saved rows are gone");
}

#[test]
fn a_stage_whose_tables_were_fixed_by_rebuilding_them_passes() {
    let mut world = world_with(Severity::Error);
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    world.rules[1].repair_after(2026, 2);
    assert_eq!(world.resume().expect("run finishes"), Outcome::default());
    let events = render(&world.events);
    assert!(events.contains("strategy=\"again with its tables rebuilt\""), "{events}");
    assert_eq!(foundation_status(&world), Some(CheckpointStatus::Complete));
    assert_eq!(world.store.checkpoints("run-1").expect("read").len(), 11, "one for each stage");
}

#[test]
fn without_the_option_a_stage_that_did_not_pass_is_resumed_with_its_errors_counted_once() {
    let mut world = world_with(Severity::Error);
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    world.fail_on_validation_error = false;
    assert_eq!(world.resume().expect("run resumes"), Outcome { errors: 1, warnings: 0 });
}

#[test]
fn a_fatal_finding_when_a_stage_is_rechecked_stops_the_run() {
    let mut world = world_with(Severity::Error);
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    world.fail_on_validation_error = false;
    world.rules[1] = InMemoryRule::new("growth_rule").finding(2026, Severity::Fatal, "nobody is left");
    let error = world.resume().expect_err("must fail");
    assert!(matches!(&error, PipelineError::FailedValidation { year: 2026, .. }), "{error}");
}

#[test]
fn a_pass_that_cannot_be_saved_leaves_the_stage_to_be_rechecked() {
    for method in ["begin", "replace_checkpoint", "commit"] {
        let mut world = world_with(Severity::Error);
        world.fail_on_validation_error = true;
        world.start().expect_err("must fail");
        world.rules[1].repair(2026);
        world.store.fail_next(method, Fault::OutOfSpace);
        let error = world.resume().expect_err("must fail");
        assert_eq!(error.fault(), Fault::OutOfSpace, "{method}");
        assert_eq!(foundation_status(&world), Some(CheckpointStatus::FailedValidation), "{method}");
        assert_eq!(world.resume().expect("run finishes"), Outcome::default(), "{method}");
        assert_eq!(foundation_status(&world), Some(CheckpointStatus::Complete), "{method}");
    }
}

#[test]
fn a_rule_that_cannot_run_when_a_stage_is_rechecked_is_a_failure_not_a_pass() {
    let mut world = world_with(Severity::Error);
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    world.rules[1] = InMemoryRule::new("growth_rule").failure(2026, Fault::Deterministic);
    let error = world.resume().expect_err("must fail");
    assert_eq!(
        planalign_config::full_message(&error),
        "FOUNDATION (2026) failed: rule `growth_rule` cannot run for 2026: as scripted"
    );
    assert_eq!(world.status(), RunStatus::Failed);
}

#[test]
fn findings_of_all_severities_and_years_are_counted_across_executions() {
    let mut world = World::new(2026);
    world.rules[0] =
        InMemoryRule::new("census_rule").finding(2025, Severity::Info, "i").finding(2025, Severity::Warning, "w");
    world.rules[1] =
        InMemoryRule::new("growth_rule").finding(2025, Severity::Error, "a").finding(2025, Severity::Error, "b");
    world.rules[3] = InMemoryRule::new("totals_rule").finding(2026, Severity::Warning, "c");
    world.start_cut(crate::harness::Cut::StopAfterStages(4)).expect("not killed").expect_err("interrupted");
    let outcome = world.resume().expect("run finishes");
    assert_eq!(outcome, Outcome { errors: 2, warnings: 2 });
    assert!(render(&world.events).contains("run_finished errors=2 warnings=2"));
    // A finished run that is resumed reports the same.
    assert_eq!(world.resume().expect("run finishes"), outcome);
}

#[test]
fn a_stage_that_is_retried_counts_its_findings_once() {
    let mut world = world_with(Severity::Error);
    world.store.fail_next("save_checkpoint", Fault::Transient);
    // A rule of the first stage, the one that is retried.
    world.rules[0] = InMemoryRule::new("census_rule").finding(2025, Severity::Warning, "again and again");
    world.rules[1] = InMemoryRule::new("growth_rule").finding(2025, Severity::Error, "too many");
    world.rules[2] = InMemoryRule::new("state_rule").finding(2025, Severity::Warning, "w");
    world.store.fail_next("save_checkpoint", Fault::Transient);
    assert_eq!(world.start().expect("run finishes"), Outcome { errors: 1, warnings: 2 });
}
