//! The template engine with dbt's additions.

use std::collections::BTreeSet;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::errors::innermost;
use super::lexer::{BadTag, as_in_python};
use super::{builtins, functions, objects, operators, python, sorting};

/// An environment without templates, for parsing; as in dbt, names that are defined only in a run are empty.
pub(crate) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    // It slows down every `return()`, so [`render`] turns it on only when needed.
    env.set_debug(false);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_undefined_behavior(UndefinedBehavior::Chainable);
    functions::register(&mut env);
    objects::register(&mut env);
    builtins::register(&mut env);
    operators::register(&mut env);
    python::register(&mut env);
    sorting::register(&mut env);
    env
}

/// The same environment for running; undefined names are errors instead of empty text.
pub(crate) fn for_running(mut env: Environment<'static>) -> Environment<'static> {
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env
}

/// Renders a template; if a name is undefined, renders it again to find out which.
pub(crate) fn render(env: &Environment<'static>, template: &str, root: &Value) -> Result<String, Error> {
    let error = match env.get_template(template).and_then(|t| t.render(root.clone())) {
        Err(error) if innermost(&error).kind() == ErrorKind::UndefinedError => error,
        result => return result,
    };
    let mut explaining = env.clone();
    explaining.set_debug(true);
    match explaining.get_template(template).and_then(|t| t.render(root.clone())) {
        Err(explained) if innermost(&explained).kind() == ErrorKind::UndefinedError => Err(explained),
        _ => Err(error),
    }
}

/// A template that can't be compiled.
#[derive(Debug)]
pub(crate) struct BadTemplate {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl From<BadTag> for BadTemplate {
    fn from(bad: BadTag) -> Self {
        Self { line: bad.line, message: bad.message }
    }
}

/// Compiles a template that starts at line `first_line` of its file, and returns the names it uses but doesn't define.
pub(crate) fn add_template(
    env: &mut Environment<'static>,
    name: &str,
    source: &str,
    first_line: usize,
) -> Result<BTreeSet<String>, BadTemplate> {
    let offset = |line: usize| line + first_line.saturating_sub(1);
    let source = as_in_python(source).map_err(|u| BadTemplate { line: offset(u.line), message: u.message })?;
    // Leading empty lines make the engine's line numbers match the file's.
    let source = format!("{}{source}", "\n".repeat(first_line.saturating_sub(1)));
    env.add_template_owned(name.to_owned(), source)
        .map_err(|e| BadTemplate { line: e.line().unwrap_or(first_line), message: super::errors::message(&e) })?;
    let template = env.get_template(name).map_err(|e| BadTemplate { line: first_line, message: e.to_string() })?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Templates and what dbt 1.11 makes of them; `\n` stands for the end of a line.
    const AS_IN_DBT: &str = include_str!("../../../tests/fixtures/jinja.txt");

    #[test]
    fn templates_print_what_dbt_prints() {
        let env = for_running(environment());
        for line in AS_IN_DBT.lines() {
            let (template, expected) = line.split_once(" => ").expect("template and output");
            let template = as_in_python(&template.replace("\\n", "\n")).expect("closed");
            let text = env.render_str(&template, ()).unwrap_or_else(|error| error.to_string());
            assert_eq!(text.replace('\n', "\\n"), expected, "{line}");
        }
    }
}
