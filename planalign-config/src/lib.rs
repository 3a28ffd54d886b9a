//! Typed configuration in layers, its mapping to dbt variables, the run lock, run ids, the unit of work, tables to read, and, behind
//! the feature `duckdb`, the one database handle.
//!
//! ```
//! use planalign_config::SimulationConfig;
//! use planalign_config::settings::Identifier;
//!
//! let mut settings = SimulationConfig::new("growth".parse()?, "standard".parse::<Identifier>()?);
//! settings.simulation.target_growth_rate = 0.05;
//! // What the results depend on, by key; the last year is not part of it.
//! let settings = settings.flattened();
//! assert_eq!(settings["simulation.target_growth_rate"], 0.05);
//! assert!(!settings.contains_key("simulation.end_year"));
//! # Ok::<(), planalign_config::settings::InvalidIdentifier>(())
//! ```

mod between;
pub mod census;
mod counted;
#[cfg(feature = "duckdb")]
pub mod database;
pub mod disk;
pub mod engine2;
pub mod failpoint;
pub mod fault;
mod full_message;
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
pub mod sql;
pub mod tables;
pub mod unit_of_work;
pub mod vars;
pub mod yaml;

pub use counted::counted;
#[cfg(feature = "duckdb")]
pub use database::{Database, DatabaseOptions};
pub use fault::Fault;
pub use full_message::full_message;
pub use lock::RunLock;
pub use settings::{LoadedConfig, SimulationConfig, load_simulation_config};
pub use tables::{DatabaseError, InMemoryTables, Row, Rows, Tables, Value};
pub use unit_of_work::UnitOfWork;
