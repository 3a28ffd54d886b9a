//! What the configuration may hold, for programs and for people: the JSON Schema of a file, and a list of all settings.
//!
//! Structure, meaning and what a value may be come from the settings' types and their comments, defaults from the defaults.
//! Rules that involve several settings are in neither; loading a file tells them.

pub(super) mod constraint;

use serde_json::{Map, Value, json};

use crate::settings::keys::{is_whole, join};
use crate::settings::rules::{Allowed, DECLARED, Field, RULES, Rule, rule_of};
use crate::settings::{Identifier, SimulationConfig};

/// A setting, as people look it up.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingEntry {
    /// Its key, for example `simulation.start_year`.
    pub key: String,
    /// What it means.
    pub meaning: String,
    /// What its value may be, in words.
    pub allowed: String,
    /// Its default; `None` if it must be given.
    pub default: Option<Value>,
    /// What each entry consists of, if it is a list of maps.
    pub fields: Vec<FieldEntry>,
}

/// A field of the entries of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldEntry {
    /// Its path within the entry, for example `models.add`.
    pub key: String,
    /// What it means.
    pub meaning: String,
    /// What its value may be, in words.
    pub allowed: String,
    /// Whether an entry must have it.
    pub is_required: bool,
}

/// The JSON Schema (draft 2020-12) of a configuration or scenario file. It admits every file that can be loaded; no key is
/// required, because the layers of a configuration complete each other.
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

/// All settings, in the order of the file.
#[must_use]
pub fn settings() -> Vec<SettingEntry> {
    let mut all = Vec::new();
    list(&json_schema(), "", &mut all);
    all
}

/// The defaults of all settings but the two ids, which have none.
fn defaults() -> Map<String, Value> {
    let Ok(id) = "id".parse::<Identifier>() else { return Map::new() };
    let mut tree = SimulationConfig::new(id.clone(), id).to_tree();
    tree.retain(|key, _| key != "scenario_id" && key != "plan_design_id");
    tree
}

/// The schema of a map of settings.
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

/// What a list of maps, or a map within one, consists of.
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
