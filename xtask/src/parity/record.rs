//! Records what real dbt prints when it fails, for tests that need both versions without installing them.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use planalign_config::{Database, DatabaseOptions};
use serde_json::{Map, Value, json};

use super::ParityError;
use crate::dbt::Dbt;
use crate::workspace;

/// A small project's case: its name, the second model, and a properties file.
const CASES: [(&str, &str, &str); 10] = [
    ("success", "select a from {{ ref('first') }}", ""),
    ("unknown_column", "select missing from {{ ref('first') }}", ""),
    ("value", "select cast(name as integer) as a from {{ ref('first') }}", ""),
    ("undefined_macro", "select {{ nothing.x() }}", ""),
    ("unknown_ref", "select * from {{ ref('gone') }}", ""),
    ("yaml", "select 1 as a", "models: ["),
    ("locked", "select 1 as a", ""),
    ("variable", "select {{ var('absent') }} as a", ""),
    ("selection", "select 1 as a", ""),
    ("profile", "select 1 as a", ""),
];

/// Cases of `dbt test` on the first model: their name, and the tests.
const TEST_CASES: [(&str, &[(&str, &str)]); 2] = [
    (
        "test_found",
        &[
            ("fails", "select a from {{ ref('first') }}"),
            ("passes", "select a from {{ ref('first') }} where a > 1"),
            ("warns", "{{ config(severity='warn', warn_if='> 0') }} select a from {{ ref('first') }}"),
        ],
    ),
    (
        "test_broken",
        &[
            ("broken", "select missing from {{ ref('first') }}"),
            ("passes", "select a from {{ ref('first') }} where a > 1"),
        ],
    ),
];

/// Records all cases with each dbt, by version.
pub(super) fn run(dbts: &[Dbt]) -> Result<String, ParityError> {
    for dbt in dbts {
        for (name, model, properties) in CASES {
            record(dbt, name, model, properties, &[])?;
        }
        for (name, tests) in TEST_CASES {
            record(dbt, name, "select 1 as a", "", tests)?;
        }
    }
    Ok(format!("recorded {} cases of {} dbt executables", CASES.len() + TEST_CASES.len(), dbts.len()))
}

