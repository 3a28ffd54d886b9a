//! Rules that check a simulated year, and what they find.
//!
//! [`Rule`] is the contract. The rules of [`rules::rules`] (feature `duckdb`) ask the tables with SQL of their own,
//! not with that of the models; [`InMemoryRule`] is scripted, for tests of those who call rules.
//!
//! ```
//! use planalign_validation::{Finding, Rule, RuleError, Severity};
//!
//! /// Nobody plans further than this.
//! struct Horizon(i32);
//!
//! impl Rule for Horizon {
//!     fn name(&self) -> &str {
//!         "horizon"
//!     }
//!
//!     fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
//!         let late = Finding {
//!             rule: self.name().to_owned(),
//!             year,
//!             severity: Severity::Warning,
//!             message: format!("{year} is after {}", self.0),
//!             count: 1,
//!             advice: "simulate fewer years".to_owned(),
//!             rows: None,
//!         };
//!         Ok(if year > self.0 { vec![late] } else { Vec::new() })
//!     }
//! }
//!
//! assert_eq!(Horizon(2030).check(2031)?[0].severity, Severity::Warning);
//! # Ok::<(), RuleError>(())
//! ```

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
pub use rules::{not_a_query, rules};
pub use settings::{CensusOrigin, RuleSettings};
