//! Marker types for values that Rust types alone can't describe, applied with `#[schemars(with = "...")]`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

/// The smallest unit: the models compute in millionths.
pub(super) const MILLIONTH: f64 = 0.000_001;

/// From 0 to 1.
pub(super) type Share = Millionths<0, 1_000_000>;
/// Above 0, up to 1.
pub(super) type PositiveShare = Millionths<1, 1_000_000>;
/// From 0 to 10.
pub(super) type Multiplier = Millionths<0, 10_000_000>;

/// A number within inclusive bounds.
pub(super) struct Millionths<const LEAST: u32, const MOST: u32>;

impl<const LEAST: u32, const MOST: u32> JsonSchema for Millionths<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("millionths_{LEAST}_to_{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = |millionths: u32| f64::from(millionths) / 1e6;
        json_schema!({ "type": "number", "minimum": number(LEAST), "maximum": number(MOST) })
    }
}

/// Numbers from 0 to 1 that add up to 1.
pub(super) struct Shares<const COUNT: usize>;

impl<const COUNT: usize> JsonSchema for Shares<COUNT> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("shares_{COUNT}").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let share = generator.subschema_for::<Share>();
        json_schema!({ "type": "array", "items": share, "minItems": COUNT, "maxItems": COUNT })
    }
}

/// A date in the form YYYY-MM-DD.
pub(super) struct CalendarDate;

impl JsonSchema for CalendarDate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// Disallows `null` in the fields of a map: fields that don't change are omitted.
pub(super) fn never_null(schema: &mut Schema) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(|fields| fields.values_mut()) {
        let either = field.as_object_mut().and_then(|field| field.remove("anyOf"));
        let value = either.as_ref().and_then(|either| either[0].as_object());
        for (keyword, said) in value.into_iter().flatten() {
            if field.get(keyword).is_none() {
                field[keyword] = said.clone();
            }
        }
        if let Some(name) = field["type"].as_array().and_then(|types| types.first()).cloned() {
            field["type"] = name;
        }
    }
}
