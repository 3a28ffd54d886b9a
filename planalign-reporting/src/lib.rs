//! Year audits and multi-year summaries of a simulation.
//!
//! [`YearAudit`] and [`MultiYearSummary`] are what a run leaves for people: plain data, read from the tables and from the
//! record of the run alone ([`read`], feature `duckdb`), never from the pipeline. [`FileReports`] writes them for a run,
//! [`render_summary`] shows the summary on a console, as a [`Template`] wants it.

pub mod figures;
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
pub mod template;
pub mod year_audit;

pub use figures::{FIGURES, Figure};
#[cfg(feature = "duckdb")]
pub use file_reports::FileReports;
pub use fixed::{Fixed, Money, Rate};
pub use in_memory::InMemoryReports;
pub use render::{render_summary, summary_to_json};
pub use reports::{ReportError, Reports};
pub use summary::MultiYearSummary;
pub use template::Template;
pub use year_audit::{LAYOUT_VERSION, YearAudit};
