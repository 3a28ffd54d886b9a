//! dbt's Jinja on top of a stock template engine.

pub(crate) mod arguments;
pub(crate) mod builtins;
pub(crate) mod collections;
pub(crate) mod context;
mod cycles;
pub(crate) mod environment;
pub(crate) mod errors;
pub(crate) mod functions;
mod json;
pub(crate) mod lexer;
pub(crate) mod macros;
mod nesting;
pub(crate) mod objects;
mod operators;
pub(crate) mod phase;
pub(crate) mod python;
pub(crate) mod relation;
pub(crate) mod results;
mod rewrite;
mod sorting;
