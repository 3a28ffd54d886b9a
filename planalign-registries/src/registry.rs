//! State that outlives a year, tracked independently of the models' accumulators.

use planalign_config::{DatabaseError, Diagnostic, Fault, Hint};
use serde::{Deserialize, Serialize};

use crate::checkpoint::RelationState;
use crate::run_store::StoreError;

/// Tracks state across years from the events of the simulation.
///
/// A registry takes part in its caller's unit of work. Its state for a year derives only from the prior year's state and the
/// year's events, or from the census in the start year.
pub trait Registry {
    /// Returns the name, such as `enrollment`.
    fn name(&self) -> &'static str;
    /// Derives the state at the end of `year`, replacing an existing one. Returns the number of people in it.
    fn update(&mut self, year: i32, start_year: i32) -> Result<u64, RegistryError>;
    /// Compares the state for `year` with the models' tables; an empty list means that they agree.
    fn check(&self, year: i32) -> Result<Vec<Disagreement>, RegistryError>;
    /// Captures the state at the end of `year` for a checkpoint.
    fn snapshot(&self, year: i32) -> Result<RegistrySnapshot, RegistryError>;
    /// Removes everything after the end of `year`; `None` removes everything.
    fn restore(&mut self, year: Option<i32>) -> Result<(), RegistryError>;
}

/// The state of a registry at the end of a year, in comparable form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrySnapshot {
    /// Registry.
    pub registry: String,
    /// Content of its table for the year.
    pub state: RelationState,
}

/// A disagreement between a registry and a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreement {
    /// What differs, such as `enrolled according to events but not to the accumulator`.
    pub what: String,
    /// Number of people affected.
    pub count: u64,
    /// Query that lists them, if any; its results stay in the database.
    pub rows: Option<String>,
}

/// A registry operation failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the {registry} registry cannot {action} for {year}")]
pub struct RegistryError {
    /// Registry.
    pub registry: &'static str,
    /// The operation that failed.
    pub action: &'static str,
    /// Year, or `all years`.
    pub year: String,
    /// Cause, without data.
    #[source]
    pub cause: Box<RegistryCause>,
}

impl RegistryError {
    /// Classifies the error by what can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self.cause.as_ref() {
            RegistryCause::Database(cause) => cause.fault(),
            RegistryCause::Store(cause) => cause.fault(),
            RegistryCause::Missing => Fault::Corrupt,
            RegistryCause::Answer(_) => Fault::Deterministic,
        }
    }
}

impl Diagnostic for RegistryError {
    fn hints(&self) -> Vec<Hint> {
        self.fault().hints()
    }
}

/// Cause of a failed registry operation.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryCause {
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The content of its table can't be captured.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its table is missing.
    #[error("its table is missing")]
    Missing,
    /// The tables have unexpected content.
    #[error("{0}")]
    Answer(&'static str),
}
