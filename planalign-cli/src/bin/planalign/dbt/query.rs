//! `planalign dbt compile` and `show`.

use std::time::Instant;

use jiff::Timestamp;
use planalign_config::{Row, Rows, Value, full_message};
use planalign_dbt::{Artifacts, Resource, ResourceType, RunnerError};
use serde_json::{Map, Value as Json, json};

use super::args::{DbtCompileArgs, DbtShowArgs, QueryArgs, TextOrJson};
use super::{Opened, Screen};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;

/// The models and tests of a selection, which have SQL.
fn selected(opened: &Opened, query: &QueryArgs) -> Result<Vec<Resource>, Failure> {
    let selection = query.selection.selection(&[ResourceType::Model, ResourceType::Test])?;
    Ok(opened.project.runner.list(&selection)?)
}

/// Compiles what is selected, leaves the artifacts, and prints the SQL of what is named.
pub(super) fn compile(opened: &Opened, args: &DbtCompileArgs, screen: &Screen) -> Result<ExitCode, Failure> {
    let runner = &opened.project.runner;
    if let Some(text) = &args.query.inline {
        let sql = runner.compile_inline(text, &opened.vars)?;
        say(&printed(None, &sql, args.output, screen))?;
        return Ok(ExitCode::Done);
    }
    let selection = args.query.selection.selection(&[])?;
    let mut artifacts = Artifacts::new(opened.invocation(&selection));
    let mut failed: Vec<(Resource, RunnerError)> = Vec::new();
    let words = &selection.select;
    let names = names(words);
    // Tests are compiled with what they test, but only printed if they are named.
    let is_printed = |resource: &Resource| {
        names.contains(&resource.name.as_str()) || !words.is_empty() && resource.resource_type == ResourceType::Model
    };
    for resource in selected(opened, &args.query)? {
        let (started_at, start) = (Timestamp::now(), Instant::now());
        let result = runner.compile(&resource.name, &opened.vars);
        let id = &resource.unique_id;
        artifacts.add_compiled(id, result.as_ref().map(String::as_str), started_at, start.elapsed());
        match result {
            Ok(sql) if is_printed(&resource) => say(&printed(Some(&resource.name), &sql, args.output, screen))?,
            Ok(_) => {}
            Err(error) => failed.push((resource, error)),
        }
    }
    opened.write(&artifacts)?;
    for (resource, error) in &failed {
        log::error!("{}: {}", resource.file, full_message(error));
    }
    if words.is_empty() && failed.is_empty() {
        screen.line(&format!("Compiled SQL is in {}", opened.target.join("compiled").display()))?;
    }
    Ok(if failed.is_empty() { ExitCode::Done } else { ExitCode::RunFailed })
}

fn printed(node: Option<&str>, sql: &str, output: TextOrJson, screen: &Screen) -> String {
    match output {
        TextOrJson::Json => format!("{:#}", of_node(node, "compiled", json!(sql))),
        TextOrJson::Text if screen.quiet => sql.to_owned(),
        TextOrJson::Text => format!("Compiled {} is:\n{sql}", named(node)),
    }
}

/// Shows the first rows of what is selected.
pub(super) fn show(opened: &Opened, args: &DbtShowArgs, screen: &Screen) -> Result<ExitCode, Failure> {
    for (node, sql) in queries(opened, &args.query)? {
        let limit = u64::try_from(args.limit).ok();
        let rows = opened.project.runner.first_rows(node.as_deref(), &sql, limit)?;
        say(&match args.output {
            TextOrJson::Text if screen.quiet => table(&rows),
            TextOrJson::Text => format!("Previewing {}:\n{}", named(node.as_deref()), table(&rows)),
            TextOrJson::Json => format!("{:#}", of_node(node.as_deref(), "show", objects(&rows))),
        })?;
    }
    Ok(ExitCode::Done)
}

