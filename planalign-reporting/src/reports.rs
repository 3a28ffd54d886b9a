//! What a run asks for at the end of a year and at its own end.

use std::path::PathBuf;

use planalign_config::Fault;

/// Audits a year for people. Reads committed or own uncommitted rows, writes nothing but files.
pub trait YearAuditor {
    /// Writes the audit of a year. A file of that name is replaced at once, never half.
    fn write_year(&mut self, run_id: &str, year: i32) -> Result<PathBuf, ReportError>;
    /// Whether the audit of a year is there; a resumed run writes those that are not.
    fn has_year(&self, year: i32) -> bool;
}

/// Sums several years up for people, in the same way.
pub trait MultiYearReporter {
    /// Writes the summary of the years. Returns its files.
    fn write_summary(&mut self, run_id: &str, start_year: i32, end_year: i32) -> Result<Vec<PathBuf>, ReportError>;
}

/// All that a run leaves for people.
pub trait Reports: YearAuditor + MultiYearReporter {}

impl<T: YearAuditor + MultiYearReporter> Reports for T {}

/// A report could not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReportError {
    /// Its tables cannot be read.
    #[error("cannot read the tables of {report}: {cause}")]
    Read {
        /// The report.
        report: String,
        /// What can be done about it.
        fault: Fault,
        /// Cause, without data.
        cause: String,
    },
    /// Its file cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What can be done about it.
        fault: Fault,
        /// Cause.
        cause: String,
    },
}

impl ReportError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Read { fault, .. } | Self::Write { fault, .. } => *fault,
        }
    }
}
