//! `tojson` as a function and as a filter, with JSON as Python writes it.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};
use serde_json::Value as Json;

use super::arguments::Given;
use super::builtins::python_float;
use super::errors::failure;

/// Adds both to an environment.
pub(super) fn register(env: &mut Environment<'_>) {
    env.add_function("tojson", |value: Value, default: Given, options: Kwargs| tojson(&value, default, &options));
    env.add_filter("tojson", |value: &Value, indent: Option<usize>, options: Kwargs| filter(value, indent, &options));
}

/// Formats JSON with a space after commas and colons, as Python does.
fn tojson(value: &Value, default: Given, options: &Kwargs) -> Result<Value, Error> {
    let sort_keys = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    let default = default.or_named("default", options)?;
    match serde_json::to_value(value) {
        Ok(json) => {
            let mut text = String::new();
            write_json(&json, sort_keys, &mut text);
            Ok(Value::from(text))
        }
        Err(error) => default.ok_or_else(|| failure(format!("tojson(): {error}"))),
    }
}

/// Jinja's own filter sorts keys and escapes what HTML reserves.
fn filter(value: &Value, indent: Option<usize>, options: &Kwargs) -> Result<String, Error> {
    let indent = indent.or(options.get("indent")?);
    options.assert_all_used()?;
    let json = serde_json::to_value(value).map_err(|error| failure(format!("tojson: {error}")))?;
    let mut text = String::new();
    write_json(&json, true, &mut text);
    if let Some(indent) = indent {
        text = indented(&text, indent);
    }
    let escapes = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")];
    Ok(escapes.iter().fold(text, |text, (character, escape)| text.replace(character, escape)))
}

/// JSON with each item on its own line.
fn indented(json: &str, indent: usize) -> String {
    let (mut out, mut depth, mut in_text, mut escaped) = (String::new(), 0_usize, false, false);
    let line = |depth: usize| format!("\n{}", " ".repeat(depth * indent));
    let mut characters = json.chars().peekable();
    while let Some(c) = characters.next() {
        let closes = matches!(characters.peek(), Some(']' | '}'));
        match c {
            _ if in_text => {
                out.push(c);
                in_text = c != '"' || escaped;
                escaped = c == '\\' && !escaped;
                continue;
            }
            '"' => in_text = true,
            '[' | '{' if !closes => {
                depth += 1;
                out.push(c);
                out.push_str(&line(depth));
                continue;
            }
            ']' | '}' if !out.ends_with(['[', '{']) => {
                depth = depth.saturating_sub(1);
                out.push_str(&line(depth));
            }
            ',' => {
                out.push(c);
                out.push_str(&line(depth));
                characters.next();
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

fn write_json(json: &Json, sort_keys: bool, out: &mut String) {
    match json {
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_json(item, sort_keys, out);
            }
            out.push(']');
        }
        Json::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            if sort_keys {
                pairs.sort_by_key(|(key, _)| *key);
            }
            out.push('{');
            for (i, (key, value)) in pairs.into_iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_json(&Json::String(key.clone()), sort_keys, out);
                out.push_str(": ");
                write_json(value, sort_keys, out);
            }
            out.push('}');
        }
        // Python escapes all non-ASCII characters.
        Json::String(text) => {
            for c in Json::String(text.clone()).to_string().chars() {
                if c.is_ascii() {
                    out.push(c);
                } else {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        _ = write!(out, "\\u{unit:04x}");
                    }
                }
            }
        }
        Json::Number(number) if number.is_f64() => {
            let number = Value::from(number.as_f64().unwrap_or(f64::NAN));
            out.push_str(&python_float(&number).unwrap_or_else(|| number.to_string()));
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: &str) {
        let mut env = Environment::new();
        register(&mut env);
        let text = env.render_str(template, ()).unwrap_or_else(|e| e.to_string());
        assert_eq!(text, expected, "{template}");
    }

    #[test]
    fn json_is_written_as_in_python() {
        check("{{ tojson({'b': [1, 'é'], 'a': none}) }}", "{\"b\": [1, \"\\u00e9\"], \"a\": null}");
        check("{{ tojson({'b': 1, 'a': true}, sort_keys=true) }}", "{\"a\": true, \"b\": 1}");
    }

    #[test]
    fn the_filter_sorts_escapes_and_indents() {
        check("{{ {'b': \"'<&>\", 'a': 1} | tojson }}", "{\"a\": 1, \"b\": \"\\u0027\\u003c\\u0026\\u003e\"}");
        check(
            "{{ {'b': [], 'a': [1, {'x': ', \"]'}]} | tojson(2) }}",
            "{\n  \"a\": [\n    1,\n    {\n      \"x\": \", \\\"]\"\n    }\n  ],\n  \"b\": []\n}",
        );
    }
}
