//! What a value may be, as JSON Schema.

use serde_json::{Map, Value, json};

use crate::settings::rules::{Allowed, Rule};

impl Rule {
    /// The JSON Schema of the setting's values.
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
            Self::Identifier => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
            Self::Text => json!({ "type": "string", "pattern": "\\S" }),
            Self::Line => json!({ "type": "string", "pattern": "^[^\\x00-\\x1f]*\\S[^\\x00-\\x1f]*$" }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Choice(words) => json!({ "type": "string", "enum": words }),
            Self::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
            Self::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::MonthDay => json!({ "type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$" }),
            Self::Date => json!({ "type": "string", "format": "date", "pattern": "^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}$" }),
            Self::Shares(count) => {
                let items = Self::Number(0.0, 1.0).schema();
                json!({ "type": "array", "items": items, "minItems": count, "maxItems": count })
            }
            Self::Texts => json!({ "type": "array", "items": Self::Text.schema() }),
            Self::Records(fields) => json!({ "type": "array", "items": record(fields, fields.len()) }),
            Self::Entries(fields) => json!({ "type": "array", "items": record(fields, 1) }),
            Self::Section(fields) => record(fields, 0),
            Self::MapOf(keys, value) => {
                let properties: Map<_, _> = keys.iter().map(|key| ((*key).to_owned(), value.schema())).collect();
                json!({ "type": "object", "properties": properties, "additionalProperties": false })
            }
        }
    }
}

/// A map of fields, of which the first `required` must be there.
fn record(fields: &[(&str, Allowed)], required: usize) -> Value {
    let properties: Map<_, _> = fields.iter().map(|(name, allowed)| ((*name).to_owned(), allowed.schema())).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if required > 0 {
        schema["required"] = fields[..required].iter().map(|(name, _)| *name).collect();
    }
    schema
}

/// Takes over what the types' comments say of a value and of all that it holds.
pub(super) fn describe(schema: &mut Value, derived: &Value) {
    let Some(target) = schema.as_object_mut() else { return };
    if let Some(text) = derived["description"].as_str() {
        // Comments are for programmers, whose absent value is the user's null.
        let text = text.replace("`None`", "null").replace('\n', " ");
        target.insert("description".to_owned(), text.into());
    }
    if let Some(items) = target.get_mut("items") {
        describe(items, &derived["items"]);
    }
    for (name, property) in target.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        describe(property, &derived["properties"][name.as_str()]);
    }
}