fn record(dbt: &Dbt, case: &str, model: &str, properties: &str, tests: &[(&str, &str)]) -> Result<(), ParityError> {
    let system = ParityError::system("record dbt's output");
    let folder = tempfile::tempdir().map_err(&system)?;
    let (project, database) = (folder.path().join("project"), folder.path().join("shop.duckdb"));
    fs::create_dir_all(project.join("models")).map_err(&system)?;
    let output = json!({ "type": "duckdb", "path": database, "threads": 1 });
    let files = [
        ("project/dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n".to_owned()),
        ("project/models/first.sql", "{{ config(materialized='table') }} select 1 as a, 'Jane' as name".to_owned()),
        ("project/models/second.sql", format!("{{{{ config(materialized='table') }}}}\n{model}")),
        ("project/models/third.sql", "select * from {{ ref('second') }}".to_owned()),
        ("project/models/schema.yml", properties.to_owned()),
        ("profiles.yml", json!({ "shop": { "target": "dev", "outputs": { "dev": output } } }).to_string()),
    ];
    for (path, content) in files {
        fs::write(folder.path().join(path), content).map_err(&system)?;
    }
    fs::create_dir_all(project.join("tests")).map_err(&system)?;
    for (name, sql) in tests {
        fs::write(project.join(format!("tests/{name}.sql")), sql).map_err(&system)?;
    }
    let locked = (case == "locked").then(|| Database::open(&database, &DatabaseOptions::default())).transpose()?;
    let call = |subcommand: &[&str], selected: &[String]| {
        let mut command = Command::new(&dbt.0);
        command.args(subcommand).args(["--no-use-colors", "--log-format", "json"]);
        command.args(["--vars", r#"{"known": "hidden value"}"#]).arg("--select").args(selected);
        command.args(["--profile", if case == "profile" { "other" } else { "shop" }]);
        command.arg("--project-dir").arg(&project).arg("--profiles-dir").arg(folder.path());
        command.arg("--target-path").arg(folder.path().join("target"));
        command.arg("--log-path").arg(folder.path().join("logs"));
        command.env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false").output().map_err(&system)
    };
    let build = ["build", "--exclude-resource-type", "test", "unit_test"];
    let path = if case == "selection" { "path:elsewhere" } else { "path:models" };
    let mut ended = call(&build, &[path.to_owned()])?;
    if !tests.is_empty() {
        let selected: Vec<String> = tests.iter().map(|(name, _)| format!("fqn:shop.{name}")).collect();
        ended = call(&["test", "--threads", "1"], &selected)?;
    }
    drop(locked);
    let mut stdout = String::from_utf8_lossy(&ended.stdout).replace(&*folder.path().to_string_lossy(), "[DIR]");
    stdout = stdout.replace(&*workspace::root().to_string_lossy(), "[ROOT]");
    stdout = stdout.replace(&format!("PID {}", std::process::id()), "PID 1");
    let events = stdout.lines().map(|line| Ok(shortened(&json(line)?))).collect::<Result<Vec<_>, ParityError>>()?;
    let version = events.iter().find_map(|event| event["data"]["version"].as_str());
    let version = version.ok_or(ParityError::Unreadable { what: "dbt's version", found: stdout.clone() })?;
    let version = version.trim_start_matches('=').to_owned();
    let head = json!({ "exit": ended.status.code(), "results": results(&folder.path().join("target"))? });
    let lines: Vec<String> = std::iter::once(&head).chain(&events).map(Value::to_string).collect();
    let out = workspace::root().join("planalign-dbt/tests/recorded").join(version);
    fs::create_dir_all(&out).map_err(&system)?;
    fs::write(out.join(format!("{case}.jsonl")), lines.join("\n") + "\n").map_err(&system)
}

/// What the runner reads of an event, with times and IDs that are the same each time.
fn shortened(event: &Value) -> Value {
    let (info, data) = (&event["info"], &event["data"]);
    let mut kept = Map::new();
    for name in ["version", "adapter_version"] {
        if let Some(value) = data[name].as_str() {
            kept.insert(name.to_owned(), value.into());
        }
    }
    if let Some(node) = data["node_info"].as_object() {
        let status = node.get("node_status").cloned().unwrap_or_default();
        let id = node.get("unique_id").cloned().unwrap_or_default();
        kept.insert("node_info".to_owned(), json!({ "node_status": status, "unique_id": id }));
    }
    if !data["execution_time"].is_null() {
        kept.insert("execution_time".to_owned(), json!(0.5));
    }
    let message = info["msg"].as_str().unwrap_or_default();
    // A traceback names files of this machine.
    let message = if info["name"] == "MainStackTrace" { "Traceback" } else { message };
    let info = json!({ "name": info["name"], "level": info["level"], "msg": message, "invocation_id": "call" });
    json!({ "info": info, "data": kept })
}

/// What the runner reads of each node in `run_results.json`; null without the file.
fn results(target: &Path) -> Result<Value, ParityError> {
    let text = match fs::read_to_string(target.join("run_results.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Value::Null),
        text => text.map_err(ParityError::system("read dbt's results"))?,
    };
    let file = json(&text)?;
    let results = file["results"].as_array();
    let results = results.ok_or(ParityError::Unreadable { what: "a list of results", found: text })?;
    let kept = |result: &Value| -> Value {
        let keys = ["unique_id", "status", "failures", "compiled_code"];
        let kept = keys.into_iter().filter(|key| !result[key].is_null());
        kept.map(|key| (key.to_owned(), result[key].clone())).collect::<Map<_, _>>().into()
    };
    Ok(results.iter().map(kept).collect())
}

fn json(text: &str) -> Result<Value, ParityError> {
    serde_json::from_str(text).map_err(|_| ParityError::Unreadable { what: "JSON", found: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_or_missed_but_never_guessed() {
        let folder = tempfile::tempdir().expect("folder");
        let read = || results(folder.path()).map_err(|error| error.to_string());
        assert_eq!(read().expect("no file"), Value::Null);
        for (text, expected) in [
            (
                r#"{"results": [{"unique_id": "a", "status": "b", "x": 1}]}"#,
                r#"Ok(Array [Object {"unique_id": String("a"), "status": String("b")}])"#,
            ),
            ("{}", r#"Err("a list of results can't be read from `{}`")"#),
            ("half", r#"Err("JSON can't be read from `half`")"#),
        ] {
            fs::write(folder.path().join("run_results.json"), text).expect("write");
            assert_eq!(format!("{:?}", read()), expected);
        }
    }
}
