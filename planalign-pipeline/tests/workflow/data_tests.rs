//! Data tests of the project: where they run, what they find, and what a run leaves out.

use planalign_config::{DatabaseError, Diagnostic, Fault};
use planalign_dbt::{InMemoryRunner, Materialization, RunnerError, TestStatus};
use planalign_pipeline::{Outcome, PipelineError, WorkflowWarning};
use planalign_registries::{CheckpointStatus, Checkpoints, RunEventKind, Severity};

use crate::harness::{Cut, World, from_stage, render, since};

/// The small project with tests, built in this process or another.
fn world(is_outside: bool, change: impl FnOnce(InMemoryRunner) -> InMemoryRunner) -> World {
    let mut world = World::new(2026);
    let runner = std::mem::take(&mut world.runner)
        .with_node("models/state_accumulation", "helper", Materialization::Ephemeral, &["events"])
        .with_test("of_census", &["census"])
        .with_test("of_hires_and_events", &["events", "hires"])
        .with_test("of_helper", &["helper"])
        .with_test("of_nothing", &[]);
    let runner = change(if is_outside { runner.outside() } else { runner });
    world.runner = runner;
    world.workflow.set_tests(["of_census", "of_hires_and_events", "of_helper", "of_nothing"].map(str::to_owned).into());
    world
}

/// The tests that ran, with their years.
fn tested(world: &World) -> Vec<String> {
    let tests = world.runner.tested().iter();
    tests.map(|run| format!("{} {}", run.vars["simulation_year"], run.node)).collect()
}

fn broken(fault: Fault) -> RunnerError {
    RunnerError::Database {
        kind: "test",
        node: "of_nothing".to_owned(),
        file: "tests/of_nothing.sql".to_owned(),
        excerpt: String::new(),
        cause: Box::new(DatabaseError::new(fault, "scripted")),
    }
}

#[test]
fn each_test_runs_in_the_stage_that_completes_what_it_reads() {
    let runs = [false, true].map(|is_outside| {
        let mut world = world(is_outside, |runner| runner);
        assert_eq!(world.start().expect("finished"), Outcome::default());
        let checked = world.events.iter().filter_map(|event| match &event.kind {
            RunEventKind::RuleChecked { year: 2026, stage, rule, findings: 0, .. } => Some(format!("{stage}: {rule}")),
            _ => None,
        });
        (tested(&world), checked.collect::<Vec<_>>())
    });
    let [(tests, checked), outside] = runs;
    let yearly = ["of_hires_and_events", "of_helper", "of_nothing"];
    let mut expected = vec!["2025 of_census".to_owned()];
    expected.extend(["2025", "2026"].iter().flat_map(|year| yearly.map(|test| format!("{year} {test}"))));
    assert_eq!(tests, expected);
    let of_stages = [
        "FOUNDATION: growth_rule",
        "STATE_ACCUMULATION: state_rule",
        "STATE_ACCUMULATION: dbt test of_hires_and_events",
        "STATE_ACCUMULATION: dbt test of_helper",
        "VALIDATION: totals_rule",
        "VALIDATION: dbt test of_nothing",
    ];
    assert_eq!(checked, of_stages);
    assert_eq!(outside, (tests, checked), "with both kinds of runner");
}

#[test]
fn another_process_runs_them_before_the_database_is_taken_back() {
    let mut world = world(true, |runner| runner.with_failure("of_nothing", 1, broken(Fault::Busy)));
    world.start().expect("retried");
    let calls = world.store.calls();
    let releases = calls.iter().filter(|call| *call == "release").count();
    assert_eq!(releases, 5 + 4 + 1, "one for each stage with models, and the one retried");
    assert!(calls.join(" ").contains("release rollback record_outside"), "{calls:?}");
}

#[test]
fn what_a_test_finds_is_a_finding_of_its_own_severity() {
    let found = |runner: InMemoryRunner| {
        runner.with_test_result("of_nothing", TestStatus::Fail, 2).with_test_result("of_helper", TestStatus::Warn, 1)
    };
    for is_outside in [false, true] {
        let mut world = world(is_outside, found);
        assert_eq!(world.start().expect("finished"), Outcome { errors: 2, warnings: 2 });
        let findings = world.events.iter().filter_map(|event| match &event.kind {
            RunEventKind::FindingReported { year: 2026, stage, rule, severity, message, count } => {
                Some((stage.as_str(), rule.as_str(), *severity, message.as_str(), *count))
            }
            _ => None,
        });
        let expected = [
            (
                "STATE_ACCUMULATION",
                "dbt test of_helper",
                Severity::Warning,
                "`of_helper`: Got 1 result, configured to warn if != 0",
                1,
            ),
            (
                "VALIDATION",
                "dbt test of_nothing",
                Severity::Error,
                "`of_nothing`: Got 2 results, configured to fail if != 0",
                2,
            ),
        ];
        assert_eq!(findings.collect::<Vec<_>>(), expected);
        let saved: Vec<String> =
            world.store.calls().into_iter().filter(|call| call.starts_with("save_finding_rows 2026")).collect();
        let expected = [
            "save_finding_rows 2026/STATE_ACCUMULATION dbt test of_helper",
            "save_finding_rows 2026/VALIDATION dbt test of_nothing",
        ];
        assert_eq!(saved, expected);
    }
}

