//! What a run asks for at the end of a year and at its own end.

use std::io;
use std::path::PathBuf;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, Tables};
use planalign_registries::{Journal, Runs, StoreError};

use crate::summary::MultiYearSummary;

/// What reports are made of: the run, the tables, and the record of runs.
#[derive(Clone, Copy)]
pub struct ReportSource<'a> {
    /// The run.
    pub run_id: &'a str,
    /// Its tables. Within a unit of work they show what that has written.
    pub tables: &'a dyn Tables,
    /// Its record and what it depends on.
    pub runs: &'a dyn Runs,
    /// Its journal.
    pub journal: &'a dyn Journal,
}

/// Audits a year for people.
pub trait YearAuditor {
    /// Audits a year, and names the file if it writes one. A file of that name is replaced at once, never half. A year whose
    /// stage is tried again, or run again after a rollback, is audited again.
    fn write_year(&mut self, year: i32, source: &ReportSource<'_>) -> Result<Option<PathBuf>, ReportError>;
    /// Whether the audit of a year is there; a resumed run asks for those that are not.
    fn has_year(&self, year: i32) -> bool;
}

impl<A: YearAuditor + ?Sized> YearAuditor for &mut A {
    fn write_year(&mut self, year: i32, source: &ReportSource<'_>) -> Result<Option<PathBuf>, ReportError> {
        (**self).write_year(year, source)
    }

    fn has_year(&self, year: i32) -> bool {
        (**self).has_year(year)
    }
}

/// Sums several years up for people, in the same way.
pub trait MultiYearReporter {
    /// The summary of the years.
    fn summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        source: &ReportSource<'_>,
    ) -> Result<MultiYearSummary, ReportError>;
    /// Writes the summary of the years. Returns its files.
    fn write_summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        source: &ReportSource<'_>,
    ) -> Result<Vec<PathBuf>, ReportError>;
}

/// All that a run leaves for people.
pub trait Reports: YearAuditor + MultiYearReporter {}

impl<T: YearAuditor + MultiYearReporter> Reports for T {}

/// A report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// What it is about cannot be read.
    #[error("cannot create {report}")]
    Read {
        /// The report.
        report: String,
        /// Cause, without data.
        #[source]
        cause: ReadError,
    },
    /// Its file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// Why what a report is about cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The tables.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The record of runs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tables do not hold what they should.
    #[error("{0}")]
    Answer(String),
}

impl From<DatabaseError> for ReportError {
    /// For reporters that are only told of years.
    fn from(cause: DatabaseError) -> Self {
        Self::Read { report: "a report".to_owned(), cause: cause.into() }
    }
}

impl ReportError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Read { cause: ReadError::Database(cause), .. } => cause.fault(),
            Self::Read { cause: ReadError::Store(cause), .. } => cause.fault(),
            Self::Read { cause: ReadError::Answer(_), .. } => Fault::Deterministic,
            Self::Write { cause, .. } => cause.kind().into(),
        }
    }
}

impl Diagnostic for ReportError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Write { .. } => {
                vec![Hint::run(
                    "make room or allow writing there, or choose another directory with --reports, then run {}",
                    [Action::Retry],
                )]
            }
            Self::Read { .. } => match self.fault() {
                // The tables are not as a run leaves them.
                Fault::Deterministic => Fault::Corrupt.hints(),
                fault => fault.hints(),
            },
        }
    }
}
