//! Jinja in the values of `dbt_project.yml` and `schema.yml`: `+enabled: "{{ var('x') }}"`.

use std::sync::Arc;

use minijinja::Environment;
use minijinja::value::Value;
use serde_json::Value as Json;

use super::failures::Place;
use super::jinja::context::Context;
use super::jinja::lexer::as_in_python;
use super::yaml::{Data, Yaml};
use crate::runner::RunnerError;

/// Keys whose texts are rendered later for each node, or not at all.
const LATER: [&str; 9] = [
    "pre-hook",
    "post-hook",
    "pre_hook",
    "post_hook",
    "description",
    "tests",
    "data_tests",
    "arguments",
    "loaded_at_query",
];

/// Sections of a properties file whose texts are rendered; dbt renders others too, but only for its documentation.
const RENDERED: [&str; 4] = ["models", "seeds", "sources", "data_tests"];

/// Renders the sections of a properties file that affect what is built.
pub(crate) fn render_file(
    yaml: &Yaml,
    file: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Yaml, RunnerError> {
    let mut rendered = yaml.clone();
    if let Data::Map(sections) = &mut rendered.data {
        for (_, section) in sections.iter_mut().filter(|(name, _)| RENDERED.contains(&name.as_str())) {
            *section = render_properties(section, file, env, context)?;
        }
    }
    Ok(rendered)
}

/// Renders the texts of properties, except for hooks, descriptions, and tests.
pub(crate) fn render_properties(
    yaml: &Yaml,
    file: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Yaml, RunnerError> {
    let data = match &yaml.data {
        Data::Scalar(Json::String(text)) if text.contains("{{") || text.contains("{%") => {
            Data::Scalar(render_native(text, file, yaml.line, env, context)?)
        }
        Data::Scalar(other) => Data::Scalar(other.clone()),
        Data::List(items) => {
            Data::List(items.iter().map(|item| render_properties(item, file, env, context)).collect::<Result<_, _>>()?)
        }
        Data::Map(pairs) => Data::Map(
            pairs
                .iter()
                .map(|(key, value)| {
                    let later = LATER.contains(&key.trim_start_matches('+').trim());
                    let value = if later { value.clone() } else { render_properties(value, file, env, context)? };
                    Ok((key.clone(), value))
                })
                .collect::<Result<_, RunnerError>>()?,
        ),
    };
    Ok(Yaml { line: yaml.line, data })
}

/// The value of a text with Jinja: the value of an expression, or else the rendered text.
fn render_native(
    text: &str,
    file: &str,
    line: usize,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Json, RunnerError> {
    let problem = |message: String| RunnerError::Project { file: file.to_owned(), line: Some(line), message };
    let failed =
        |e: minijinja::Error| match (Place { kind: "file", node: file, file }).rendering(&e, &context.world.macros) {
            RunnerError::Compilation { message, .. } => problem(message),
            other => other,
        };
    let value = evaluate(text, env, context).map_err(failed)?;
    serde_json::to_value(&value).map_err(|e| problem(e.to_string()))
}

/// Evaluates a text as dbt's native renderer does.
pub(crate) fn evaluate(
    text: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Value, minijinja::Error> {
    let root = Value::from_dyn_object(context.clone());
    let source = as_in_python(text).map_err(|u| super::jinja::errors::failure(u.message))?;
    match single_expression(&source) {
        Some(expression) => env.compile_expression_owned(expression.to_owned())?.eval(root),
        None => env.render_str(&source, root).map(Value::from),
    }
}

/// Renders a text that was unknown when the project was loaded.
pub(crate) fn evaluate_text(
    text: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<String, minijinja::Error> {
    let source = as_in_python(text).map_err(|u| super::jinja::errors::failure(u.message))?;
    env.render_str(&source, Value::from_dyn_object(context.clone()))
}

/// The expression of a text that consists only of one `{{ ... }}`.
fn single_expression(source: &str) -> Option<&str> {
    let text = source.trim();
    let tags = super::jinja::lexer::tags(text).ok()?;
    let [tag] = tags.as_slice() else { return None };
    let whole = tag.start == 0 && tag.end == text.len() && text.starts_with("{{");
    whole.then(|| text[2..text.len() - 2].trim_start_matches('-').trim_end_matches('-').trim())
}
