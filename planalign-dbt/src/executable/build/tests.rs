//! Calls of dbt as real executables printed them (`cargo xtask parity --record`).

use std::fmt::Write as _;
use std::fs;

use planalign_config::{Diagnostic, full_message};
use serde_json::{Value, json};

use super::*;
use crate::runner::Materialization;

fn nodes() -> Vec<Node> {
    let node = |name: &str| Node {
        name: name.to_owned(),
        id: format!("model.shop.{name}"),
        selector: String::new(),
        file: format!("models/{name}.sql"),
        materialization: Materialization::Table,
        relation: None,
        depends_on: if name == "third" { vec!["second".to_owned()] } else { Vec::new() },
    };
    ["first", "second", "third"].map(node).into()
}

/// What the runner makes of a recorded call.
fn outcome(recorded: &str) -> String {
    let (head, lines) = recorded.split_once('\n').expect("a head");
    let head: Value = serde_json::from_str(head).expect("JSON");
    let folder = tempfile::tempdir().expect("temporary directory");
    if !head["results"].is_null() {
        let results = json!({ "metadata": { "invocation_id": "call" }, "results": head["results"] });
        fs::write(folder.path().join("run_results.json"), results.to_string()).expect("results");
    }
    let (nodes, redactor) =
        (nodes(), Redactor::of(&[("known".to_owned(), "hidden value".into())].into_iter().collect()));
    let mut build = Build::new(&nodes, &redactor);
    let mut seen = Vec::new();
    let mut observe = |event: NodeEvent<'_>| {
        match event {
            NodeEvent::Started { name, .. } => seen.push(format!("{name} started")),
            NodeEvent::Finished(Outcome::Skipped(skip)) => {
                seen.push(format!("{} skipped after {:?}", skip.name, skip.after));
            }
            NodeEvent::Finished(outcome) => {
                let what = if outcome.is_success() { "built" } else { "failed" };
                seen.push(format!("{} {what} in {:?}", outcome.name(), outcome.elapsed()));
            }
            NodeEvent::Waiting => {}
        }
        Flow::Continue
    };
    for line in lines.lines() {
        build.read(Line::Out(line.to_owned()), &mut observe);
    }
    let code = head["exit"].as_i64().and_then(|code| i32::try_from(code).ok()).expect("an exit code");
    let end = build.finish(End::Exited(code), folder.path(), Path::new("dbt"), Duration::from_secs(1), &mut observe);
    let mut out = seen.join(", ") + "\n";
    let _ = match &end {
        Ok(results) => writeln!(out, "built {}", results.len()),
        Err(error) => writeln!(out, "{:?}: {}\n{}", error.fault(), full_message(error), error.details().join("\n")),
    };
    out
}

#[test]
fn failures_of_both_versions_are_understood() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let mut versions: Vec<_> = fs::read_dir(recorded).expect("recorded").flatten().map(|entry| entry.path()).collect();
    versions.sort();
    assert_eq!(versions.len(), 2);
    for version in versions {
        let name = version.file_name().expect("a name").to_string_lossy().into_owned();
        let mut cases: Vec<_> = fs::read_dir(&version).expect("cases").flatten().map(|entry| entry.path()).collect();
        cases.retain(|case| !case.file_name().expect("a name").to_string_lossy().starts_with("test_"));
        cases.sort();
        let mut out = String::new();
        for case in cases {
            let recorded = fs::read_to_string(&case).expect("a case");
            let outcome = outcome(&recorded);
            assert!(!outcome.contains("hidden value") && !outcome.contains("Jane"), "{outcome}");
            let _ = writeln!(out, "== {}\n{outcome}", case.file_stem().expect("a name").to_string_lossy());
        }
        insta::assert_snapshot!(format!("dbt_{name}"), out);
    }
}

/// What becomes of a node for which dbt says this.
fn failure(message: &str) -> RunnerError {
    node_error(ResourceType::Model, "first", "models/first.sql", message, &Redactor::default())
}

#[test]
fn a_node_that_the_system_fails_is_no_fault_of_the_project() {
    let error = failure("  Runtime Error in model first (models/first.sql)\n  [Errno 28] No space left on device: 'x'");
    assert_eq!(error.fault(), Fault::OutOfSpace);
    assert_eq!(error.to_string(), "model first (models/first.sql) failed");
    assert_eq!(error.details(), ["[Errno 28] No space left on device: 'x'"]);
    assert_eq!(error.node().map(|(name, _)| name), Some("first"));
    let missing = failure("[Errno 2] No such file or directory: 'rates.csv'");
    assert!(matches!(missing, RunnerError::Compilation { .. }), "a file that the model reads: {missing:?}");
}

#[test]
fn only_the_heading_is_removed_from_a_message() {
    let cases = [
        ("  Compilation Error in model a (models/a.sql)\n  'x' is undefined", "'x' is undefined"),
        ("[error] [JinjaError (dbt1501)]: Failed\n  (in models/a.sql)", "Failed\n(in models/a.sql)"),
        ("[error] [DbDriverFailed (dbt1308)]: Database Error in model a (run/a.sql)\n  Broken", "Broken"),
        ("Required var 'x' not found in config:", "Required var 'x' not found in config"),
        (
            "Depends on\nCompilation Error in model b (models/b.sql)",
            "Depends on\nCompilation Error in model b (models/b.sql)",
        ),
        ("A macro of b (models/a.sql)", "A macro of b (models/a.sql)"),
    ];
    for (message, expected) in cases {
        assert_eq!(without_heading(message), expected);
    }
}
