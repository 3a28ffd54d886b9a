//! The arguments of generic tests, as passed to their macros.

use std::sync::Arc;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};
use serde_json::{Map, Value as Json};

use super::jinja::collections::{from_json, list};
use super::jinja::context::Context;
use super::yaml_jinja::evaluate;

/// Functions that an argument may call without braces.
const CALLS: [&str; 4] = ["ref", "source", "var", "env_var"];

/// The arguments, including `model`, the tested relation or subquery.
pub(crate) fn values(
    env: &Environment<'static>,
    context: &Arc<Context>,
    arguments: &Map<String, Json>,
    model: String,
) -> Result<Value, Error> {
    let mut pairs: Vec<(String, Value)> = vec![("model".to_owned(), Value::from(model))];
    for (name, argument) in arguments {
        let value = if name == "column_name" { from_json(argument) } else { value(env, context, argument)? };
        pairs.push((name.clone(), value));
    }
    Ok(pairs.into_iter().collect::<Kwargs>().into())
}

fn value(env: &Environment<'static>, context: &Arc<Context>, argument: &Json) -> Result<Value, Error> {
    match argument {
        Json::String(text) if looks_like_call(text) => evaluate(&format!("{{{{ {} }}}}", text.trim()), env, context),
        Json::String(text) if text.contains("{{") || text.contains("{%") => evaluate(text, env, context),
        Json::Array(items) => Ok(list(items.iter().map(|item| value(env, context, item)).collect::<Result<_, _>>()?)),
        other => Ok(from_json(other)),
    }
}

fn looks_like_call(text: &str) -> bool {
    let text = text.trim();
    let name = text.split('(').next().unwrap_or_default().trim_end();
    CALLS.contains(&name) && text.ends_with(')')
}
