//! State that outlives a year, as its own account of who is in which state, beside the models' accumulators.

use planalign_config::{DatabaseError, Diagnostic, Fault, Hint};
use serde::{Deserialize, Serialize};

use crate::checkpoint::RelationState;
use crate::run_store::StoreError;

/// Follows the events of the simulation across years.
///
/// A registry takes part in its caller's unit of work. Its state of a year derives from its state of the year before and
/// the year's events alone, or from the census in the start year.
pub trait Registry {
    /// Name, for example `enrollment`.
    fn name(&self) -> &'static str;
    /// Derives the state at the end of `year`, replacing it if it is there. Returns the people it holds.
    fn update(&mut self, year: i32, start_year: i32) -> Result<u64, RegistryError>;
    /// Compares the state of `year` with the models' tables; an empty list means that they agree.
    fn check(&self, year: i32) -> Result<Vec<Disagreement>, RegistryError>;
    /// Describes the state at the end of `year`, for a checkpoint.
    fn snapshot(&self, year: i32) -> Result<RegistrySnapshot, RegistryError>;
    /// Forgets what came after the end of `year`; `None` forgets everything.
    fn restore(&mut self, year: Option<i32>) -> Result<(), RegistryError>;
}

/// The state of a registry at the end of a year, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrySnapshot {
    /// Registry.
    pub registry: String,
    /// What its table holds for the year.
    pub state: RelationState,
}

/// A registry and a table say different things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreement {
    /// What differs, for example `enrolled according to events but not to the accumulator`.
    pub what: String,
    /// People concerned.
    pub count: u64,
    /// A query that lists them, where there is one; what it answers stays in the database.
    pub rows: Option<String>,
}

/// A registry could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the {registry} registry cannot {action} for {year}")]
pub struct RegistryError {
    /// Registry.
    pub registry: &'static str,
    /// What it was about to do.
    pub action: &'static str,
    /// Year, or `all years`.
    pub year: String,
    /// Cause, without data.
    #[source]
    pub cause: Box<RegistryCause>,
}

impl RegistryError {
    /// What can be done about it.
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

/// Why a registry could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryCause {
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// What its table holds cannot be described.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its table is not there.
    #[error("its table is missing")]
    Missing,
    /// The tables do not hold what they should.
    #[error("{0}")]
    Answer(&'static str),
}
