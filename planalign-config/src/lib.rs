//! Typed, layered configuration and its dbt variables, a YAML reader, exact decimals, the run lock, run IDs, the unit of work,
//! readable tables, and, with the feature `duckdb`, the only database handle.
//!
//! ```
//! use planalign_config::settings::Identifier;
//! use planalign_config::{SimulationConfig, rate};
//!
//! let mut settings = SimulationConfig::new("growth".parse()?, "standard".parse::<Identifier>()?);
//! settings.simulation.target_growth_rate = rate!(0.05);
//! // The settings that results depend on, by key; the last year isn't one of them.
//! let settings = settings.flattened();
//! assert_eq!(settings["simulation.target_growth_rate"], 0.05);
//! assert!(!settings.contains_key("simulation.end_year"));
//! # Ok::<(), planalign_config::settings::InvalidIdentifier>(())
//! ```

pub mod census;
mod counted;
pub mod database;
mod diagnostic;
pub mod fixed;
mod full_message;
mod nearest;
mod order;
pub mod python;
mod runtime;
pub mod settings;
pub mod yaml;

pub use counted::{counted, listed};
#[cfg(feature = "duckdb")]
pub use database::{Connection, Database, DatabaseOptions};
pub use database::{DatabaseError, Handover, InMemoryTables, Row, Rows, Tables, UnitOfWork, Value, query_check, sql};
pub use diagnostic::{Action, Diagnostic, Hint};
pub use fixed::{Money, Rate};
pub use full_message::full_message;
pub use nearest::{did_you_mean, nearest};
pub use order::topological_order;
pub use runtime::fault::Fault;
pub use runtime::lock::RunLock;
pub use runtime::{disk, failpoint, fault, ids, lock};
pub use settings::{LoadedConfig, SimulationConfig, load_simulation_config};