#[test]
fn a_test_that_cannot_run_fails_its_stage() {
    for is_outside in [false, true] {
        let mut world = world(is_outside, |runner| runner.with_failure("of_nothing", 1, broken(Fault::Deterministic)));
        let error = world.start().expect_err("must fail");
        assert_eq!(
            error.to_string(),
            "dbt test `of_nothing` (tests/of_nothing.sql) cannot run in VALIDATION (2025)",
            "{is_outside}"
        );
        let hints = error.hints();
        assert!(format!("{hints:?}").contains("fix the test, or move it out of the project"), "{hints:?}");
        let last = world.store.checkpoints("run-1").expect("read").last().map(|last| last.key.to_string());
        assert_eq!(last.as_deref(), Some("2025/STATE_ACCUMULATION"), "the stage was rolled back");
        world.resume().expect("fixed");
    }
}

#[test]
fn resume_starts_with_the_tests_of_the_stage_that_did_not_pass() {
    for is_outside in [false, true] {
        let failing = |runner: InMemoryRunner| runner.with_test_result("of_census", TestStatus::Fail, 2);
        let mut world = world(is_outside, failing);
        world.fail_on_validation_error = true;
        let error = world.start().expect_err("must fail");
        assert!(matches!(error, PipelineError::FailedValidation { year: 2025, .. }), "{error}");
        world.resume().expect_err("not repaired");
        let built = world.built().len();
        world.runner = std::mem::take(&mut world.runner).with_test_result("of_census", TestStatus::Pass, 0);
        let before = world.store.calls().len();
        world.resume().expect("repaired");
        assert!(!world.built()[built..].iter().any(|(model, _)| model == "census"), "not built again");
        let first: Vec<String> = world.store.calls()[before + 1..].iter().take(3).cloned().collect();
        assert_eq!(first == ["release", "reacquire", "begin"], is_outside, "{first:?}");
        let all = world.store.checkpoints("run-1").expect("read");
        assert!(all.iter().all(|checkpoint| checkpoint.status == CheckpointStatus::Complete));
    }
}

#[test]
fn a_failure_of_the_process_that_repeats_tests_leaves_the_database() {
    let failing = |runner: InMemoryRunner| runner.with_test_result("of_census", TestStatus::Fail, 2);
    let mut world = world(true, |runner| failing(runner).with_failure("of_census", 2, broken(Fault::Deterministic)));
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    let before = world.store.calls().len();
    let error = world.resume().expect_err("the test can't run");
    assert!(matches!(error, PipelineError::Stage(_)), "{error}");
    let first: Vec<String> = world.store.calls()[before + 1..].iter().take(2).cloned().collect();
    assert_eq!(first, ["release", "rollback"]);
}

#[test]
fn what_a_test_found_is_withdrawn_with_the_test() {
    let mut world = world(false, |runner| runner.with_test_result("of_census", TestStatus::Fail, 2));
    world.fail_on_validation_error = true;
    world.start().expect_err("must fail");
    world.workflow.set_tests(Vec::new());
    assert_eq!(world.resume().expect("the test is gone"), Outcome::default());
}

#[test]
fn tests_are_not_run_on_data_that_ends_the_run() {
    let mut world = world(false, |runner| runner);
    world.rules[0] =
        planalign_validation::InMemoryRule::new("census_rule").finding(2025, Severity::Fatal, "nobody is left");
    assert!(matches!(world.start(), Err(PipelineError::FatalFindings { .. })));
    assert!(tested(&world).is_empty());
}

#[test]
fn a_stop_is_noticed_before_the_next_test() {
    for is_outside in [false, true] {
        let mut straight = world(is_outside, |runner| runner);
        straight.start().expect("finished");
        let mut world = world(is_outside, |runner| runner);
        let ticks = since(&straight.events, |name| name == "run_started").len();
        for tick in 1..ticks {
            if let Some(Err(error)) = world.start_cut(Cut::StopAtTick(tick)) {
                assert!(matches!(error, PipelineError::Interrupted { .. }), "{error}");
                break;
            }
        }
        world.resume().expect("finished");
        let rendered = |world: &World| render(from_stage(&world.events, "REPORTING", 2026)).lines().count();
        assert_eq!(rendered(&world), rendered(&straight));
    }
}

#[test]
fn what_no_stage_builds_is_reported_unless_a_stage_drops_it() {
    let runner = InMemoryRunner::new()
        .with_node("models/one", "a", Materialization::Table, &[])
        .with_node("models/two", "b", Materialization::Table, &["a"])
        .with_node("models/two", "gone", Materialization::Table, &["a"])
        .with_node("models/marts", "of_a", Materialization::Table, &["a"])
        .with_node("models/marts", "of_b", Materialization::Table, &["b"])
        .with_node("models/marts", "of_mart", Materialization::View, &["of_a"])
        .with_node("models/marts", "unused", Materialization::Ephemeral, &["a"])
        .with_test("of_marts", &["b", "of_mart"])
        .with_test("of_two", &["b"])
        .with_test("not_wanted", &["of_mart"]);
    let mut workflow = crate::harness::workflow(&serde_json::json!([
        { "name": "ONE", "models": ["path:models/one"] },
        { "name": "TWO", "depends_on": ["ONE"], "models": ["path:models/two"], "exclude": ["gone"] },
    ]));
    workflow.set_tests(vec!["of_marts".to_owned(), "of_two".to_owned()]);
    let checked = workflow.check(&runner, &[]).expect("valid");
    let told: Vec<String> = checked.warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(matches!(&checked.warnings()[2], WorkflowWarning::TestWithoutModel { model, .. } if model == "of_mart"));
    let tests: Vec<(&str, &[String])> = checked.tests().collect();
    assert_eq!(tests, [("ONE", [].as_slice()), ("TWO", &["of_two".to_owned()])]);
}
