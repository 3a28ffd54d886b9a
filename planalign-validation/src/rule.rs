//! What a rule is, and what it can find.

use std::fmt;

use planalign_config::settings::{RATED_RULES, STOPPING_RULES};
use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, Tables};
use planalign_registries::RegistryError;
pub use planalign_registries::Severity;
use serde::{Deserialize, Serialize};

/// Checks one thing about a simulated year.
pub trait Rule {
    /// Name, as stages and users call it.
    fn name(&self) -> &str;
    /// Looks at what a simulation has written for `year`. An empty list means that nothing is wrong.
    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError>;
}

impl<R: Rule + ?Sized> Rule for &R {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        (**self).check(year, tables)
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
    /// A finding of a rule about a year.
    #[must_use]
    pub fn new(rule: &str, year: i32, severity: Severity, message: impl Into<String>) -> Self {
        let (rule, message, advice) = (rule.to_owned(), message.into(), String::new());
        Self { rule, year, severity, message, count: 1, advice, rows: None }
    }

    /// The same finding, about so many rows or people.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// The same finding, with what to do about it.
    #[must_use]
    pub fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// The same finding, with a query for the rows concerned, in which `$1` is the year.
    #[must_use]
    pub fn about(self, query: &str) -> Self {
        let rows = Some(query.replace("$1", &self.year.to_string()));
        Self { rows, ..self }
    }
}

/// How bad it is, and what is wrong.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.message)
    }
}

/// Why a rule could not be checked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Its tables cannot be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The registries that it asks cannot answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The tables do not hold what it looks at.
    #[error("{0}")]
    Answer(String),
}

impl CheckError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database(error) => error.fault(),
            Self::Registry(error) => error.fault(),
            Self::Answer(_) => Fault::Deterministic,
        }
    }
}

/// A rule could not run. That is a failure, never a pass.
#[derive(Clone, Debug, thiserror::Error)]
#[error("rule {rule} cannot run for {year}")]
pub struct RuleError {
    /// Rule.
    pub rule: String,
    /// Simulated year.
    pub year: i32,
    /// Cause, without data.
    #[source]
    pub cause: CheckError,
}

impl RuleError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.cause.fault()
    }
}

impl Diagnostic for RuleError {
    fn hints(&self) -> Vec<Hint> {
        let rule = self.rule.as_str();
        let fix = match self.fault() {
            Fault::Deterministic if STOPPING_RULES.contains(&rule) => "fix the tables that it reads".to_owned(),
            Fault::Deterministic if RATED_RULES.contains(&rule) => {
                format!("fix the tables that it reads, or turn it off with --set validation.severity.{rule}=off")
            }
            Fault::Deterministic => {
                format!("fix the sql of `{rule}` under validation.rules, or turn it off there with `severity: \"off\"`")
            }
            fault => return fault.hints(),
        };
        vec![Hint::run(format!("{fix}, then run {{}}"), [Action::Retry])]
    }
}
