//! Values passed through the template engine as errors: returned values, unsupported features, and failed queries.

use std::error::Error as _;
use std::fmt;

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};
use planalign_config::DatabaseError;
use planalign_config::query_check::QueryRefusal;

/// The value of `return(...)` on its way to the macro call.
#[derive(Debug)]
struct ReturnSignal(Value);

/// An unsupported feature, in dbt's terms.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) feature: String,
    pub(crate) hint: String,
}

/// A failed statement in a template.
#[derive(Clone, Debug)]
pub(crate) struct FailedQuery {
    pub(crate) sql: String,
    pub(crate) error: DatabaseError,
}

impl fmt::Display for ReturnSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("return() outside of a macro of the project")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not supported: {}", self.feature, self.hint)
    }
}

impl fmt::Display for FailedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for ReturnSignal {}
impl std::error::Error for Refusal {}
impl std::error::Error for FailedQuery {}

/// Creates an error that carries the value to the macro call.
pub(crate) fn returning(value: Value) -> Error {
    Error::new(ErrorKind::InvalidOperation, "return() outside of a macro of the project")
        .with_source(ReturnSignal(value))
}

/// Creates a compilation error with this message.
pub(crate) fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// Creates an error for an unsupported feature.
pub(crate) fn refusal(feature: impl Into<String>, hint: impl Into<String>) -> Error {
    let refusal = Refusal { feature: feature.into(), hint: hint.into() };
    Error::new(ErrorKind::InvalidOperation, refusal.to_string()).with_source(refusal)
}

/// Creates an error for a failed statement in a template.
pub(crate) fn failed_query(sql: &str, error: DatabaseError) -> Error {
    let failed = FailedQuery { sql: sql.to_owned(), error };
    Error::new(ErrorKind::InvalidOperation, failed.to_string()).with_source(failed)
}

/// Creates an error for a query that isn't run.
pub(crate) fn refused_query(refusal: QueryRefusal) -> Error {
    Error::new(ErrorKind::InvalidOperation, refusal.to_string()).with_source(refusal)
}

/// The returned value, if the error carries one.
pub(crate) fn returned(error: &Error) -> Option<Value> {
    cause::<ReturnSignal>(error).map(|signal| signal.0.clone())
}

/// The first cause of this type, at any depth.
pub(crate) fn cause<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<T>() {
            return Some(found);
        }
        source = inner.source();
    }
    None
}

/// The innermost template error, which has the position.
pub(crate) fn innermost(error: &Error) -> &Error {
    let mut found = error;
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(template_error) = inner.downcast_ref::<Error>() {
            found = template_error;
        }
        source = inner.source();
    }
    found
}

/// The name of a function that a template calls although it doesn't exist; `None` for other errors, and in macros.
pub(crate) fn unknown_function(error: &Error, template: &str) -> Option<String> {
    let error = innermost(error);
    let is_unknown = error.kind() == ErrorKind::UnknownFunction && error.name() == Some(template);
    error.detail().filter(|_| is_unknown)?.strip_suffix(" is unknown").map(str::to_owned)
}

/// The message of an error, without its position.
pub(crate) fn message(error: &Error) -> String {
    let error = innermost(error);
    match (error.kind(), error.detail()) {
        (ErrorKind::InvalidOperation, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}
