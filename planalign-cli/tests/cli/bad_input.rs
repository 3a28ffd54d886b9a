//! Bad input: one clear message, the documented exit code, no panic, nothing damaged.

use insta::assert_snapshot;
use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{HEADER, Sandbox, census};

/// The exit code and the message of a run that is refused before it writes anything.
fn refused(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.simulate(arguments);
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    format!("exit code {}\n{}", output.code, sandbox.redact(&output.stderr))
}

fn with_census(content: &str, arguments: &[&str]) -> String {
    let sandbox = Sandbox::new(1);
    sandbox.write("census.csv", content);
    refused(&sandbox, &[&["2025-2026", "--progress", "none"], arguments].concat())
}

#[test]
fn censuses() {
    let good = census(12, 1);
    assert_snapshot!("census_missing", refused(&Sandbox::new(1), &["--census", "nowhere.csv"]));
    assert_snapshot!("census_empty", with_census("", &[]));
    assert_snapshot!("census_header_only", with_census(&format!("{HEADER}\n"), &[]));
    let renamed = good.replace("employee_birth_date", "birth");
    assert_snapshot!("census_column_missing", with_census(&renamed, &[]));
    assert_snapshot!("census_short_row", with_census(&format!("{good}E999999,1980-01-01\n"), &[]));
    assert_snapshot!("census_open_quote", with_census(&format!("{good}\"E999999,1980-01-01,2020-01-01,,1,,,,\n"), &[]));
    let third = good.lines().nth(3).expect("a row").to_owned();
    let mut cells: Vec<&str> = third.split(',').collect();
    cells[4] = "a lot";
    assert_snapshot!("census_text_in_pay", with_census(&good.replace(&third, &cells.join(",")), &[]));
    cells[4] = "1234.00";
    let duplicate = format!("{good}{}\n", cells.join(","));
    assert_snapshot!("census_duplicate_ids", with_census(&duplicate, &[]));
}

#[test]
fn a_corrected_census_replaces_a_rejected_one() {
    let sandbox = Sandbox::new(1);
    let good = census(12, 1);
    sandbox.write("census.csv", &format!("{good}E999999,1980-01-01,2020-01-01,,much,0,40,,\n"));
    assert_eq!(sandbox.simulate(&["2025"]).code, 3);
    sandbox.write("census.csv", &good);
    let refused = sandbox.simulate(&["2025"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("help: to start over, run `planalign simulate "), "{}", refused.stderr);
    sandbox.simulated(&["2025", "--restart"]);
}

#[test]
fn a_run_cannot_be_resumed_without_its_database() {
    let mistyped = Sandbox::new(1).simulate(&["--resume", "--database", "nothere.duckdb"]);
    assert_eq!(mistyped.code, 2);
    assert!(mistyped.stderr.starts_with("error: database `nothere.duckdb` not found\n"), "{}", mistyped.stderr);
}

#[test]
fn rejected_rows_up_to_the_limit_are_left_out() {
    let sandbox = Sandbox::new(1);
    sandbox.write("census.csv", &format!("{}E999999,1980-01-01,2020-01-01,,much,0,40,,\n", census(40, 1)));
    sandbox.simulated(&["2025", "--set", "census.max_rejected_share=0.05"]);
}

#[test]
fn configurations() {
    let sandbox = Sandbox::new(5);
    sandbox.write(
        "mistakes.yaml",
        "scenario_id: a\nplan_design_id: b\nsimulation:\n  start_year: 2029\n  end_year: 2025\n  random_sed: 7\n\
         workforce:\n  new_hire_termination_rate: 1.0\ncompensation:\n  cola_rate: lots\nplan_eligibility:\n  minimum_age: 30\n",
    );
    assert_snapshot!("config_mistakes", refused(&sandbox, &["--config", "mistakes.yaml"]));
    sandbox.write("broken.yaml", "scenario_id: a\nsimulation:\n  start_year: [2025\n  end_year: 2029\n");
    assert_snapshot!("config_broken_yaml", refused(&sandbox, &["--config", "broken.yaml"]));
    assert_snapshot!("config_missing", refused(&sandbox, &["--config", "nowhere.yaml"]));
    assert_snapshot!("config_years_backwards", refused(&sandbox, &["2029-2025"]));
    assert_snapshot!("config_year_without_limits", refused(&sandbox, &["2020-2022"]));
    let arguments = ["2025-2028", "--set", "irs_limits.index_rate=null"];
    assert_snapshot!("config_no_projection", refused(&sandbox, &arguments));
    assert_snapshot!("config_unknown_set", refused(&sandbox, &["--set", "simulation.random_sead=1"]));
}

#[test]
fn databases() {
    let sandbox = Sandbox::new(5);
    sandbox.write("notes.duckdb", "these are my notes, and no database at all\n");
    assert_snapshot!("database_is_not_duckdb", refused(&sandbox, &["--database", "notes.duckdb"]));
    let notes = std::fs::read_to_string(sandbox.path("notes.duckdb")).expect("notes");
    assert_eq!(notes, "these are my notes, and no database at all\n");
    let database = Database::open(&sandbox.path("other.duckdb"), &DatabaseOptions::default()).expect("open");
    database.execute_batch("create table fct_yearly_events as select 1 as n").expect("create");
    drop(database);
    assert_snapshot!("database_of_something_else", refused(&sandbox, &["--database", "other.duckdb", "--restart"]));
    let value = sandbox.open("other.duckdb").query_value("select n from fct_yearly_events", &[]).expect("query");
    assert_eq!(value.integer(), Some(1));
    assert_snapshot!("database_directory_missing", refused(&sandbox, &["--database", "nowhere/x.duckdb"]));
}

#[test]
fn reports() {
    let sandbox = Sandbox::new(5);
    sandbox.write("reports", "a file where the directory should be");
    assert_snapshot!("reports_is_a_file", refused(&sandbox, &["2025", "--progress", "none"]));
    sandbox.simulated(&["2025", "--resume", "--reports", "elsewhere"]);
}

#[test]
fn projects() {
    let sandbox = Sandbox::new(5);
    assert_snapshot!("project_missing", refused(&sandbox, &["--project", "nowhere"]));
}

#[test]
fn a_second_run_on_the_same_database_is_refused_at_once() {
    let sandbox = Sandbox::new(5);
    let holder =
        planalign_config::lock::Holder::new("planalign simulate", "2025-01-01T00:00:00Z".parse().expect("timestamp"));
    let lock = planalign_config::lock::RunLock::acquire(&sandbox.path("simulation.duckdb"), &holder).expect("lock");
    let output = sandbox.simulate(&["2025"]);
    assert_eq!(output.code, 5, "{}", output.stderr);
    assert!(output.stderr.contains(&std::process::id().to_string()), "{}", output.stderr);
    drop(lock);
    sandbox.simulated(&["2025"]);
}
