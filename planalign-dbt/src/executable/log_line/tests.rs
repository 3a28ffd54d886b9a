//! Lines as both versions of dbt print them, and lines that are no events.

use super::*;

/// The meaning of a line, as text.
fn meaning(line: &str) -> String {
    let Some(event) = Event::parse(line) else { return "text".to_owned() };
    match (event.node_status(), event.error()) {
        (Some((id, status)), _) => format!("{status:?} {id}"),
        (None, Some((id, text))) => format!("error {}: {}", id.unwrap_or("-"), text.lines().next().unwrap_or_default()),
        (None, None) => event.name().to_owned(),
    }
}

/// Recorded from real executables; `node_info` and texts are shortened.
const CORE_1: [(&str, &str); 6] = [
    (
        r#"{"data": {"version": "=1.11.16"}, "info": {"invocation_id": "1", "level": "info", "msg": "Running with dbt=1.11.16", "name": "MainReportVersion"}}"#,
        "MainReportVersion",
    ),
    (
        r#"{"data": {"index": 2, "node_info": {"node_status": "started", "unique_id": "model.shop.bad"}, "total": 3}, "info": {"level": "info", "msg": "2 of 3 START sql view model main.bad", "name": "LogStartLine"}}"#,
        "Started model.shop.bad",
    ),
    (
        r#"{"data": {"execution_time": 0.06, "node_info": {"node_status": "error", "unique_id": "model.shop.bad"}, "status": "ERROR"}, "info": {"level": "error", "msg": "2 of 3 ERROR creating sql view model main.bad", "name": "LogModelResult"}}"#,
        "Failed model.shop.bad",
    ),
    (
        r#"{"data": {"node_info": {"node_status": "skipped", "unique_id": "model.shop.child"}}, "info": {"level": "info", "msg": "3 of 3 SKIP relation main.child", "name": "SkippingDetails"}}"#,
        "Skipped model.shop.child",
    ),
    (
        r#"{"data": {"msg": "  Runtime Error in model bad", "node_info": {"node_status": null, "unique_id": "model.shop.bad"}}, "info": {"level": "error", "msg": "  Compilation Error in model bad", "name": "RunResultError"}}"#,
        "error model.shop.bad:   Compilation Error in model bad",
    ),
    (
        r#"{"data": {"node_info": {"unique_id": "model.shop.bad"}}, "info": {"level": "error", "msg": "  Runtime Error in model bad (models/bad.sql)\n  Binder Error: x", "name": "RunResultError"}}"#,
        "error model.shop.bad:   Runtime Error in model bad (models/bad.sql)",
    ),
];

const CORE_2: [(&str, &str); 4] = [
    (
        r#"{"data":{"node_info":{"node_status":"executing","unique_id":"model.shop.bad"}},"info":{"level":"debug","msg":"","name":"NodeExecuting"}}"#,
        "Started model.shop.bad",
    ),
    (
        r#"{"data":{"node_info":{"unique_id":"model.shop.bad"}},"info":{"level":"error","msg":"[error] [DbDriverFailed (dbt1308)]: Database Error in model bad\n  Binder Error: x","name":"Generic"}}"#,
        "error model.shop.bad: [error] [DbDriverFailed (dbt1308)]: Database Error in model bad",
    ),
    (
        r#"{"data":{"execution_time":0.22,"node_info":{"node_status":"success","unique_id":"model.shop.good"},"status":"success"},"info":{"level":"info","msg":"","name":"LogModelResult"}}"#,
        "Built model.shop.good",
    ),
    (
        r#"{"data":{},"info":{"level":"error","msg":"[error] [SchemaError (dbt1013)]: YAML","name":"Generic"}}"#,
        "error -: [error] [SchemaError (dbt1013)]: YAML",
    ),
];

#[test]
fn both_versions_of_dbt_are_understood() {
    for (line, expected) in CORE_1.into_iter().chain(CORE_2) {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn what_is_not_an_event_is_text() {
    for line in
        ["", "plain", "{}", "\"text\"", "[1]", "{\"info\": {}}", "{\"info\": 1}", "{\"info\": {\"name\": \"\"}}"]
    {
        assert_eq!(meaning(line), "text", "{line}");
    }
    assert_eq!(meaning(r#"{"info": {"name": "Note"}}"#), "Note");
    assert_eq!(meaning(r#"{"info": {"name": "Note"}, "data": {"node_info": {}}}"#), "Note");
}
