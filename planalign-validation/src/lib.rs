//! Rules that check a simulated year, and what they find.
//!
//! [`Rule`] is the contract. The rules of [`rules::rules`] (feature `duckdb`) ask the tables with SQL of their own,
//! not with that of the models; [`InMemoryRule`] is scripted, for tests of those who call rules.

#[cfg(feature = "duckdb")]
mod counts;
pub mod in_memory;
pub mod rule;
#[cfg(feature = "duckdb")]
pub mod rules;
pub mod settings;

pub use in_memory::InMemoryRule;
pub use rule::{Finding, Rule, RuleError, Severity};
#[cfg(feature = "duckdb")]
pub use rules::rules;
pub use settings::{CensusOrigin, RuleSettings};
