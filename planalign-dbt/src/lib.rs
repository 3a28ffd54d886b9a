//! Runs dbt projects in process: loads, renders, orders, materializes, and tests.
//!
//! A project needs a folder and a connection to DuckDB, whose settings stay as they are:
//!
//! ```
//! use planalign_dbt::{AfterFailure, Connection, Database, EmbeddedRunner, Flow, NodeEvent, Selection, Vars};
//! # let folder = tempfile::tempdir()?;
//! # std::fs::create_dir(folder.path().join("models"))?;
//! # std::fs::write(folder.path().join("dbt_project.yml"), "name: shop\nmodels: {+materialized: table}\n")?;
//! # std::fs::write(folder.path().join("models/orders.sql"), "select 7 as id")?;
//! # std::fs::write(folder.path().join("models/returns.sql"), "select * from nowhere")?;
//! # std::fs::write(folder.path().join("models/refunds.sql"), "select * from {{ ref('returns') }}")?;
//!
//! let database = Database::on(Connection::open_in_memory()?)?;
//! let mut project = EmbeddedRunner::load(folder.path(), database, &Vars::new())?;
//! let mut report = |event: NodeEvent<'_>| { log::info!("{event:?}"); Flow::Continue };
//! let outcomes = project.build(&Selection::of("+orders refunds+ returns"), &Vars::new(), AfterFailure::Continue, &mut report)?;
//! let built: Vec<&str> = outcomes.iter().filter(|o| o.is_success()).map(|o| o.name()).collect();
//! assert_eq!(built, ["orders"]); // `returns` failed, so `refunds` was skipped.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ModelRunner`] is the trait behind which a pipeline builds its stages: with [`EmbeddedRunner`], with [`DbtRunner`], which
//! drives a `dbt` executable, or with [`InMemoryRunner`], which only records its calls. The first two need the feature `duckdb`.

mod dbt_error;
#[cfg(feature = "duckdb")]
mod embedded;
#[cfg(feature = "duckdb")]
pub mod executable;
#[cfg(feature = "duckdb")]
mod graph;
pub mod in_memory;
pub mod outcome;
pub mod runner;
mod schedule;
#[cfg(feature = "duckdb")]
mod selection;

pub use dbt_error::DbtError;
#[cfg(feature = "duckdb")]
pub use embedded::{
    AfterFailure, Artifacts, DatabaseProfile, EmbeddedRunner, Invocation, LoadOptions, ProfileOptions, Resource,
    Selection, parse_vars, project_files,
};
#[cfg(feature = "duckdb")]
pub use executable::{DbtOptions, DbtRunner, DbtVersions};
pub use in_memory::InMemoryRunner;
pub use outcome::{Failure, NodeResult, Outcome, ResourceType, Skip, TestResult, TestStatus};
#[cfg(feature = "duckdb")]
pub use planalign_config::{Connection, Database, DatabaseOptions};
pub use planalign_config::{DatabaseError, Diagnostic, Fault, Hint, Row, Rows, UnitOfWork, Value};
pub use runner::{
    DataTest, Flow, GraphNode, Materialization, ModelGraph, ModelRunner, NodeEvent, RelationName, RunnerError, Vars,
};
