//! The `Rule` trait, findings, and errors.

use std::fmt;

use planalign_config::settings::{RATED_RULES, STOPPING_RULES};
use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, Tables};
use planalign_registries::RegistryError;
pub use planalign_registries::Severity;
use serde::{Deserialize, Serialize};

/// A check of a simulated year.
pub trait Rule {
    /// Returns the rule's name, as used by stages and in the configuration.
    fn name(&self) -> &str;
    /// Checks what a simulation wrote for `year`. Returns an empty list if nothing is wrong.
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

/// Something a rule found. Contains counts and totals only, never data about individuals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// Simulated year.
    pub year: i32,
    /// How serious it is.
    pub severity: Severity,
    /// What is wrong and where, such as ``regular deferrals above the 402(g) limit in `int_employee_contributions`: 3 people``.
    pub message: String,
    /// Number of rows, people, or events affected.
    pub count: u64,
    /// What to do about it.
    pub advice: String,
    /// A query that selects the rows affected, if any; its result stays in the database.
    pub rows: Option<String>,
}

impl Finding {
    /// Creates a finding with a count of 1 and no advice.
    #[must_use]
    pub fn new(rule: &str, year: i32, severity: Severity, message: impl Into<String>) -> Self {
        let (rule, message, advice) = (rule.to_owned(), message.into(), String::new());
        Self { rule, year, severity, message, count: 1, advice, rows: None }
    }

    /// Sets the number of rows or people affected.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// Sets the advice.
    #[must_use]
    pub fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// Sets the query that selects the rows affected; `$1` in it becomes the year.
    #[must_use]
    pub fn rows(self, query: &str) -> Self {
        let rows = Some(query.replace("$1", &self.year.to_string()));
        Self { rows, ..self }
    }
}

/// `<severity>: <message>`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.message)
    }
}

/// Why a rule couldn't run.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Its tables can't be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A registry it checks failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The tables don't contain what it needs, or its query is invalid.
    #[error("{0}")]
    Unusable(String),
}

impl CheckError {
    /// Returns the kind of failure, which determines whether a retry can help.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database(error) => error.fault(),
            Self::Registry(error) => error.fault(),
            Self::Unusable(_) => Fault::Deterministic,
        }
    }
}

/// A rule couldn't run, which counts as a failure, never as a pass.
#[derive(Clone, Debug, thiserror::Error)]
#[error("rule `{rule}` cannot run for {year}")]
pub struct RuleError {
    /// Name of the rule.
    pub rule: String,
    /// Simulated year.
    pub year: i32,
    /// The cause, without any data.
    #[source]
    pub cause: CheckError,
}

impl RuleError {
    /// Returns the kind of failure, which determines whether a retry can help.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.cause.fault()
    }
}

impl Diagnostic for RuleError {
    fn hints(&self) -> Vec<Hint> {
        let rule = self.rule.as_str();
        let fix = match self.fault() {
            // A check without its input isn't one to turn off.
            Fault::Deterministic if STOPPING_RULES.contains(&rule) || RATED_RULES.contains(&rule) => {
                "fix the tables it reads".to_owned()
            }
            Fault::Deterministic => {
                format!(
                    "fix the `sql` of `{rule}` under `validation.rules`, or turn it off there with `severity: \"off\"`"
                )
            }
            Fault::Cancelled => {
                format!("simplify the `sql` of `{rule}` under `validation.rules`, or raise `validation.rule_seconds`")
            }
            fault => return fault.hints(),
        };
        vec![Hint::run(format!("{fix}, then run {{}}"), [Action::Retry])]
    }
}
