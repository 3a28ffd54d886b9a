//! Rejects configuration whose results would differ from dbt's.

use serde_json::Value as Json;

use super::config::NodeConfig;
use super::failures::Place;
use crate::runner::{Materialization, RunnerError};

/// Unsupported keys that would change the table, with alternatives.
const REFUSED: [(&str, &str); 7] = [
    ("sql_header", "use a pre_hook"),
    ("indexes", "leave them out (the engine's indexes are not safe within stages)"),
    ("incremental_predicates", "delete rows with a pre_hook, and append"),
    ("predicates", "delete rows with a pre_hook, and append"),
    ("partitioned_by", "leave it out"),
    ("grants", "leave them out (DuckDB has no users)"),
    ("python_packages", "write the model in SQL"),
];

/// The materialization of a model.
pub(crate) fn materialization(config: &NodeConfig, place: Place<'_>) -> Result<Materialization, RunnerError> {
    match config.materialized() {
        "view" => Ok(Materialization::View),
        "table" => Ok(Materialization::Table),
        "incremental" => Ok(Materialization::Incremental),
        "ephemeral" => Ok(Materialization::Ephemeral),
        other => {
            Err(place.unsupported(format!("materialization {other}"), "use view, table, incremental, or ephemeral"))
        }
    }
}

/// Rejects unsupported configuration.
pub(crate) fn check(config: &NodeConfig, database: &str, place: Place<'_>) -> Result<(), RunnerError> {
    for (key, hint) in REFUSED {
        if config.get(key).is_some_and(is_set) {
            return Err(place.unsupported(format!("configuration {key}"), hint));
        }
    }
    if config.get("contract").and_then(|c| c.get("enforced")) == Some(&Json::Bool(true)) {
        return Err(place.unsupported("enforced contracts", "test the columns with data tests"));
    }
    if config.text("database").is_some_and(|d| !d.eq_ignore_ascii_case(database)) {
        return Err(place
            .unsupported("configuration database", "leave it out (all models are built in the database of the run)"));
    }
    match config.text("incremental_strategy") {
        None | Some("append" | "delete+insert" | "default") => {}
        Some(other) => {
            return Err(place.unsupported(format!("incremental_strategy {other}"), "use append or delete+insert"));
        }
    }
    match config.text("on_schema_change") {
        None | Some("ignore") => {}
        Some(other) => {
            return Err(place.unsupported(format!("on_schema_change {other}"), "rebuild the table with a full refresh"));
        }
    }
    for key in ["pre_hook", "post_hook"] {
        for hook in config.get(key).and_then(Json::as_array).into_iter().flatten() {
            hook_sql(hook, place)?;
        }
    }
    Ok(())
}

/// Rejects values that dbt doesn't take for true or false, such as the text `false`.
pub(crate) fn check_enabled(config: &NodeConfig, place: Place<'_>) -> Result<(), RunnerError> {
    check_value(config, "enabled", "true or false, without quotes", Json::is_boolean, place)
}

/// Rejects configuration of a test that dbt rejects, or that is not supported.
pub(crate) fn check_test(config: &NodeConfig, place: Place<'_>) -> Result<(), RunnerError> {
    check_enabled(config, place)?;
    let is_severity = |value: &Json| {
        value
            .as_str()
            .is_some_and(|severity| ["error", "warn"].iter().any(|known| known.eq_ignore_ascii_case(severity)))
    };
    let is_whole = |value: &Json| value.is_i64() || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok());
    check_value(config, "severity", "`error` or `warn`", is_severity, place)?;
    check_value(config, "limit", "a whole number", is_whole, place)?;
    for key in ["warn_if", "error_if", "fail_calc", "where"] {
        check_value(config, key, "a text", Json::is_string, place)?;
    }
    if !config.enabled() {
        return Ok(());
    }
    let stores = match config.text("store_failures_as") {
        Some(relation) => relation != "ephemeral",
        None => config.boolean("store_failures") == Some(true),
    };
    if stores {
        return Err(place.unsupported("store_failures", "run the test's query to see the failing rows"));
    }
    Ok(())
}

fn check_value(
    config: &NodeConfig,
    key: &str,
    expected: &str,
    is_valid: impl Fn(&Json) -> bool,
    place: Place<'_>,
) -> Result<(), RunnerError> {
    match config.get(key).filter(|value| !is_valid(value)) {
        Some(found) => Err(place.compilation(format!("{key} is {found}, but must be {expected}"))),
        None => Ok(()),
    }
}

fn is_set(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// The SQL of a hook, given as text or in a mapping.
pub(crate) fn hook_sql<'a>(hook: &'a Json, place: Place<'_>) -> Result<&'a str, RunnerError> {
    match hook {
        Json::String(sql) => Ok(sql),
        Json::Object(map) if map.get("transaction") == Some(&Json::Bool(false)) => Err(place.unsupported(
            "hooks outside of the transaction",
            "leave out `transaction: false` (all of a node is one transaction)",
        )),
        Json::Object(map) => match map.get("sql") {
            Some(Json::String(sql)) => Ok(sql),
            _ => Err(place.compilation("a hook is a text, or a mapping with the key sql")),
        },
        _ => Err(place.compilation("a hook is a text, or a mapping with the key sql")),
    }
}
