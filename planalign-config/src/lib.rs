//! Typed configuration in layers, its mapping to dbt variables, the run lock, ids and clock, the unit of work, and, behind
//! the feature `duckdb`, the one database handle.

mod between;
#[cfg(feature = "duckdb")]
pub mod census;
pub mod clock;
#[cfg(feature = "duckdb")]
pub mod database;
pub mod engine2;
pub mod fault;
pub mod ids;
mod keys;
mod layers;
pub mod lock;
pub mod nearest;
mod origins;
mod problem;
mod rules;
pub mod schema;
pub mod settings;
pub mod unit_of_work;
pub mod vars;
pub mod yaml;

#[cfg(feature = "duckdb")]
pub use database::{Database, DatabaseError, DatabaseOptions};
pub use fault::Fault;
pub use lock::RunLock;
pub use settings::{LoadedConfig, SimulationConfig};
pub use unit_of_work::{InMemoryUnitOfWork, UnitError, UnitOfWork};
