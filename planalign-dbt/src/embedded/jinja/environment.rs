//! The template engine with everything that dbt adds to it.

use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior};

use super::lexer::{Unclosed, with_mutable_literals};
use super::{builtins, functions, objects};

/// An environment without templates.
pub(crate) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    functions::register(&mut env);
    objects::register(&mut env);
    builtins::register(&mut env);
    env
}

/// A template that could not be compiled.
#[derive(Debug)]
pub(crate) struct BadTemplate {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl From<Unclosed> for BadTemplate {
    fn from(unclosed: Unclosed) -> Self {
        Self { line: unclosed.line, message: unclosed.message }
    }
}

/// Compiles a template whose first line is line `first_line` of its file, and returns the names that it uses without
/// defining them.
pub(crate) fn add_template(
    env: &mut Environment<'static>,
    name: &str,
    source: &str,
    first_line: usize,
) -> Result<BTreeSet<String>, BadTemplate> {
    let offset = |line: usize| line + first_line.saturating_sub(1);
    let source = with_mutable_literals(source).map_err(|u| BadTemplate { line: offset(u.line), message: u.message })?;
    // Empty lines before a definition make the engine count lines as in the file.
    let source = format!("{}{source}", "\n".repeat(first_line.saturating_sub(1)));
    env.add_template_owned(name.to_owned(), source).map_err(|e| BadTemplate {
        line: e.line().unwrap_or(first_line),
        message: super::errors::message(&e),
    })?;
    let template = env.get_template(name).map_err(|e| BadTemplate { line: first_line, message: e.to_string() })?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}
