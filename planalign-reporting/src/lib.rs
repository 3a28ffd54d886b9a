//! Year audits and multi-year summaries of a simulation.
//!
//! [`YearAudit`] and [`MultiYearSummary`] are the reports of a run: plain data, [read](mod@read) from its tables and its record
//! only, never from the pipeline. [`FileReports`] writes them to files; [`render_summary`] formats the summary for the
//! console according to a [`Template`].
//!
//! ```
//! use planalign_reporting::{Money, Template};
//!
//! // Exact to the cent, rounded half away from zero.
//! assert_eq!("1234.50".parse().map(Money::grouped).as_deref(), Ok("1,235"));
//!
//! let problems = Template::parse("sections: [{metrics: [payrol]}]").expect_err("misspelled");
//! assert_eq!(problems[0].to_string(), "1:23: unknown metric `payrol`; did you mean `payroll`?");
//! ```

pub mod columns;
pub mod file_reports;
pub mod growth;
pub mod in_memory;
pub mod metrics;
pub mod read;
pub mod render;
pub mod reports;
pub mod summary;
pub mod template;
pub mod year_audit;

pub use file_reports::FileReports;
pub use growth::{GrowthAnalysis, YearGrowth};
pub use in_memory::InMemoryReports;
pub use metrics::{METRICS, Metric};
pub use planalign_config::fixed::{self, Fixed, Money, Rate};
pub use render::{render_summary, summary_to_json};
pub use reports::{MultiYearReporter, ReadError, ReportError, ReportSource, Reports, YearAuditor};
pub use summary::MultiYearSummary;
pub use template::Template;
pub use year_audit::{LAYOUT_VERSION, YearAudit};
