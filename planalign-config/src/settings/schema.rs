//! What the configuration may hold, for programs and for people: the JSON Schema of a file, and a list of all settings.
//!
//! Structure and meaning come from the settings' types and their comments, what a value may be from the table of rules,
//! defaults from the defaults. Rules that involve several settings are in neither; loading a file tells them.

mod constraint;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::settings::keys::join;
use crate::settings::rules::{Allowed, Rule, rule_of};
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
    let section = section(&derived(), "", &Value::Object(defaults()));
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

/// The tree of sections and settings with their comments, as the types tell it.
fn derived() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<SimulationConfig>().to_value()
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
        let schema = match rule_of(&path) {
            Some(rule) if derived.get("properties").is_none() => setting(derived, rule, default),
            _ => section(derived, &path, default),
        };
        properties.insert(name.clone(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    constraint::describe(&mut schema, derived);
    if rule_of(path).is_some() {
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
            Some(rule) if rule.key == key || schema.get("properties").is_none() => all.push(SettingEntry {
                meaning: schema["description"].as_str().unwrap_or_default().to_owned(),
                allowed: rule.expected(),
                default: schema.get("default").cloned(),
                fields: fields(&rule.allowed, schema, ""),
                key,
            }),
            _ => list(schema, &key, all),
        }
    }
}

/// What a list of maps, or a map within one, consists of.
fn fields(allowed: &Allowed, schema: &Value, path: &str) -> Vec<FieldEntry> {
    let (fields_of, schema) = match allowed {
        Allowed::Records(fields) | Allowed::Entries(fields) => (*fields, &schema["items"]),
        Allowed::Section(fields) => (*fields, schema),
        _ => return Vec::new(),
    };
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.contains(&name.into()));
    let field = |(name, allowed): &(&str, Allowed)| {
        let (key, schema) = (join(path, name), &schema["properties"][*name]);
        match fields(allowed, schema, &key) {
            inner if inner.is_empty() => vec![FieldEntry {
                key,
                meaning: schema["description"].as_str().unwrap_or_default().to_owned(),
                allowed: allowed.words(),
                is_required: required(name),
            }],
            inner => inner,
        }
    };
    fields_of.iter().flat_map(field).collect()
}

#[cfg(test)]
pub(crate) mod tests;
