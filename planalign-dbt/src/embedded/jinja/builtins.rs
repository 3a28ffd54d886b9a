//! Plain functions and filters that dbt adds to Jinja, Python's number format, and unsupported names.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Rest, Tuple, Value, ValueKind};
use minijinja::{Environment, Error};
use serde_json::Value as Json;

use super::arguments::Given;
use super::collections::{dict_literal, from_json, list, list_literal};
use super::errors::{failure, refusal};

/// Unsupported names of dbt's context, with alternatives.
const REFUSED: [(&str, &str); 17] = [
    ("run_started_at", "pass a variable (results must not depend on the time of a run)"),
    ("invocation_id", "pass a variable (results must not depend on the run)"),
    ("modules", "compute dates in SQL"),
    ("graph", "name the models with ref()"),
    ("selected_resources", "leave it out (a model must not depend on what else is selected)"),
    ("dbt_version", "leave it out (this runner is not a version of dbt)"),
    ("flags", "pass a variable"),
    ("builtins", "call ref(), source(), and config() directly"),
    ("doc", "write the text itself (docs blocks are not read)"),
    ("toyaml", "use tojson()"),
    ("fromyaml", "use fromjson()"),
    ("context", "name what is needed"),
    ("local_md5", "use md5() of the database"),
    ("store_result", "use run_query()"),
    ("store_raw_result", "use run_query()"),
    ("submit_python_job", "write the model in SQL"),
    ("thread_id", "leave it out (results must not depend on the thread)"),
];

/// Adds everything to an environment.
pub(crate) fn register(env: &mut Environment<'_>) {
    env.add_function("_list_", |items: Value| list_literal(&items));
    env.add_function("_dict_", |pairs: Value| dict_literal(&pairs));
    env.add_function("tojson", |value: Value, default: Given, options: Kwargs| tojson(&value, default, &options));
    env.add_function("fromjson", |text: &str, default: Given, options: Kwargs| {
        let default = default.or_named("default", &options)?;
        let parsed = serde_json::from_str::<Json>(text).ok().map(|json| from_json(&json));
        Ok::<_, Error>(parsed.or(default).unwrap_or_else(|| Value::from(())))
    });
    env.add_function("set", |items: Value, default: Given, options: Kwargs| {
        let default = default.or_named("default", &options)?;
        Ok::<_, Error>(set(&items).or(default).unwrap_or_else(|| Value::from(())))
    });
    env.add_function("set_strict", |items: Value| set(&items).ok_or_else(|| failure("set_strict() takes a list")));
    env.add_function("zip", |lists: Rest<Value>, options: Kwargs| {
        let default = Given(None).or_named("default", &options)?;
        Ok::<_, Error>(zip(&lists).ok().or(default).unwrap_or_else(|| Value::from(())))
    });
    env.add_function("zip_strict", |lists: Rest<Value>| zip(&lists));
    for name in ["as_text", "as_bool", "as_native", "as_number"] {
        env.add_filter(name, |value: Value| value);
    }
    for (name, hint) in REFUSED {
        env.add_global(name, Value::from(refusal(name, hint)));
    }
    env.set_formatter(|out, state, value| {
        if has_python_float(value) {
            return Ok(out.write_str(&python_text(value))?);
        }
        minijinja::escape_formatter(out, state, value)
    });
}

/// Whether a value is a float that Python formats otherwise, or a list or dict with one.
fn has_python_float(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Number => python_float(value).is_some(),
        ValueKind::Seq => value.try_iter().is_ok_and(|mut items| items.any(|item| has_python_float(&item))),
        ValueKind::Map => value
            .try_iter()
            .is_ok_and(|mut keys| keys.any(|key| value.get_item(&key).is_ok_and(|item| has_python_float(&item)))),
        _ => false,
    }
}

/// A value as Python prints it within a list or dict.
pub(crate) fn python_text(value: &Value) -> String {
    if !has_python_float(value) {
        return format!("{value:?}");
    }
    let items = || value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::Seq => {
            let texts: Vec<_> = items().map(|item| python_text(&item)).collect();
            match (value.is_tuple(), texts.as_slice()) {
                (true, [only]) => format!("({only},)"),
                (true, _) => format!("({})", texts.join(", ")),
                (false, _) => format!("[{}]", texts.join(", ")),
            }
        }
        ValueKind::Map => {
            let pair = |key: Value| {
                let item = value.get_item(&key).unwrap_or_default();
                format!("{}: {}", python_text(&key), python_text(&item))
            };
            format!("{{{}}}", items().map(pair).collect::<Vec<_>>().join(", "))
        }
        _ => python_float(value).unwrap_or_else(|| value.to_string()),
    }
}

/// Formats a float as Python does where the engine differs: with an exponent if very large or small.
pub(crate) fn python_float(value: &Value) -> Option<String> {
    if value.kind() != ValueKind::Number || value.is_integer() {
        return None;
    }
    let number = f64::try_from(value.clone()).ok()?;
    let magnitude = number.abs();
    if number == 0.0 || !number.is_finite() || (1e-4..1e16).contains(&magnitude) {
        return None;
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    Some(format!("{mantissa}e{sign}{digits:0>2}"))
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

/// The distinct items of a list in order of first appearance; Python's order is random for strings.
fn set(items: &Value) -> Option<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for item in items.try_iter().ok()? {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    Some(list(distinct))
}

fn zip(lists: &[Value]) -> Result<Value, Error> {
    let mut columns = Vec::new();
    for items in lists {
        columns.push(items.try_iter()?.collect::<Vec<_>>());
    }
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    let row = |i: usize| Value::from(Tuple::new(columns.iter().map(|c| c[i].clone()).collect()));
    Ok(list((0..rows).map(row).collect()))
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
    fn numbers_print_as_in_python() {
        check(
            "{{ 0.00001 }} {{ 1e16 }} {{ -2.5e-7 }} {{ 0.0 }} {{ 1e15 }} {{ 3 }} {{ 0.1 }}",
            "1e-05 1e+16 -2.5e-07 0.0 1000000000000000.0 3 0.1",
        );
    }

    #[test]
    fn json_is_written_as_in_python() {
        check("{{ tojson({'b': [1, 'é'], 'a': none}) }}", "{\"b\": [1, \"\\u00e9\"], \"a\": null}");
        check("{{ tojson({'b': 1, 'a': true}, sort_keys=true) }}", "{\"a\": true, \"b\": 1}");
        check("{{ fromjson('{\"a\": [1]}').a[0] }} {{ fromjson('x', 5) }}", "1 5");
        check("{{ fromjson('x') }} {{ fromjson('x', none) }} {{ fromjson('x', default=7) }}", "None None 7");
    }

    #[test]
    fn sets_and_zips_are_lists() {
        check(
            "{{ set([2, 1, 2]) }} {{ zip([1, 2, 3], ['a', 'b']) }} {{ set(5, 'none') }} {{ 5 | as_number }}",
            "[2, 1] [(1, 'a'), (2, 'b')] none 5",
        );
        check("{{ set(5) }} {{ set(5, none) }} {{ set(5, default=6) }}", "None None 6");
        check("{{ zip(5) }} {{ zip(5, default=6) }}", "None 6");
    }

    #[test]
    fn unsupported_names_say_what_to_do_instead() {
        check(
            "{{ run_started_at }}",
            "invalid operation: run_started_at is not supported: pass a variable (results must not depend on the time of a run) (in <string>:1)",
        );
        check(
            "{{ modules.datetime }}",
            "invalid operation: modules is not supported: compute dates in SQL (in <string>:1)",
        );
    }
}