/// The queries to show, with the nodes that they come from.
fn queries(opened: &Opened, args: &QueryArgs) -> Result<Vec<(Option<String>, String)>, Failure> {
    let runner = &opened.project.runner;
    let inline = |text: &str| runner.compile_inline(text, &opened.vars);
    if let Some(text) = &args.inline {
        return Ok(vec![(None, inline(text)?)]);
    }
    let selection = args.selection.selection(&[ResourceType::Model, ResourceType::Seed, ResourceType::Test])?;
    let query = |resource: Resource| {
        let sql = match resource.resource_type {
            ResourceType::Seed => inline(&format!("select * from {{{{ ref('{}') }}}}", resource.name)),
            _ => runner.compile(&resource.name, &opened.vars),
        };
        Ok((Some(resource.name), sql?))
    };
    let names = names(&selection.select);
    let listed = runner.list(&selection)?;
    // A test's rows are only shown if it is named, not with what it tests.
    let shown =
        |resource: &Resource| resource.resource_type != ResourceType::Test || names.contains(&resource.name.as_str());
    let queries: Result<Vec<_>, RunnerError> = listed.into_iter().filter(shown).map(query).collect();
    let queries = queries?;
    if queries.is_empty() { Err(Failure::NothingToShow) } else { Ok(queries) }
}

/// The names that a selection may consist of.
fn names(selection: &str) -> Vec<&str> {
    selection.split([' ', ',', '+', '@']).collect()
}

fn named(node: Option<&str>) -> String {
    node.map_or_else(|| "inline node".to_owned(), |node| format!("node '{node}'"))
}

fn of_node(node: Option<&str>, key: &str, value: Json) -> Json {
    let node = node.map(|node| ("node".to_owned(), json!(node)));
    Json::Object(node.into_iter().chain([(key.to_owned(), value)]).collect())
}

fn objects(rows: &Rows) -> Json {
    let object = |row: &Row| {
        let pairs = rows.columns.iter().cloned().zip(row.values().iter().map(json_of));
        Json::Object(pairs.collect::<Map<_, _>>())
    };
    rows.rows.iter().map(object).collect()
}

fn json_of(value: &Value) -> Json {
    let number = |text: String| text.parse().map_or(Json::String(text), Json::Number);
    match value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => json!(truth),
        Value::Float(float) => json!(float),
        Value::Integer(_) | Value::Decimal { .. } => number(value.to_string()),
        Value::Timestamp(_) => Json::String(value.to_string().replacen(' ', "T", 1)),
        other => Json::String(other.to_string()),
    }
}

/// dbt's table: `| id | name |`, numbers on the right, nothing for NULL.
fn table(rows: &Rows) -> String {
    let text = |value: &Value| if matches!(value, Value::Null) { String::new() } else { value.to_string() };
    let cells: Vec<Vec<String>> = rows.rows.iter().map(|row| row.values().iter().map(text).collect()).collect();
    let is_number = |at: usize| {
        let values = || rows.rows.iter().filter_map(|row| row.values().get(at)).filter(|v| !matches!(v, Value::Null));
        values().next().is_some() && values().all(|value| json_of(value).is_number())
    };
    let columns: Vec<(usize, bool)> = (0..rows.columns.len())
        .map(|at| {
            let texts = [&rows.columns[at]].into_iter().chain(cells.iter().map(|row| &row[at]));
            (texts.map(|text| text.chars().count()).max().unwrap_or_default(), is_number(at))
        })
        .collect();
    let line = |texts: &[String]| {
        let cells = texts.iter().zip(&columns).map(|(text, (width, right))| match right {
            true => format!("| {text:>width$} "),
            false => format!("| {text:<width$} "),
        });
        cells.collect::<String>() + "|"
    };
    let rule: Vec<String> = columns.iter().map(|(width, _)| "-".repeat(*width)).collect();
    let rows = [line(&rows.columns), line(&rule)].into_iter().chain(cells.iter().map(|row| line(row)));
    rows.collect::<Vec<_>>().join("\n")
}
