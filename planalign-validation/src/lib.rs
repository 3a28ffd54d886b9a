//! Rules that check a simulated year, and what they find.

pub mod rule;

pub use rule::{Finding, Rule, RuleError, Severity};
