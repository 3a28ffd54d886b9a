//! The database that a run writes, as traits, and, behind the feature `duckdb`, the one handle that implements them.

#[cfg(feature = "duckdb")]
mod duckdb;
pub mod query_check;
pub mod sql;
mod tables;
mod unit_of_work;

#[cfg(feature = "duckdb")]
pub use self::duckdb::{Connection, Database, DatabaseOptions};
pub use tables::{DatabaseError, InMemoryTables, Row, Rows, Tables, Value};
pub use unit_of_work::{Handover, UnitOfWork};
