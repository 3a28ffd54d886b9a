//! What a rule is, and what it can find.

use planalign_config::Fault;
use serde::{Deserialize, Serialize};

/// Checks one thing about a simulated year.
pub trait Rule {
    /// Name, as stages and users call it.
    fn name(&self) -> &str;
    /// Looks at the tables of `year`. An empty list means that nothing is wrong.
    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError>;
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Unusual; the results stand.
    Warning,
    /// The results are wrong, or not to be trusted.
    Error,
    /// The run cannot mean anything: it stops, whatever the options say.
    Fatal,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        })
    }
}

/// Something that a rule found: counts and sums, never persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule.
    pub rule: String,
    /// Simulated year.
    pub year: i32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and where, for example `3 people exceed the limit of 402(g) in int_employee_contributions`.
    pub message: String,
    /// Rows or people concerned.
    pub count: u64,
    /// What to do about it.
    pub advice: String,
    /// A query for the rows or people concerned, where it is about some; what it answers stays in the database.
    pub rows: Option<String>,
}

impl Finding {
    /// The same finding, with a query for the rows concerned, in which `$1` is the year.
    #[must_use]
    pub fn about(self, query: &str) -> Self {
        let rows = Some(query.replace("$1", &self.year.to_string()));
        Self { rows, ..self }
    }
}

/// A rule could not run. That is a failure, never a pass.
#[derive(Clone, Debug, thiserror::Error)]
#[error("rule {rule} cannot run for {year}: {cause}")]
pub struct RuleError {
    /// Rule.
    pub rule: String,
    /// Simulated year.
    pub year: i32,
    /// What can be done about it.
    pub fault: Fault,
    /// Cause, without data.
    pub cause: String,
}
