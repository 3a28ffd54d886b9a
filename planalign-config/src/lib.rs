//! Typed configuration in layers, its mapping to dbt variables, the reader of YAML, exact decimal numbers, the run lock, run ids,
//! the unit of work, tables to read, and, behind the feature `duckdb`, the one database handle.
//!
//! ```
//! use planalign_config::settings::Identifier;
//! use planalign_config::{SimulationConfig, rate};
//!
//! let mut settings = SimulationConfig::new("growth".parse()?, "standard".parse::<Identifier>()?);
//! settings.simulation.target_growth_rate = rate!(0.05);
//! // What the results depend on, by key; the last year is not part of it.
//! let settings = settings.flattened();
//! assert_eq!(settings["simulation.target_growth_rate"], 0.05);
//! assert!(!settings.contains_key("simulation.end_year"));
//! # Ok::<(), planalign_config::settings::InvalidIdentifier>(())
//! ```

mod counted;
pub mod database;
mod diagnostic;
pub mod fixed;
mod full_message;
mod nearest;
mod order;
mod runtime;
pub mod settings;
pub mod yaml;

pub use counted::{counted, listed};
#[cfg(feature = "duckdb")]
pub use database::{Database, DatabaseOptions};
pub use database::{DatabaseError, InMemoryTables, Row, Rows, Tables, UnitOfWork, Value, sql};
pub use diagnostic::{Action, Diagnostic, Hint};
pub use fixed::{Money, Rate};
pub use full_message::full_message;
pub use nearest::{did_you_mean, nearest};
pub use order::topological_order;
pub use runtime::fault::Fault;
pub use runtime::lock::RunLock;
pub use runtime::{disk, failpoint, fault, ids, lock};
pub use settings::{LoadedConfig, SimulationConfig, load_simulation_config};
