//! Runs dbt projects in process: load, render, order, materialise, test.

#[cfg(feature = "duckdb")]
mod embedded;
pub mod in_memory;
pub mod runner;

#[cfg(feature = "duckdb")]
pub use embedded::{EmbeddedRunner, LoadOptions, TestResult, TestStatus};
pub use in_memory::InMemoryRunner;
pub use runner::{
    Flow, GraphNode, Materialization, ModelGraph, ModelRunner, NodeEvent, NodeResult, RelationName, RunnerError, Vars,
};
