//! The event log of a run, during and after it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::Stdio;

use planalign_config::lock::{Holder, RunLock};
use serde_json::{Value, json};

use crate::sandbox::{CommandOutput, Sandbox, captured};

fn log(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    captured(&sandbox.command(&[&["log"], arguments].concat()).output().expect("run planalign"))
}

/// The lines, without times and durations.
fn without_times(text: &str) -> String {
    let words = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let is_duration = |i: usize| words[i] == "ms" || words.get(i + 1) == Some(&"ms");
        (0..words.len()).filter(|i| !is_duration(*i)).map(|i| words[i]).collect::<Vec<_>>().join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

fn run_id(sandbox: &Sandbox) -> String {
    let run_id = sandbox.open("simulation.duckdb").query_value("select run_id from planalign.runs", &[]);
    run_id.expect("read").text().expect("a run")
}

#[test]
fn the_recorded_log_of_a_run_equals_its_log_file() {
    let sandbox = Sandbox::new(100);
    sandbox.simulated(&["2025"]);
    let reported = log(&sandbox, &[]);
    assert_eq!((reported.code, reported.stderr.as_str()), (0, ""));
    let run_id = run_id(&sandbox);
    insta::assert_snapshot!(without_times(&reported.stdout).replace(&run_id, "[run]"), @"
    Run [run]: 2025 to 2025, 7 stages, seed 42
    2025 INITIALIZATION
    2025 FOUNDATION
    2025 EVENT_GENERATION
    2025 STATE_ACCUMULATION
    2025 VALIDATION
    2025 REPORTING
    2025 CLEANUP
    Finished in with 0 errors and 0 warnings
    ");
    let lines = fs::read_to_string(sandbox.path(&format!("logs/{run_id}.jsonl"))).expect("a log");
    assert_eq!(log(&sandbox, &[&run_id, "--format", "json"]).stdout, lines);
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let sequences: Vec<Option<u64>> = events.iter().map(|event| event["sequence"].as_u64()).collect();
    assert_eq!(sequences, (1..=events.len() as u64).map(Some).collect::<Vec<_>>());

    let unknown = log(&sandbox, &["none"]);
    assert_eq!(unknown.code, 2);
    insta::assert_snapshot!(unknown.stderr.replace(&run_id, "[run]"), @"error: run none not found; the database has [run]");
}

#[test]
fn a_run_in_progress_is_followed_to_its_end() {
    let sandbox = Sandbox::new(3);
    let holder = Holder::new("planalign simulate", "2026-01-01T00:00:00Z".parse().expect("a time"));
    let mut lock = RunLock::acquire(&sandbox.path("simulation.duckdb"), &holder).expect("lock");
    lock.update(Some("run-1")).expect("update the lock");
    fs::create_dir(sandbox.path("logs")).expect("create logs");
    let mut file =
        OpenOptions::new().create(true).append(true).open(sandbox.path("logs/run-1.jsonl")).expect("open the log");
    let mut append = |sequence: u64, kind: Value| {
        let mut event = json!({ "sequence": sequence, "run_id": "run-1", "timestamp": "2026-01-01T00:00:01Z", "since_start_ms": 5 });
        event.as_object_mut().expect("a map").extend(kind.as_object().expect("a map").clone());
        writeln!(file, "{event}").expect("write");
    };
    append(1, json!({ "event": "run_started", "start_year": 2025, "end_year": 2026, "stages": 12, "seed": 42 }));
    append(2, json!({ "event": "checkpoint_saved", "year": 2025, "stage": "INITIALIZATION" }));
    let now = log(&sandbox, &[]);
    assert_eq!(now.stdout, "2026-01-01T00:00:01Z  Run run-1: 2025 to 2026, 12 stages, seed 42\n");

    let status = captured(&sandbox.command(&["status"]).output().expect("run planalign"));
    let lines: Vec<&str> = status.stdout.lines().filter(|line| !line.starts_with("process")).collect();
    assert_eq!(
        lines,
        ["run        run-1", "status     running", "started    2026-01-01T00:00:00Z", "committed  2025/INITIALIZATION"]
    );
    let status = captured(&sandbox.command(&["status", "--format", "json"]).output().expect("run planalign"));
    let status: Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status["last_checkpoint"], "2025/INITIALIZATION");

    let following = sandbox.command(&["log", "--follow"]).stdout(Stdio::piped()).spawn().expect("run planalign");
    append(3, json!({ "event": "stage_finished", "year": 2025, "stage": "FOUNDATION", "elapsed_ms": 7 }));
    append(4, json!({ "event": "run_failed", "cause": "the disk is full" }));
    let followed = captured(&following.wait_with_output().expect("wait"));
    insta::assert_snapshot!(followed.stdout, @"
    2026-01-01T00:00:01Z  Run run-1: 2025 to 2026, 12 stages, seed 42
    2026-01-01T00:00:01Z  2025  FOUNDATION              7 ms
    2026-01-01T00:00:01Z  Failed: the disk is full
    ");

    // Other runs are looked up in the database, which doesn't exist yet.
    assert_eq!(log(&sandbox, &["run-0"]).code, 2);
}
