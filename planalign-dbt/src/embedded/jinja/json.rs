//! `tojson` as a function and as a filter, with JSON as Python writes it.

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};
use planalign_config::python::write_json_text;
use serde_json::Value as Json;

use super::arguments::Given;
use super::builtins::python_float;
use super::errors::failure;

/// Adds both to an environment.
pub(super) fn register(env: &mut Environment<'_>) {
    env.add_function("tojson", |value: Value, default: Given, options: Kwargs| tojson(&value, default, &options));
    env.add_filter("tojson", |value: &Value, indent: Option<Value>, options: Kwargs| filter(value, indent, &options));
}

/// Formats JSON with a space after commas and colons, as Python does.
fn tojson(value: &Value, default: Given, options: &Kwargs) -> Result<Value, Error> {
    let sort_keys = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    let default = default.or_named("default", options)?;
    match serde_json::to_value(value) {
        Ok(json) => Ok(Value::from(Layout { sort_keys, indent: None }.text(&json))),
        Err(error) => default.ok_or_else(|| failure(format!("tojson(): {error}"))),
    }
}

/// Jinja's own filter sorts keys and escapes what HTML reserves.
fn filter(value: &Value, indent: Option<Value>, options: &Kwargs) -> Result<String, Error> {
    let indent: Option<Value> = indent.or(options.get("indent")?);
    options.assert_all_used()?;
    let indent = indent.filter(|indent| !indent.is_none()).map(|indent| indentation(&indent)).transpose()?;
    let json = serde_json::to_value(value).map_err(|error| failure(format!("tojson: {error}")))?;
    let text = Layout { sort_keys: true, indent }.text(&json);
    let escapes = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")];
    Ok(escapes.iter().fold(text, |text, (character, escape)| text.replace(character, escape)))
}

/// The text that indents a line once: a text itself, or a number of spaces, where less than none is none.
fn indentation(indent: &Value) -> Result<String, Error> {
    if let Some(text) = indent.as_str() {
        return Ok(text.to_owned());
    }
    let spaces = u16::try_from(i64::try_from(indent.clone())?.max(0));
    Ok(" ".repeat(spaces.map_err(|_| failure("tojson: the indent is too large"))?.into()))
}

/// How Python writes JSON.
struct Layout {
    sort_keys: bool,
    /// What starts a line once per level; `None`: everything is on one line.
    indent: Option<String>,
}

impl Layout {
    fn text(&self, json: &Json) -> String {
        let mut out = String::new();
        self.write(json, 0, &mut out);
        out
    }

    /// Writes a value within so many lists and dicts.
    fn write(&self, json: &Json, depth: usize, out: &mut String) {
        match json {
            Json::Array(items) => {
                self.write_items(['[', ']'], items, depth, out, |item, out| self.write(item, depth + 1, out));
            }
            Json::Object(map) => {
                let mut pairs: Vec<_> = map.iter().collect();
                if self.sort_keys {
                    pairs.sort_by_key(|(key, _)| *key);
                }
                self.write_items(['{', '}'], &pairs, depth, out, |(key, value), out| {
                    write_json_text(key, out);
                    out.push_str(": ");
                    self.write(value, depth + 1, out);
                });
            }
            Json::String(text) => write_json_text(text, out),
            Json::Number(number) if number.is_f64() => {
                let number = Value::from(number.as_f64().unwrap_or(f64::NAN));
                out.push_str(&python_float(&number).unwrap_or_else(|| number.to_string()));
            }
            other => out.push_str(&other.to_string()),
        }
    }

    fn write_items<T>(
        &self,
        [open, close]: [char; 2],
        items: &[T],
        depth: usize,
        out: &mut String,
        write: impl Fn(&T, &mut String),
    ) {
        out.push(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push_str(if self.indent.is_some() { "," } else { ", " });
            }
            self.start_line(depth + 1, out);
            write(item, out);
        }
        if !items.is_empty() {
            self.start_line(depth, out);
        }
        out.push(close);
    }

    fn start_line(&self, depth: usize, out: &mut String) {
        if let Some(indent) = &self.indent {
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
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
