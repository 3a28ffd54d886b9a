//! Calls of `dbt test` as real executables printed them (`cargo xtask parity --record`).

use serde_json::{Value, json};

use super::*;

fn tests(names: &[&str]) -> Vec<Test> {
    let test = |name: &&str| {
        let (id, file) = (format!("test.shop.{name}"), format!("tests/{name}.sql"));
        Test { warn_if: "> 0".to_owned(), ..Test::new(name, &id, &file) }
    };
    names.iter().map(test).collect()
}

/// What the runner makes of a recorded call, of this dbt.
fn results(version: &str, case: &str, asked: &[&str]) -> Result<Vec<TestResult>, RunnerError> {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(version);
    let recorded = fs::read_to_string(recorded.join(format!("{case}.jsonl"))).expect("a case");
    let (head, lines) = recorded.split_once('\n').expect("a head");
    let head: Value = serde_json::from_str(head).expect("JSON");
    let folder = tempfile::tempdir().expect("temporary directory");
    let file = json!({ "metadata": { "invocation_id": "call" }, "results": head["results"] });
    fs::write(folder.path().join("run_results.json"), file.to_string()).expect("results");
    let compiled = folder.path().join("compiled/shop/tests");
    fs::create_dir_all(&compiled).expect("folder");
    fs::write(compiled.join("fails.sql"), "select a from \"shop\".\"main\".\"first\"").expect("query");
    let (asked, redactor) = (tests(asked), Redactor::default());
    let mut call = TestCall::new(&asked, &redactor);
    let mut started = 0;
    let mut observe = |event: NodeEvent<'_>| {
        started += usize::from(matches!(event, NodeEvent::Started { .. }));
        Flow::Continue
    };
    for line in lines.lines() {
        call.read(Line::Out(line.to_owned()), &mut observe);
    }
    let code = head["exit"].as_i64().and_then(|code| i32::try_from(code).ok()).expect("an exit code");
    let limit = Duration::from_secs(1);
    let end = call.finish(End::Exited(code), folder.path(), Path::new("dbt"), limit, &mut observe);
    assert!(started > 0);
    end
}

const VERSIONS: [&str; 2] = ["1.11.16", "2.0.0-alpha.4"];

#[test]
fn both_versions_say_what_tests_found() {
    for version in VERSIONS {
        let found = results(version, "test_found", &["passes", "fails", "warns"]).expect("tests ran");
        let found: Vec<_> = found.iter().map(|test| (test.name.as_str(), test.message().unwrap_or_default())).collect();
        let expected = [
            ("passes", ""),
            ("fails", "Got 1 result, configured to fail if != 0"),
            ("warns", "Got 1 result, configured to warn if > 0"),
        ];
        assert_eq!(found, expected.map(|(name, message)| (name, message.to_owned())), "{version}");
        let sql = results(version, "test_found", &["fails"]).expect("tests ran").remove(0).sql;
        assert_eq!(sql, "select a from \"shop\".\"main\".\"first\"", "{version}");
    }
}

#[test]
fn a_test_that_cannot_run_is_an_error_even_where_dbt_calls_it_a_failure() {
    for version in VERSIONS {
        let error = results(version, "test_broken", &["passes", "broken"]).expect_err("an unknown column");
        assert_eq!(error.to_string(), "test broken (tests/broken.sql) failed", "{version}");
        assert!(matches!(&error, RunnerError::Database { kind: "test", .. }), "{version}: {error:?}");
    }
}

#[test]
fn a_test_without_a_result_never_passes() {
    for version in VERSIONS {
        let error = results(version, "test_found", &["passes", "elsewhere"]).expect_err("not run");
        assert!(
            matches!(&error, RunnerError::Dbt(DbtError::Incomplete { nodes }) if nodes == &["elsewhere"]),
            "{error:?}"
        );
    }
}
