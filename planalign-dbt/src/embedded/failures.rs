//! Converts template and database errors into runner errors.

use minijinja::Error;
use planalign_config::DatabaseError;
use planalign_config::query_check::QueryRefusal;

use super::excerpt::excerpt;
use super::jinja::context::Subject;
use super::jinja::environment::BadTemplate;
use super::jinja::errors::{FailedQuery, Refusal, cause, innermost, message};
use super::jinja::macros::Macros;
use crate::runner::RunnerError;

/// What the engine says of `%` on a text, unless the template is rewritten because the text is written before it.
const FORMATS_TEXT: &str = "tried to use % operator on unsupported types string";

/// The node whose template or statement failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// What the node is, such as `model`.
    pub(crate) kind: &'static str,
    pub(crate) node: &'a str,
    pub(crate) file: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn of(subject: &'a Subject) -> Self {
        Self { kind: subject.resource_type, node: &subject.name, file: &subject.file }
    }
}

impl Place<'_> {
    /// A template that can't be compiled.
    pub(crate) fn bad_template(self, bad: BadTemplate) -> RunnerError {
        RunnerError::Compilation {
            kind: self.kind,
            node: self.node.to_owned(),
            file: self.file.to_owned(),
            line: Some(bad.line),
            message: bad.message,
        }
    }

    /// A message about the node without a line.
    pub(crate) fn compilation(self, message: impl Into<String>) -> RunnerError {
        self.bad_template(BadTemplate { line: 1, message: message.into() })
    }

    pub(crate) fn unsupported(self, feature: impl Into<String>, hint: &str) -> RunnerError {
        RunnerError::unsupported(feature, self.node, hint)
    }

    /// SQL that a project that isn't trusted must not run; `problem` ends a sentence about the node.
    pub(crate) fn refused(self, problem: impl Into<String>) -> RunnerError {
        let (node, file, problem) = (self.node.to_owned(), self.file.to_owned(), problem.into());
        RunnerError::Refused { kind: self.kind, node, file, problem }
    }

    /// A template that can't be rendered.
    pub(crate) fn rendering(self, error: &Error, macros: &Macros) -> RunnerError {
        if let Some(Refusal { feature, hint }) = cause(error) {
            return self.unsupported(feature.clone(), hint);
        }
        if let Some(refusal) = cause::<QueryRefusal>(error) {
            return self.refused(format!("has a query that {refusal}"));
        }
        if let Some(FailedQuery { sql, error }) = cause(error) {
            return self.statement(error, sql, 0);
        }
        let inner = innermost(error);
        let in_macro = inner.name().and_then(|template| macros.of_template(template));
        let message = message(error);
        if message.contains(FORMATS_TEXT) {
            return self.unsupported("`%` on a text that isn't written before it", "use the filter `format`");
        }
        let (file, message) = match in_macro {
            Some(source) => match &source.file {
                Some(file) => (file.clone(), message),
                None => ("dbt".to_owned(), format!("{message} (in the built-in macro {})", source.name)),
            },
            None => (self.file.to_owned(), message),
        };
        RunnerError::Compilation { kind: self.kind, node: self.node.to_owned(), file, line: inner.line(), message }
    }

    /// A failed statement; its first `before` lines precede the text of the node.
    pub(crate) fn statement(self, error: &DatabaseError, sql: &str, before: usize) -> RunnerError {
        let line = match error {
            DatabaseError::Statement { line, .. } => *line,
            _ => None,
        };
        RunnerError::Database {
            kind: self.kind,
            node: self.node.to_owned(),
            file: self.file.to_owned(),
            excerpt: excerpt(sql, line.map(|l| l.saturating_sub(before).max(1))),
            cause: Box::new(error.clone()),
        }
    }
}
