//! Jinja in the values of `dbt_project.yml` and `schema.yml`: `+enabled: "{{ var('x') }}"`.

use std::sync::Arc;

use minijinja::Environment;
use minijinja::value::Value;
use serde_json::Value as Json;

use super::failures::Place;
use super::jinja::builtins::python_text;
use super::jinja::context::Context;
use super::jinja::lexer::as_in_python;
use super::loader::parse_phase;
use super::schema_yml::TEST_CONFIG;
use super::yaml::{Data, Yaml};
use crate::runner::RunnerError;

/// Keys whose texts are rendered later for each node, or not at all.
const LATER: [&str; 6] = ["pre-hook", "post-hook", "pre_hook", "post_hook", "arguments", "loaded_at_query"];

/// Lists of tests, of which only the configuration is rendered.
const TESTS: [&str; 2] = ["tests", "data_tests"];

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

/// Renders the texts of properties, except for hooks and arguments of tests.
pub(crate) fn render_properties(
    yaml: &Yaml,
    file: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Yaml, RunnerError> {
    let data = match &yaml.data {
        Data::Scalar(Json::String(text)) if text.contains("{{") || text.contains("{%") => {
            return render_native(text, file, yaml.line, env, context);
        }
        Data::Scalar(other) => Data::Scalar(other.clone()),
        Data::List(items) => {
            Data::List(items.iter().map(|item| render_properties(item, file, env, context)).collect::<Result<_, _>>()?)
        }
        Data::Map(pairs) => Data::Map(
            pairs
                .iter()
                .map(|(key, value)| {
                    let name = key.trim_start_matches('+').trim();
                    let value = match &value.data {
                        _ if LATER.contains(&name) => value.clone(),
                        _ if name == "description" => described(value, env, context),
                        Data::List(tests) if TESTS.contains(&name) => {
                            let tests = tests.iter().map(|test| render_test(test, file, env, context));
                            Yaml { line: value.line, data: Data::List(tests.collect::<Result<_, _>>()?) }
                        }
                        _ => render_properties(value, file, env, context)?,
                    };
                    Ok((key.clone(), value))
                })
                .collect::<Result<_, RunnerError>>()?,
        ),
    };
    Ok(Yaml { line: yaml.line, data })
}

/// A description, rendered if it can be: nothing is built by it, so its variables may change, and `doc` may be missing.
fn described(value: &Yaml, env: &Environment<'static>, context: &Arc<Context>) -> Yaml {
    let own = Context::new(context.world.clone(), context.subject.clone(), context.vars.clone(), parse_phase());
    match value.text().map(|text| evaluate_text(text, env, &own)) {
        Some(Ok(text)) => Yaml { line: value.line, data: Data::Scalar(text.into()) },
        _ => value.clone(),
    }
}

/// Renders the configuration of a test, next to its name or below it.
fn render_test(
    test: &Yaml,
    file: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Yaml, RunnerError> {
    let is_named = test.get("test_name").is_some();
    let mut rendered = test.clone();
    if let Data::Map(pairs) = &mut rendered.data {
        for (key, value) in pairs {
            match key.as_str() {
                key if is_test_configuration(key) => render_texts(key, value, file, env, context)?,
                "arguments" => {}
                _ if is_named => {}
                _ => {
                    let Data::Map(pairs) = &mut value.data else { continue };
                    for (key, value) in pairs.iter_mut().filter(|(key, _)| is_test_configuration(key)) {
                        render_texts(key, value, file, env, context)?;
                    }
                }
            }
        }
    }
    Ok(rendered)
}

fn is_test_configuration(key: &str) -> bool {
    key == "config" || TEST_CONFIG.contains(&key)
}

/// Renders a text, or the texts directly in a mapping. A `where` is rendered in each run.
fn render_texts(
    key: &str,
    value: &mut Yaml,
    file: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<(), RunnerError> {
    match &mut value.data {
        _ if key == "where" => {}
        Data::Scalar(_) => *value = render_properties(value, file, env, context)?,
        Data::Map(pairs) if key == "config" => {
            for (key, value) in pairs {
                render_texts(key, value, file, env, context)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The value of a text with Jinja: the value of an expression, or else the rendered text.
fn render_native(
    text: &str,
    file: &str,
    line: usize,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Yaml, RunnerError> {
    let problem = |message: String| RunnerError::Project { file: file.to_owned(), line: Some(line), message };
    let failed =
        |e: minijinja::Error| match (Place { kind: "file", node: file, file }).rendering(&e, &context.world.macros) {
            RunnerError::Compilation { message, .. } => problem(message),
            other => other,
        };
    let value = evaluate(text, env, context).map_err(failed)?;
    let value = serde_json::to_value(&value).map_err(|e| problem(e.to_string()))?;
    Ok(Yaml { line, data: Data::Scalar(value) })
}

/// Evaluates a text as dbt's native renderer does: what depends on nothing, such as `{{ [1, 2] }}`, is a text.
pub(crate) fn evaluate(
    text: &str,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Result<Value, minijinja::Error> {
    let root = Value::from_dyn_object(context.clone());
    let source = as_in_python(text).map_err(|u| super::jinja::errors::failure(u.message))?;
    match single_expression(&source) {
        Some(expression) => {
            let compiled = env.compile_expression_owned(expression.to_owned())?;
            let value = compiled.eval(root)?;
            // The engine's own functions, such as `_list_`, stand for literals.
            let is_own = |name: &String| name.starts_with('_') && name.ends_with('_');
            let is_constant = compiled.undeclared_variables(false).iter().all(is_own);
            match value.as_str() {
                Some(text) => converted(text, expression),
                None if is_constant => Ok(Value::from(python_text(&value))),
                None => Ok(value),
            }
        }
        None => env.render_str(&source, root).map(Value::from),
    }
}

/// The value of a text that ends with a filter such as `as_bool`.
fn converted(text: &str, expression: &str) -> Result<Value, minijinja::Error> {
    let number = || text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from)).ok();
    let boolean = || ["True", "False"].contains(&text).then(|| Value::from(text == "True"));
    let cannot = |kind: &str| super::jinja::errors::failure(format!("`{text}` is not {kind}"));
    match expression.rsplit('|').next().unwrap_or_default().trim() {
        "as_bool" => boolean().ok_or_else(|| cannot("`True` or `False`, as `as_bool` needs")),
        "as_number" => number().ok_or_else(|| cannot("a number, as `as_number` needs")),
        "as_native" => Ok(boolean().or_else(number).unwrap_or_else(|| Value::from(text))),
        _ => Ok(Value::from(text)),
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
