//! What an analyst sees after a successful simulation, and when a run already exists.

use std::fs;

use insta::assert_snapshot;

use crate::sandbox::{Sandbox, captured};

#[test]
fn closing_headcounts_equal_the_growth_targets() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2029"]);
    let database = sandbox.open("simulation.duckdb");
    let sql = "select simulation_year, count(*) as people from fct_workforce_snapshot where employment_status = 'active' \
               group by 1 order by 1";
    let rows = database.query(sql, &[]).expect("headcounts").rows;
    let mut headcount = 400;
    let mut expected = Vec::new();
    for year in 2025..=2029 {
        // round(n x 1.03), half up, in whole numbers
        headcount = (headcount * 103 + 50) / 100;
        expected.push([Some(year), Some(headcount)]);
    }
    let found: Vec<_> = rows
        .iter()
        .map(|row| ["simulation_year", "people"].map(|column| row.integer(column).expect("column")))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_summary_is_printed_after_the_run() {
    let sandbox = Sandbox::new(400);
    let output = sandbox.simulated(&["2025-2027", "--progress", "none"]);
    assert_snapshot!(output.stdout);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let sandbox = Sandbox::new(50);
    let output = sandbox.simulated(&["2025-2029", "--dry-run"]);
    // What follows depends on the machine.
    let plan: Vec<&str> = output.stdout.lines().take_while(|line| !line.contains(" worker")).collect();
    assert_snapshot!(plan.join("\n"));
    let mut files: Vec<_> = std::fs::read_dir(sandbox.path("")).expect("directory").collect();
    assert_eq!(files.len(), 1, "only the census exists");
    assert_eq!(files.remove(0).expect("entry").file_name(), "census.csv");
}

