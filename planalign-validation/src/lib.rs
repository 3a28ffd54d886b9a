//! Validation rules for a simulated year, and their findings.
//!
//! [`Rule`] is the trait that all rules implement. The built-in rules recompute results with their own SQL rather than the models';
//! [`DataValidator`] runs a set of rules; [`InMemoryRule`] is a scripted rule for tests.
//!
//! ```
//! use planalign_config::{InMemoryTables, Tables};
//! use planalign_validation::{CheckError, DataValidator, Finding, Rule, Severity};
//!
//! /// Reports years without a hire.
//! struct Hires;
//!
//! const HIRES: &str = "select count(*) as hires from int_hiring_events where simulation_year = $1";
//!
//! impl Rule for Hires {
//!     fn name(&self) -> &str {
//!         "hires"
//!     }
//!
//!     fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
//!         let hires = tables.query_value(HIRES, &[year.into()])?.integer();
//!         let none = Finding::new(self.name(), year, Severity::Warning, "no hires");
//!         Ok(if hires == Some(0) { vec![none.advice("check `int_workforce_needs`")] } else { Vec::new() })
//!     }
//! }
//!
//! let mut validator = DataValidator::default();
//! validator.register_rule(Hires);
//! let tables = InMemoryTables::default().answer(HIRES, &["hires"], &[&[0.into()]]);
//! assert_eq!(validator.validate(2031, &tables)?[0].message, "no hires");
//! # Ok::<(), planalign_validation::RuleError>(())
//! ```

mod counts;
pub mod in_memory;
pub mod rule;
pub mod rules;
pub mod settings;
pub mod validator;

pub use in_memory::InMemoryRule;
pub use rule::{CheckError, Finding, Rule, RuleError, Severity};
pub use rules::{rules, sql_problem};
pub use settings::{CensusOrigin, RuleSettings};
pub use validator::DataValidator;
