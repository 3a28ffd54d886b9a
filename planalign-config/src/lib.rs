//! Typed configuration in layers, its mapping to dbt variables, the run lock, ids and clock, the unit of work, and, behind
//! the feature `duckdb`, the one database handle.

#[cfg(feature = "duckdb")]
pub mod database;
pub mod fault;
pub mod unit_of_work;

#[cfg(feature = "duckdb")]
pub use database::{Database, DatabaseError, DatabaseOptions};
pub use fault::Fault;
pub use unit_of_work::{InMemoryUnitOfWork, UnitError, UnitOfWork};