#[test]
fn an_existing_run_is_not_replaced_by_default() {
    let sandbox = Sandbox::new(50);
    sandbox.simulated(&["2025"]);
    let before = std::fs::read(sandbox.path("simulation.duckdb")).expect("database");
    let output = sandbox.simulate(&["2025"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("--resume") && output.stderr.contains("--restart"), "{}", output.stderr);
    assert_eq!(std::fs::read(sandbox.path("simulation.duckdb")).expect("database"), before);
    sandbox.simulated(&["2025", "--resume"]);
    sandbox.simulated(&["2025", "--restart"]);
}

#[test]
fn a_changed_setting_is_named_and_prevents_a_resume() {
    let sandbox = Sandbox::new(50);
    sandbox.simulated(&["2025"]);
    let output = sandbox.simulate(&["2025-2026", "--resume", "--set", "compensation.cola_rate=0.03"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("compensation.cola_rate: 0.02 -> 0.03"), "{}", output.stderr);
}

#[test]
fn a_changed_census_or_model_is_named_and_prevents_a_resume() {
    let sandbox = Sandbox::new(50);
    sandbox.write_project_with("select {{ keys() }}, 1 as one");
    let mut resumed = ["2025", "--project", "dbt_copy", "--resume"].to_vec();
    sandbox.simulated(&resumed[..3]);
    resumed[0] = "2025-2026";
    let check_refused = |what: &str| {
        let output = sandbox.simulate(&resumed);
        assert_eq!(output.code, 2, "{}", output.stderr);
        assert!(output.stderr.contains(what), "{}", output.stderr);
    };
    let original = std::fs::read_to_string(sandbox.path("census.csv")).expect("the census");
    sandbox.write("census.csv", &crate::sandbox::census(50, 2));
    check_refused("census");
    sandbox.write("census.csv", &original);
    sandbox.write("dbt_copy/models/validation/broken_model.sql", "select {{ keys() }}, 2 as one");
    check_refused("broken_model");
    sandbox.write("dbt_copy/models/validation/broken_model.sql", "select {{ keys() }}, 1 as one");
    sandbox.simulated(&resumed);
}

#[test]
fn resuming_rewrites_a_missing_report() {
    let sandbox = Sandbox::new(50);
    sandbox.simulated(&["2025-2026"]);
    let report = sandbox.path("reports/year_2025.json");
    let before = std::fs::read(&report).expect("report");
    std::fs::remove_file(&report).expect("remove");
    sandbox.simulated(&["2025-2026", "--resume"]);
    assert_eq!(std::fs::read(&report).expect("report"), before);
}

#[test]
fn damaged_rows_are_found_before_a_run_resumes() {
    let sandbox = Sandbox::new(50);
    sandbox.simulated(&["2025"]);
    let options = planalign_config::DatabaseOptions::default();
    let database = planalign_config::Database::open(&sandbox.path("simulation.duckdb"), &options).expect("open");
    let damage = "update fct_workforce_snapshot set current_compensation = current_compensation + 1 \
                  where employee_id = (select min(employee_id) from fct_workforce_snapshot)";
    database.execute(damage, &[]).expect("damage");
    drop(database);
    let output = sandbox.simulate(&["2025-2026", "--resume"]);
    assert_eq!(output.code, 6, "{}", output.stderr);
    assert!(output.stderr.contains("fct_workforce_snapshot"), "{}", output.stderr);
}

#[test]
fn json_progress_equals_the_journal() {
    let sandbox = Sandbox::new(50);
    let output = sandbox.simulated(&["2025", "--progress", "json"]);
    let reported: Vec<serde_json::Value> =
        output.stderr.lines().map(|l| serde_json::from_str(l).expect("one JSON object per line")).collect();
    let sequences: Vec<u64> = reported.iter().filter_map(|e| e["sequence"].as_u64()).collect();
    assert_eq!(sequences, (1..=u64::try_from(reported.len()).expect("count")).collect::<Vec<_>>());
    let database = sandbox.open("simulation.duckdb");
    let recorded = database.query_value("select count(*) from planalign.run_events", &[]).expect("journal");
    assert_eq!(recorded.integer(), i64::try_from(reported.len()).ok());
    assert_eq!(reported.last().map(|e| e["event"].clone()), Some("run_finished".into()));
}

#[test]
fn the_style_of_progress_does_not_affect_results() {
    let sandbox = Sandbox::new(50);
    let run = |arguments: &[&str]| sandbox.simulated(&[&["2025", "--restart"], arguments].concat());
    let plain = run(&["--progress", "plain"]);
    let lines: Vec<&str> = plain.stderr.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with("2025  ")), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.ends_with("100%")), "{lines:?}");
    let count = |output: &str| output.lines().count();
    assert_eq!(count(&run(&[]).stderr), lines.len(), "plain without a terminal");
    // A bar is shown only in a terminal.
    for other in [["--progress", "bar"], ["--progress", "none"]] {
        let output = run(&other);
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), (plain.stdout.as_str(), ""), "{other:?}");
    }
    let quiet = run(&["--quiet"]);
    assert_eq!((quiet.stdout, quiet.stderr), (plain.stdout, String::new()), "results and errors only");
}

#[test]
fn shells_complete_commands_and_options() {
    let sandbox = Sandbox::new(1);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = captured(&sandbox.command(&["completions", shell]).output().expect("run planalign"));
        assert_eq!((script.code, script.stderr.as_str()), (0, ""));
        assert!(script.stdout.contains("fail-on-validation-error"), "{shell}");
    }
}

#[test]
fn manual_pages_are_written_to_a_directory() {
    let sandbox = Sandbox::new(1);
    let write =
        |directory: &str| captured(&sandbox.command(&["man-pages", directory]).output().expect("run planalign"));
    let written = write("share/man1");
    assert_eq!((written.code, written.stderr.as_str()), (0, ""));
    let page = fs::read_to_string(sandbox.path("share/man1/planalign-simulate.1")).expect("a page");
    assert!(page.contains(".TH planalign-simulate 1"), "{page}");

    fs::write(sandbox.path("file"), "").expect("a file in the way");
    let refused = write("file/man1");
    assert_eq!((refused.code, refused.stdout.as_str()), (7, ""));
    assert!(refused.stderr.contains("cannot write `file/man1`"), "{}", refused.stderr);
}
