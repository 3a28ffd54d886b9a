//! Texts of values whose types have no variant of their own, as dbt shows them in templates: lists, structs, and maps are JSON as
//! Python writes it, intervals and times are Python's, and bit strings have a digit per bit.

use std::fmt::Write as _;

use duckdb::types::Value as DuckValue;

use crate::database::Value;
use crate::python::{self, write_json_text};

const DAY: i64 = 86_400_000_000;

/// A value of any type.
pub(super) fn value(value: &DuckValue) -> Value {
    match value {
        DuckValue::Union(inner) => self::value(inner),
        DuckValue::List(_)
        | DuckValue::Array(_)
        | DuckValue::Struct(_)
        | DuckValue::Map(_)
        | DuckValue::Time64(..)
        | DuckValue::Interval { .. }
        | DuckValue::Enum(_) => Value::Text(text(value)),
        scalar => super::from_duckdb(scalar.into()),
    }
}

/// A bit string, whose first byte counts the unused bits of the second.
pub(super) fn bits(bytes: &[u8]) -> String {
    let Some((&unused, bytes)) = bytes.split_first() else { return String::new() };
    let digits =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| if byte >> bit & 1 == 1 { '1' } else { '0' }));
    digits.skip(usize::from(unused)).collect()
}

/// The text of a value that isn't a plain scalar.
fn text(value: &DuckValue) -> String {
    match value {
        DuckValue::Time64(unit, time) => clock(unit.to_micros(*time), 2),
        DuckValue::Interval { months, days, nanos } => {
            let days = i64::from(*months) * 30 + i64::from(*days);
            interval(days * DAY + nanos / 1000)
        }
        DuckValue::Enum(label) => label.clone(),
        nested => {
            let mut out = String::new();
            write_json(nested, &mut out);
            out
        }
    }
}

/// A duration, such as `-1 day, 2:00:03.500000`.
fn interval(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let unit = if days.abs() == 1 { "day" } else { "days" };
    let clock = clock(rest, 1);
    if days == 0 { clock } else { format!("{days} {unit}, {clock}") }
}

/// Hours of at least `width` digits, minutes, seconds, and, unless zero, microseconds.
fn clock(micros: i64, width: usize) -> String {
    let seconds = micros / 1_000_000;
    let mut text = format!("{:0width$}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if micros % 1_000_000 != 0 {
        _ = write!(text, ".{:06}", micros % 1_000_000);
    }
    text
}

fn write_json(value: &DuckValue, out: &mut String) {
    match value {
        DuckValue::List(items) | DuckValue::Array(items) => write_items(items.iter(), out),
        // The fields of `row(1, 2)` have no names.
        DuckValue::Struct(fields) if fields.keys().all(String::is_empty) => write_items(fields.values(), out),
        DuckValue::Struct(fields) => write_pairs(fields.iter().map(|(key, value)| (key.clone(), value)), out),
        DuckValue::Map(pairs) => write_pairs(pairs.iter().map(|(key, value)| (key_text(key), value)), out),
        DuckValue::Union(inner) => write_json(inner, out),
        scalar => write_scalar(&self::value(scalar), out),
    }
}

fn write_items<'a>(items: impl Iterator<Item = &'a DuckValue>, out: &mut String) {
    out.push('[');
    for (i, item) in items.enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        write_json(item, out);
    }
    out.push(']');
}

fn write_pairs<'a>(pairs: impl Iterator<Item = (String, &'a DuckValue)>, out: &mut String) {
    out.push('{');
    for (i, (key, value)) in pairs.enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        write_json_text(&key, out);
        out.push_str(": ");
        write_json(value, out);
    }
    out.push('}');
}

/// A key of a map; keys of JSON are texts.
fn key_text(key: &DuckValue) -> String {
    match key {
        DuckValue::Text(text) | DuckValue::Enum(text) => text.clone(),
        other => {
            let mut text = String::new();
            write_json(other, &mut text);
            text.trim_matches('"').to_owned()
        }
    }
}

fn write_scalar(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(_) | Value::Integer(_) => out.push_str(&value.to_string()),
        Value::Float(_) | Value::Decimal { .. } => out.push_str(&float(value.float().unwrap_or(f64::NAN))),
        Value::Timestamp(micros) => {
            let date = i32::try_from(micros.div_euclid(DAY)).unwrap_or(0);
            write_json_text(&format!("{}T{}", Value::Date(date), clock(micros.rem_euclid(DAY), 2)), out);
        }
        Value::Blob(_) => write_json_text(&value.escaped().unwrap_or_default(), out),
        Value::Text(_) | Value::Date(_) => write_json_text(&value.to_string(), out),
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        python::with_exponent(number).unwrap_or_else(|| format!("{number:?}"))
    }
}
