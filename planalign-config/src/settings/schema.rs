//! The configuration for programs and people: the JSON Schema of a file, and a list of all settings.
//!
//! Structure, descriptions, and allowed values come from the settings types and their doc comments. Rules that involve several
//! settings aren't included; they are checked when a file is loaded.

pub(super) mod constraint;

use serde_json::{Map, Value, json};

use crate::settings::keys::{is_whole, join};
use crate::settings::rules::{Allowed, DECLARED, Field, RULES, Rule, rule_of};
use crate::settings::{Identifier, SimulationConfig};

/// An entry of the settings reference.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingEntry {
    /// The key, such as `simulation.start_year`.
    pub key: String,
    /// The description.
    pub meaning: String,
    /// The allowed values, in words.
    pub allowed: String,
    /// The default; `None` if the setting is required.
    pub default: Option<Value>,
    /// The fields of each entry, if the setting is a list of maps.
    pub fields: Vec<FieldEntry>,
}

/// A field of a list entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldEntry {
    /// The path within the entry, such as `models.add`.
    pub key: String,
    /// The description.
    pub meaning: String,
    /// The allowed values, in words.
    pub allowed: String,
    /// Whether the field is required.
    pub is_required: bool,
}

/// Returns the JSON Schema (draft 2020-12) of a configuration or scenario file. It accepts every file that can be loaded; no
/// key is required, because layers complement each other.
#[must_use]
pub fn json_schema() -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "PlanAlign configuration",
    });
    let section = section(&DECLARED, "", &Value::Object(defaults()));
    if let (Value::Object(root), Value::Object(section)) = (&mut root, section) {
        root.extend(section);
    }
    root
}

/// Lists all settings, in file order.
#[must_use]
pub fn settings() -> Vec<SettingEntry> {
    let mut all = Vec::new();
    list(&json_schema(), "", &mut all);
    all
}

/// The defaults of all settings except the two IDs, which have none.
fn defaults() -> Map<String, Value> {
    let Ok(id) = "id".parse::<Identifier>() else { return Map::new() };
    let mut tree = SimulationConfig::new(id.clone(), id).to_tree();
    tree.retain(|key, _| key != "scenario_id" && key != "plan_design_id");
    tree
}

/// The schema of a section.
fn section(derived: &Value, path: &str, defaults: &Value) -> Value {
    let mut properties = Map::new();
    for (name, derived) in derived["properties"].as_object().into_iter().flatten() {
        let path = join(path, name);
        let default = &defaults[name.as_str()];
        let schema = match RULES.get(&path) {
            Some(rule) => setting(derived, rule, default),
            None => section(derived, &path, default),
        };
        properties.insert(name.clone(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    constraint::describe(&mut schema, derived);
    if path.split('.').any(is_whole) {
        schema["default"] = defaults.clone();
    }
    schema
}

/// The schema of a setting.
fn setting(derived: &Value, rule: &Rule, default: &Value) -> Value {
    let mut schema = rule.schema();
    constraint::describe(&mut schema, derived);
    if !default.is_null() || rule.nullable {
        schema["default"] = default.clone();
    }
    schema
}

fn list(schema: &Value, path: &str, all: &mut Vec<SettingEntry>) {
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let key = join(path, name);
        match rule_of(&key) {
            Some(rule) => all.push(SettingEntry {
                meaning: text(&schema["description"]),
                allowed: rule.expected(),
                default: schema.get("default").cloned(),
                fields: fields(&rule.allowed, schema, ""),
                key,
            }),
            None => list(schema, &key, all),
        }
    }
}

/// The fields of a list of maps, or of a map within one.
fn fields(allowed: &Allowed, schema: &Value, path: &str) -> Vec<FieldEntry> {
    let (fields_of, schema) = match allowed {
        Allowed::List(item) => match &**item {
            Allowed::Map(fields) => (fields, &schema["items"]),
            _ => return Vec::new(),
        },
        Allowed::Map(fields) => (fields, schema),
        _ => return Vec::new(),
    };
    let field = |field: &Field| {
        let (key, schema) = (join(path, &field.name), &schema["properties"][field.name.as_str()]);
        match fields(&field.allowed, schema, &key) {
            inner if inner.is_empty() => vec![FieldEntry {
                key,
                meaning: text(&schema["description"]),
                allowed: field.allowed.words(),
                is_required: field.is_required,
            }],
            inner => inner,
        }
    };
    fields_of.iter().flat_map(field).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
pub(crate) mod tests;
