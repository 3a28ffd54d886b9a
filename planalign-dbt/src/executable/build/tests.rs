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
    for line in lines.lines() {
        build.read(Line::Out(line.to_owned()), &mut |event| {
            match event {
                NodeEvent::Started { name, .. } => seen.push(format!("{name} started")),
                NodeEvent::Finished(outcome) => {
                    seen.push(format!("{} built in {:?}", outcome.name(), outcome.elapsed()));
                }
                NodeEvent::Waiting => {}
            }
            Flow::Continue
        });
    }
    let code = head["exit"].as_i64().and_then(|code| i32::try_from(code).ok()).expect("an exit code");
    let end = build.finish(End::Exited(code), folder.path(), Path::new("dbt"), Duration::from_secs(1));
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
