//! Year audits and multi-year summaries of a simulation.
//!
//! [`YearAudit`] and [`MultiYearSummary`] are what a run leaves for people: plain data, read from the tables and from the
//! record of the run alone ([`read`], feature `duckdb`), never from the pipeline. [`FileReports`] writes them for a run,
//! [`render_summary`] shows the summary on a console.

#[cfg(feature = "duckdb")]
pub mod file_reports;
pub mod fixed;
pub mod in_memory;
pub mod journal;
#[cfg(feature = "duckdb")]
pub mod read;
pub mod render;
pub mod reports;
pub mod summary;
pub mod year_audit;

#[cfg(feature = "duckdb")]
pub use file_reports::FileReports;
pub use fixed::{Fixed, Money, Rate};
pub use in_memory::InMemoryReports;
pub use render::render_summary;
pub use reports::{ReportError, Reports};
pub use summary::MultiYearSummary;
pub use year_audit::YearAudit;
