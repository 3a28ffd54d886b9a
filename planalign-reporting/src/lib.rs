//! Year audits and multi-year summaries of a simulation.

pub mod reports;

pub use reports::{ReportError, Reports};
