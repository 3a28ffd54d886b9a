//! The part of JSON Schema that the configuration's schema uses; any other keyword panics.

use regex::Regex;
use serde_json::Value;

/// Whether a schema admits a value.
pub(crate) fn admits(schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().expect("schema is a map");
    keywords.iter().all(|(keyword, wanted)| match keyword.as_str() {
        "$schema" | "title" | "description" | "default" | "format" => true,
        "type" => match wanted {
            Value::Array(types) => types.iter().any(|name| is(value, name)),
            name => is(value, name),
        },
        "enum" => wanted.as_array().expect("list of values").contains(value),
        "minimum" => value.as_f64().is_none_or(|x| Some(x) >= wanted.as_f64()),
        "maximum" => value.as_f64().is_none_or(|x| Some(x) <= wanted.as_f64()),
        "pattern" => {
            let pattern = Regex::new(wanted.as_str().expect("pattern")).expect("pattern");
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| admits(wanted, item))),
        "minItems" => value.as_array().is_none_or(|items| Some(items.len() as u64) >= wanted.as_u64()),
        "maxItems" => value.as_array().is_none_or(|items| Some(items.len() as u64) <= wanted.as_u64()),
        "properties" => value.as_object().is_none_or(|map| {
            let known = |(name, value): (&String, &Value)| wanted.get(name).is_none_or(|schema| admits(schema, value));
            map.iter().all(known)
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let mut others = map.iter().filter(|(name, _)| schema["properties"].get(name.as_str()).is_none());
            others.all(|(_, value)| *wanted != false && admits(wanted, value))
        }),
        "required" => {
            let names = wanted.as_array().expect("names");
            value.as_object().is_none_or(|map| names.iter().all(|name| map.contains_key(name.as_str().expect("name"))))
        }
        other => panic!("unsupported keyword {other}"),
    })
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("type name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("unknown type {other}"),
    }
}
