//! Runs dbt projects in process: loads, renders, orders, materializes, and tests.
//!
//! [`ModelRunner`] is the trait; `EmbeddedRunner` (feature `duckdb`) runs a project on a database, and [`InMemoryRunner`] only
//! records its calls:
//!
//! ```
//! use planalign_dbt::{Flow, InMemoryRunner, Materialization, ModelRunner, NodeEvent, Vars};
//!
//! let mut runner = InMemoryRunner::new()
//!     .with_node("models/foundation", "staff", Materialization::Table, &[])
//!     .with_node("models/events", "hires", Materialization::Incremental, &["staff"]);
//! let models = runner.select("staff hires")?;
//! let mut built = Vec::new();
//! runner.run(&models, &Vars::new(), &mut |event| {
//!     if let NodeEvent::Finished(result) = event {
//!         built.push(result.name.clone());
//!     }
//!     Flow::Continue
//! })?;
//! assert_eq!(built, ["staff", "hires"]);
//! # Ok::<(), planalign_dbt::RunnerError>(())
//! ```

mod dbt_error;
#[cfg(feature = "duckdb")]
mod embedded;
#[cfg(feature = "duckdb")]
pub mod executable;
#[cfg(feature = "duckdb")]
mod graph;
pub mod in_memory;
pub mod runner;
#[cfg(feature = "duckdb")]
mod selection;

pub use dbt_error::DbtError;
#[cfg(feature = "duckdb")]
pub use embedded::{EmbeddedRunner, LoadOptions, TestResult, TestStatus, project_files};
#[cfg(feature = "duckdb")]
pub use executable::{DbtOptions, DbtRunner, DbtVersions};
pub use in_memory::InMemoryRunner;
pub use runner::{
    Flow, GraphNode, Materialization, ModelGraph, ModelRunner, NodeEvent, NodeResult, RelationName, RunnerError, Vars,
};
