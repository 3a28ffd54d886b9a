//! The checkpoints of a run, and the records of earlier ones.

use crate::sandbox::{CommandOutput, Sandbox, captured};

fn checkpoint(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    captured(&sandbox.command(&[&["checkpoint"], arguments].concat()).output().expect("run planalign"))
}

/// The first words of each line.
fn words(text: &str, count: usize) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().take(count).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn checkpoints_are_listed_and_shown() {
    let sandbox = Sandbox::new(300);
    sandbox.simulated(&["2025-2026"]);
    let listed = checkpoint(&sandbox, &["list"]);
    assert_eq!((listed.code, listed.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(words(&listed.stdout, 3).join("\n"), @"
    2025/INITIALIZATION complete 1,901
    2025/FOUNDATION complete 606
    2025/EVENT_GENERATION complete 744
    2025/STATE_ACCUMULATION complete 1,109
    2025/VALIDATION complete 1,629
    2025/REPORTING complete 0
    2026/FOUNDATION complete 315
    2026/EVENT_GENERATION complete 743
    2026/STATE_ACCUMULATION complete 1,116
    2026/VALIDATION complete 1,672
    2026/REPORTING complete 0
    ");

    let shown = checkpoint(&sandbox, &["show", "2026/validation"]);
    assert_eq!(shown.code, 0);
    insta::assert_snapshot!(words(&shown.stdout, 1).join("\n"), @"
    2026/VALIDATION
    status
    saved
    took
    run
    fingerprint
    built
    main.int_employee_contributions
    main.int_employer_eligibility
    main.fct_employer_match_events
    main.int_employer_core_contributions
    main.fct_workforce_snapshot
    ");
    let people = sandbox
        .open("simulation.duckdb")
        .query_value("select count(*) from fct_workforce_snapshot where simulation_year = 2026", &[]);
    let people = people.expect("query").integer().expect("count");
    let line = shown.stdout.lines().find(|line| line.contains("fct_workforce_snapshot")).expect("the table");
    assert!(line.contains(&format!(" {people} rows")), "{line}");

    let year = checkpoint(&sandbox, &["show", "2026", "--format", "json"]);
    let year: serde_json::Value = serde_json::from_str(&year.stdout).expect("JSON");
    let stages: Vec<&str> =
        year.as_array().expect("a list").iter().filter_map(|c| c["key"]["stage"].as_str()).collect();
    assert_eq!(stages, ["FOUNDATION", "EVENT_GENERATION", "STATE_ACCUMULATION", "VALIDATION", "REPORTING"]);
    let all = checkpoint(&sandbox, &["list", "--format", "json"]);
    let all: serde_json::Value = serde_json::from_str(&all.stdout).expect("JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(listed.stdout.lines().count()));

    let none = checkpoint(&sandbox, &["show", "2031"]);
    assert_eq!(none.code, 2);
    insta::assert_snapshot!(none.stderr, @"
    error: checkpoint 2031 not found; the first is 2025/INITIALIZATION, the last 2026/REPORTING
    help: to list the checkpoints, run `planalign checkpoint list`
    ");
    assert_eq!(checkpoint(&sandbox, &["list", "--database", "none.duckdb"]).code, 2);
}

#[test]
fn pruning_removes_the_records_of_replaced_runs_only() {
    let sandbox = Sandbox::new(100);
    sandbox.simulated(&["2025"]);
    sandbox.simulated(&["2025", "--restart"]);
    let runs = || {
        let database = sandbox.open("simulation.duckdb");
        let count = |sql: &str| database.query_value(sql, &[]).expect("query").integer();
        let reported = "select count(distinct run_id) from planalign.run_events";
        (count("select count(*) from planalign.runs"), count(reported))
    };
    assert_eq!(runs(), (Some(2), Some(2)));
    let pruned = checkpoint(&sandbox, &["prune"]);
    assert_eq!(pruned.code, 0);
    assert_eq!(words(&pruned.stdout, 4), ["removed the records of"]);
    assert_eq!(runs(), (Some(1), Some(1)));
    assert_eq!(checkpoint(&sandbox, &["prune"]).stdout, "no records of earlier runs\n");
    sandbox.simulated(&["2025-2026", "--resume"]);
    assert_eq!(checkpoint(&sandbox, &["prune", "--database", "none.duckdb"]).code, 2);
}
