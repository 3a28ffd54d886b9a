//! The run store and the registries on a `DuckDB` database.

mod catalog;
mod deferral_escalation;
mod enrollment;
mod format;
mod registry_table;
mod run_store;
mod state;

pub use deferral_escalation::{DeferralEscalationRegistry, DeferralState};
pub use enrollment::{EnrollmentRegistry, EnrollmentState};
pub use run_store::DuckRunStore;

#[cfg(test)]
mod replay;
#[cfg(test)]
pub(crate) mod testing;
