//! The rules that settings types declare, read from their schema.
//!
//! Besides JSON Schema keywords, types use `x-note` (the source or meaning of a rule) and `x-words` (a pattern in words).
//! Text without a pattern has at least one character.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Allowed, Field, Rule};
use crate::settings::SimulationConfig;
use crate::settings::keys::join;

/// The tree of sections and settings with their doc comments, as declared by the types.
pub(crate) static DECLARED: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<SimulationConfig>().to_value()
});

/// The rule for each setting, by path.
pub(crate) static RULES: LazyLock<BTreeMap<String, Rule>> = LazyLock::new(|| {
    let mut rules = BTreeMap::new();
    collect("", &DECLARED, &mut rules);
    rules
});

fn collect(section: &str, schema: &Value, rules: &mut BTreeMap<String, Rule>) {
    for (name, schema) in properties(schema) {
        let path = join(section, name);
        if is_section(schema) {
            collect(&path, schema, rules);
        } else {
            rules.insert(path, Rule::declared(schema));
        }
    }
}

/// Whether this is a map of settings rather than a setting.
fn is_section(schema: &Value) -> bool {
    schema.get("properties").is_some()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

impl Rule {
    fn declared(schema: &Value) -> Self {
        let note = schema["x-note"].as_str().unwrap_or_default().to_owned();
        Self { allowed: Allowed::declared(schema), nullable: has_type(schema, "null"), note }
    }
}

impl Allowed {
    fn declared(schema: &Value) -> Self {
        let is = |name: &str| has_type(schema, name);
        if let Some(words) = words(schema) {
            Self::Choice(words)
        } else if is("boolean") {
            Self::Flag
        } else if is("number") {
            let bound = |key: &str, otherwise: f64| schema[key].as_f64().unwrap_or(otherwise);
            Self::Number(bound("minimum", f64::MIN), bound("maximum", f64::MAX))
        } else if is("integer") {
            let bound = |key: &str, otherwise: i64| schema[key].as_i64().unwrap_or(otherwise);
            Self::Whole(bound("minimum", i64::MIN), bound("maximum", i64::MAX))
        } else if is("array") {
            Self::list(schema)
        } else if is_section(schema) {
            Self::Map(fields(schema))
        } else if is("object") {
            let keys = words(&schema["propertyNames"]).unwrap_or_default();
            Self::MapOf(keys, Box::new(Self::declared(&schema["additionalProperties"])))
        } else if schema["format"] == "date" {
            Self::Date
        } else if let Some(pattern) = schema["pattern"].as_str().and_then(|pattern| Regex::new(pattern).ok()) {
            Self::Pattern { pattern, words: schema["x-words"].as_str().unwrap_or_default().to_owned() }
        } else {
            Self::Text
        }
    }

    fn list(schema: &Value) -> Self {
        match schema["minItems"].as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(count) => Self::Shares(count),
            None => Self::List(Box::new(Self::declared(&schema["items"]))),
        }
    }
}

fn fields(schema: &Value) -> Vec<Field> {
    let required = |name: &String| schema["required"].as_array().is_some_and(|all| all.contains(&name.as_str().into()));
    let field = |(name, schema): (&String, &Value)| Field {
        name: name.clone(),
        allowed: Allowed::declared(schema),
        is_required: required(name),
    };
    properties(schema).map(field).collect()
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(names) => names.contains(&name.into()),
        only => only == name,
    }
}

/// The words of a choice; `None` if it isn't one. Words with doc comments are alternatives; others are a list.
fn words(schema: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(text).collect());
    }
    let alternatives = schema["oneOf"].as_array()?;
    Some(alternatives.iter().filter_map(|word| text(&word["const"])).collect())
}
