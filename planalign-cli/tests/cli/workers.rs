//! Models of a stage that are built side by side in a real run, and how many at a time.

use std::process::Command;

use crate::sandbox::{CommandOutput, Sandbox, captured, differences};

/// Runs `simulate` on these cores of the machine only.
fn simulate_on(sandbox: &Sandbox, cores: &str, arguments: &[&str]) -> CommandOutput {
    let simulate = sandbox.simulate_command(arguments);
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", cores]).arg(simulate.get_program()).args(simulate.get_args());
    command.current_dir(sandbox.path(""));
    captured(&command.output().expect("run taskset"))
}

/// The most models of a stage that had started and weren't in their tables yet.
fn most_in_flight(events: &str, stage: &str) -> i32 {
    let (mut running, mut most) = (0, 0);
    for line in events.lines().filter(|line| line.contains(&format!("\"stage\":\"{stage}\""))) {
        if line.contains("\"event\":\"model_started\"") {
            running += 1;
        } else if line.contains("\"event\":\"model_finished\"") {
            running -= 1;
        }
        most = most.max(running);
    }
    most
}

#[test]
fn parallel_execution_with_resource_constraints() {
    let sandbox = Sandbox::new(400);
    let both = ["2025-2026", "--progress", "json", "--database", "both.duckdb", "--workers", "8"];
    let both = simulate_on(&sandbox, "0,1", &both);
    assert_eq!(both.code, 0, "{}", both.stderr);
    let expected = "warning: 2 workers and 1 engine thread on 2 cores: 8 workers would need 8 cores\n";
    assert!(both.stderr.contains(expected), "{}", both.stderr);
    for stage in ["FOUNDATION", "STATE_ACCUMULATION"] {
        assert_eq!(most_in_flight(&both.stderr, stage), 1, "{stage}");
    }
    for stage in ["EVENT_GENERATION", "VALIDATION"] {
        assert!(most_in_flight(&both.stderr, stage) > 1, "{stage}");
    }

    let one = ["2025-2026", "--progress", "json", "--database", "one.duckdb"];
    let one = simulate_on(&sandbox, "0", &one);
    assert_eq!(one.code, 0, "{}", one.stderr);
    assert_eq!(most_in_flight(&one.stderr, "EVENT_GENERATION"), 1);
    assert_eq!(differences(&sandbox.path("one.duckdb"), &sandbox.path("both.duckdb")), Vec::<String>::new());
}

#[test]
fn a_dry_run_says_how_many_workers_there_are_and_what_they_cannot_build() {
    let sandbox = Sandbox::new(50);
    let planned = |cores: &str, more: &[&str]| {
        let output = simulate_on(&sandbox, cores, &[&["2025", "--dry-run"], more].concat());
        assert_eq!(output.code, 0, "{}", output.stderr);
        let lines = output.stdout.lines().skip_while(|line| !line.contains(" worker")).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    let found = planned("0,1", &[]);
    assert_eq!(
        found[0],
        "2 workers and 1 engine thread on 2 cores: with 50 people (up to 30,000), models of a stage are faster side by side"
    );
    assert!(found[1].starts_with("not side by side with others: int_"), "{found:?}");
    assert!(found[1].contains("int_merit_events (is a view)"), "{found:?}");
    let found = planned("0", &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("1 worker and 1 engine thread on 1 core: "), "{found:?}");
    let found = planned("0,1", &["--threads", "2", "--set", "optimization.workers=2"]);
    assert_eq!(found, ["1 worker and 2 engine threads on 2 cores: 2 workers would need 3 cores"]);
}

#[test]
fn a_workflow_can_turn_workers_off_for_a_stage() {
    let sandbox = Sandbox::new(100);
    let off = "workflow.stages=[{name: EVENT_GENERATION, parallel_safe: false}]";
    let output = simulate_on(&sandbox, "0,1", &["2025", "--progress", "json", "--workers", "2", "--set", off]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(most_in_flight(&output.stderr, "EVENT_GENERATION"), 1);
    assert!(most_in_flight(&output.stderr, "VALIDATION") > 1);
}

#[test]
fn models_that_do_not_fit_the_memory_limit_together_are_built_in_turn() {
    let sandbox = Sandbox::new(50);
    sandbox.copy_project();
    // A list must fit in memory: one takes less than 0.15 GB, two take more than 0.26 GB.
    let list = "select {{ keys() }}, list_sum(list_distinct(numbers)) as total
        from (select list(n) as numbers from range(6000000) as r (n))";
    for model in ["one_list", "another_list"] {
        sandbox.write(&format!("dbt_copy/models/event_generation/{model}.sql"), list);
    }
    let limit = "optimization.memory_limit_gb=0.21";
    let arguments = ["2025", "--project", "dbt_copy", "--progress", "json", "--set", limit];
    let output = simulate_on(&sandbox, "0,1", &[&arguments[..], &["--database", "two.duckdb"]].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    let retries: Vec<&str> = output.stderr.lines().filter(|line| line.contains("\"stage_retried\"")).collect();
    assert_eq!(retries.len(), 1, "{retries:?}");
    for part in ["EVENT_GENERATION", "Out of Memory", "one worker"] {
        assert!(retries[0].contains(part), "no {part} in {}", retries[0]);
    }
    assert_eq!(most_in_flight(&output.stderr, "VALIDATION"), 1, "the rest of the run has one worker");

    sandbox.simulated(&[&arguments[..], &["--database", "one.duckdb", "--workers", "1"]].concat());
    assert_eq!(differences(&sandbox.path("one.duckdb"), &sandbox.path("two.duckdb")), Vec::<String>::new());
}
