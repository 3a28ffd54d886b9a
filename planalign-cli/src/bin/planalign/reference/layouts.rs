//! The layouts of machine-readable output: run events and reports.

use std::fmt::Write as _;

use planalign_registries::RunEvent;
use planalign_reporting::summary::Overall;
use planalign_reporting::template::DEFAULT_TEMPLATE;
use planalign_reporting::{LAYOUT_VERSION, METRICS, YearAudit};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{cell, heading};

const EVENTS: &str = "Events that a run records in `planalign.run_events` and prints, one JSON object per line, with `planalign simulate \
    --progress json`. Each event has the fields of the first table and those of its kind. New fields may be added; existing ones keep their meaning.";

const REPORTS: &str =
    "Written for each year and for the run, from the database alone. `planalign report` rebuilds them.";

pub(super) fn run_events() -> String {
    let mut page = heading("Run events", EVENTS);
    let schema = schema_of::<RunEvent>();
    page.push_str("## Every event\n\n");
    fields(&mut page, &schema, "");
    page.push_str("| `event` | string | Event kind, one of those below. |\n");
    for kind in schema["oneOf"].as_array().into_iter().flatten() {
        let name = kind["properties"]["event"]["const"].as_str().unwrap_or_default();
        let _ = writeln!(page, "\n## {name}\n\n{}\n", description(kind));
        fields(&mut page, kind, "");
    }
    page
}

pub(super) fn reports() -> String {
    let mut page = heading("Reports", REPORTS);
    let _ = writeln!(
        page,
        "The layout below is version {LAYOUT_VERSION}. The version increases when a field changes meaning or is removed.\n"
    );
    page.push_str("## `year_<YEAR>.json`\n\n");
    let schema = schema_of::<YearAudit>();
    let _ = writeln!(page, "{}\n", description(&schema));
    fields(&mut page, &schema, "");
    page.push_str("\n## `multi_year_summary_<START>_<END>.json`\n\n");
    page.push_str(
        "`layout_version`, the audit of each year under `years`, and results for the whole run under `overall`:\n\n",
    );
    fields(&mut page, &schema_of::<Overall>(), "");
    page.push_str("\n## `multi_year_summary_<START>_<END>.csv`\n\n");
    page.push_str(
        "A header and one row per year. Money has two decimals and rates have six; missing values are empty. ",
    );
    page.push_str("Other types of simulation events get a column `events_<type>` at the end if any year has them.\n\n");
    page.push_str("| column | title | field of the year's audit |\n|---|---|---|\n");
    for metric in METRICS {
        let _ = writeln!(page, "| `{}` | {} | `{}` |", metric.name, metric.title, metric.field);
    }
    page.push_str("\n## Templates\n\n`planalign report --template FILE` prints the columns that a template selects, as a table or with ");
    page.push_str("`--format json` as `{title, run_id, years, sections: [{title, metrics: [{metric, title, values}]}]}`. The built-in template:\n\n");
    let _ = writeln!(page, "```yaml\n{}\n```", DEFAULT_TEMPLATE.trim_end());
    page
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// A table of fields; nested fields follow their parent.
fn fields(page: &mut String, schema: &Value, prefix: &str) {
    if prefix.is_empty() {
        page.push_str("| field | type | description |\n|---|---|---|\n");
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if field.get("const").is_some() {
            continue;
        }
        let name = format!("{prefix}{name}");
        let _ = writeln!(page, "| `{name}` | {} | {} |", kind(field), cell(&description(field)));
        fields(page, field, &format!("{name}."));
        fields(page, &field["items"], &format!("{name}[]."));
    }
}

fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    // Doc comments say `None` for JSON's null and link to items.
    text.replace("`None`", "null").replace("[`", "`").replace("`]", "`")
}

/// The type in words.
fn kind(schema: &Value) -> String {
    let name =
        |name: &Value| name.as_str().map_or("null", |name| if name == "object" { "map" } else { name }).to_owned();
    match (&schema["type"], &schema["anyOf"]) {
        (Value::Array(names), _) => names.iter().map(name).collect::<Vec<_>>().join(" or "),
        (Value::Null, Value::Array(any)) => any.iter().map(kind).collect::<Vec<_>>().join(" or "),
        (one, _) => name(one),
    }
}
