//! Plain functions and filters that dbt adds to Jinja, Python's number format, and unsupported names.

use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, Rest, Tuple, Value, ValueKind};
use minijinja::{Environment, Error, State};
use planalign_config::python;
use serde_json::Value as Json;

use super::arguments::Given;
use super::collections::{dict_literal, from_json, list, list_literal};
use super::errors::{failure, refusal};
use super::{cycles, json, nesting};

/// Unsupported names of dbt's context, with alternatives.
const REFUSED: [(&str, &str); 10] = [
    ("run_started_at", "pass a variable (results must not depend on the time of a run)"),
    ("invocation_id", "pass a variable (results must not depend on the run)"),
    ("modules", "compute dates in SQL"),
    ("graph", "name the models with ref()"),
    ("selected_resources", "leave it out (a model must not depend on what else is selected)"),
    ("dbt_version", "leave it out (this runner is not a version of dbt)"),
    ("flags", "pass a variable"),
    ("builtins", "call ref(), source(), and config() directly"),
    ("context", "name what is needed"),
    ("thread_id", "leave it out (results must not depend on the thread)"),
];

/// Unsupported functions of dbt's context, with alternatives.
const REFUSED_FUNCTIONS: [(&str, &str); 8] = [
    ("lipsum", "write the text itself"),
    ("doc", "write the text itself (docs blocks are not read)"),
    ("toyaml", "use tojson()"),
    ("fromyaml", "use fromjson()"),
    ("local_md5", "use md5() of the database"),
    ("store_result", "use run_query()"),
    ("store_raw_result", "use run_query()"),
    ("submit_python_job", "write the model in SQL"),
];

/// Unsupported macros of dbt that are called without `dbt.` too.
const REFUSED_MACROS: [&str; 20] = [
    "array_append",
    "array_concat",
    "array_construct",
    "convert_datetime",
    "current_timestamp",
    "current_timestamp_backcompat",
    "current_timestamp_in_utc_backcompat",
    "date",
    "date_spine",
    "datediff",
    "dates_in_range",
    "generate_series",
    "get_intervals_between",
    "get_powers_of_two",
    "last_day",
    "listagg",
    "partition_range",
    "py_current_timestring",
    "snapshot_get_time",
    "type_json",
];

/// A function that must not be called or printed.
#[derive(Debug)]
struct RefusedFunction {
    feature: String,
    hint: &'static str,
}

impl RefusedFunction {
    fn error(&self) -> Error {
        refusal(self.feature.as_str(), self.hint)
    }
}

impl Object for RefusedFunction {
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Err(self.error())
    }
}

/// What to do instead of calling a macro of dbt that is not supported.
pub(crate) const INSTEAD_OF_MACRO: &str = "write the expression in the SQL of DuckDB";

/// Jinja's filters that are unsupported.
const REFUSED_FILTERS: [&str; 8] =
    ["filesizeformat", "forceescape", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr"];

/// Adds everything to an environment.
pub(crate) fn register(env: &mut Environment<'_>) {
    cycles::register(env);
    json::register(env);
    env.add_function("_list_", |items: Value| list_literal(&items));
    env.add_filter("_assigned_", |value: &Value, namespaces: Rest<Value>| nesting::assigned(value, &namespaces));
    env.add_function("_dict_", |pairs: Value| dict_literal(&pairs));
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
    // No filter of Jinja, and one that nests without end.
    env.remove_filter("chain");
    for name in REFUSED_FILTERS {
        env.add_filter(name, move |_: Value, _: Rest<Value>| {
            Err::<Value, _>(refusal(format!("the filter {name}"), "format the text in SQL"))
        });
    }
    for (name, hint) in REFUSED {
        env.add_global(name, Value::from(refusal(name, hint)));
    }
    let functions = REFUSED_FUNCTIONS.map(|(name, hint)| (name, name.to_owned(), hint));
    let macros = REFUSED_MACROS.map(|name| (name, format!("dbt.{name}()"), INSTEAD_OF_MACRO));
    for (name, feature, hint) in functions.into_iter().chain(macros) {
        env.add_global(name, Value::from_object(RefusedFunction { feature, hint }));
    }
    env.set_formatter(|out, state, value| {
        if let Some(function) = value.downcast_object_ref::<RefusedFunction>() {
            return Err(function.error());
        }
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
    python::with_exponent(f64::try_from(value.clone()).ok()?)
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
    fn json_is_read() {
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
