//! `planalign status` for a database in each possible state.

use planalign_config::lock::{Holder, RunLock};
use planalign_config::{Database, DatabaseOptions};
use serde_json::{Value, json};

use crate::sandbox::{CommandOutput, Sandbox, captured};

fn status(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    captured(&sandbox.command(&[&["status"], arguments].concat()).output().expect("run planalign"))
}

fn status_json(sandbox: &Sandbox) -> Value {
    let output = status(sandbox, &["--format", "json"]);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    serde_json::from_str(&output.stdout).expect("JSON")
}

#[test]
fn a_finished_run_is_reported_in_full() {
    let sandbox = Sandbox::new(50);
    let missing = status(&sandbox, &[]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    sandbox.simulated(&["2025"]);
    let table = status(&sandbox, &[]);
    assert_eq!(table.code, 0, "{}", table.stderr);
    for line in ["status     finished\n", "years      2025 to 2025\n", "committed  2025/REPORTING"] {
        assert!(table.stdout.contains(line), "{}", table.stdout);
    }
    let reported = status_json(&sandbox);
    let known = ["status", "start_year", "end_year", "last_checkpoint"].map(|key| reported[key].clone());
    assert_eq!(known, [json!("finished"), json!(2025), json!(2025), json!("2025/REPORTING")]);
}

#[test]
fn a_run_in_progress_is_reported_by_its_lock() {
    let sandbox = Sandbox::new(1);
    let holder = Holder::new("planalign simulate", "2025-01-01T00:00:00Z".parse().expect("timestamp"));
    let _lock = RunLock::acquire(&sandbox.path("simulation.duckdb"), &holder).expect("lock");
    let pid = std::process::id();
    let table = status(&sandbox, &[]);
    insta::assert_snapshot!(table.stdout.replace(&pid.to_string(), "[pid]"), @"
    run        not started
    status     running
    process    [pid]
    started    2025-01-01T00:00:00Z
    committed  nothing
    ");
    let reported = status_json(&sandbox);
    assert_eq!((&reported["status"], &reported["holder"]["pid"]), (&json!("running"), &json!(pid)));
}

#[test]
fn failed_and_interrupted_runs_are_distinguished() {
    let sandbox = Sandbox::new(50);
    sandbox.write("reports", "a file where the directory should be");
    assert_eq!(sandbox.simulate(&["2025", "--progress", "none"]).code, 7);
    assert_eq!(status_json(&sandbox)["status"], "failed");
    let open = || Database::open(&sandbox.path("simulation.duckdb"), &DatabaseOptions::default()).expect("open");
    open().execute("update planalign.runs set status = 'running'", &[]).expect("update");
    assert_eq!(status_json(&sandbox)["status"], "interrupted");
}

#[test]
fn a_database_without_a_run_is_not_an_error() {
    let sandbox = Sandbox::new(1);
    drop(Database::open(&sandbox.path("simulation.duckdb"), &DatabaseOptions::default()).expect("open"));
    let output = status(&sandbox, &[]);
    assert_eq!((output.code, output.stdout.as_str()), (0, "no run in the database\n"));
}
