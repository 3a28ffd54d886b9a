//! Allowed values as JSON Schema.

use serde_json::{Map, Value, json};

use crate::settings::rules::{Allowed, Field, Rule};

impl Rule {
    /// The JSON Schema for the setting's values.
    pub(super) fn schema(&self) -> Value {
        let mut schema = self.allowed.schema();
        if self.nullable {
            match &mut schema["enum"] {
                Value::Array(words) => words.push(Value::Null),
                _ => schema["type"] = json!([schema["type"], "null"]),
            }
        }
        if let Some(schema) = schema.as_object_mut() {
            schema.retain(|_, value| !value.is_null());
        }
        schema
    }
}

impl Allowed {
    fn schema(&self) -> Value {
        match self {
            Self::Text => json!({ "type": "string", "pattern": "\\S" }),
            Self::Pattern { pattern, .. } => json!({ "type": "string", "pattern": pattern.as_str() }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Choice(words) => json!({ "type": "string", "enum": words }),
            Self::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
            Self::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::Date => json!({ "type": "string", "format": "date", "pattern": "^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}$" }),
            Self::Shares(count) => {
                let items = Self::Number(0.0, 1.0).schema();
                json!({ "type": "array", "items": items, "minItems": count, "maxItems": count })
            }
            Self::List(item) => json!({ "type": "array", "items": item.schema() }),
            Self::Map(fields) => map(fields),
            Self::MapOf(keys, value) if keys.is_empty() => {
                json!({ "type": "object", "additionalProperties": value.schema() })
            }
            Self::MapOf(keys, value) => {
                let properties: Map<_, _> = keys.iter().map(|key| (key.clone(), value.schema())).collect();
                json!({ "type": "object", "properties": properties, "additionalProperties": false })
            }
        }
    }
}

fn map(fields: &[Field]) -> Value {
    let properties: Map<_, _> = fields.iter().map(|field| (field.name.clone(), field.allowed.schema())).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let required: Vec<&str> =
        fields.iter().filter(|field| field.is_required).map(|field| field.name.as_str()).collect();
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// Copies the types' doc comments for a value and everything in it.
pub(super) fn describe(schema: &mut Value, derived: &Value) {
    let Some(target) = schema.as_object_mut() else { return };
    let meaning = meaning(derived);
    if !meaning.is_empty() {
        target.insert("description".to_owned(), meaning.into());
    }
    if let Some(items) = target.get_mut("items") {
        describe(items, &derived["items"]);
    }
    for (name, property) in target.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        describe(property, &derived["properties"][name.as_str()]);
    }
}

/// The first paragraph of a type's doc comment, on one line.
fn meaning(derived: &Value) -> String {
    let text = comment(derived);
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}

/// A type's doc comment in the words of a file, where `None` is null.
pub(in crate::settings) fn comment(derived: &Value) -> String {
    derived["description"].as_str().unwrap_or_default().replace("`None`", "null")
}
