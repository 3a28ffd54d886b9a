//! The reports a run writes at the end of each year and of the run.

use std::io;
use std::path::PathBuf;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, Tables};
use planalign_registries::{Journal, Runs, StoreError};

use crate::summary::MultiYearSummary;

/// The inputs of reports: the run, its tables, and the record of runs.
#[derive(Clone, Copy)]
pub struct ReportSource<'a> {
    /// ID of the run.
    pub run_id: &'a str,
    /// Its tables. Within a unit of work, they include uncommitted rows.
    pub tables: &'a dyn Tables,
    /// Its record and fingerprints.
    pub runs: &'a dyn Runs,
    /// Its journal.
    pub journal: &'a dyn Journal,
}

/// Writes year audits.
pub trait YearAuditor {
    /// Audits a year and returns the path of the file, if it writes one. Replaces an existing file atomically. A year is audited
    /// again if its stage is retried or rerun.
    fn write_year(&mut self, year: i32, source: &ReportSource<'_>) -> Result<Option<PathBuf>, ReportError>;
    /// Returns whether a year's audit exists; a resumed run writes missing ones.
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

/// Writes multi-year summaries.
pub trait MultiYearReporter {
    /// Returns the summary of the years.
    fn summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        source: &ReportSource<'_>,
    ) -> Result<MultiYearSummary, ReportError>;
    /// Writes the summary of the years and returns the paths of its files.
    fn write_summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        source: &ReportSource<'_>,
    ) -> Result<Vec<PathBuf>, ReportError>;
}

/// All reports of a run.
pub trait Reports: YearAuditor + MultiYearReporter {}

impl<T: YearAuditor + MultiYearReporter> Reports for T {}

/// Why a report couldn't be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Its inputs can't be read.
    #[error("cannot create {report}")]
    Read {
        /// Which report.
        report: String,
        /// The cause, without any data.
        #[source]
        cause: ReadError,
    },
    /// Its file can't be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
}

/// Why the inputs of a report can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The tables can't be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The record of runs can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tables don't contain what they should.
    #[error("{0}")]
    Unusable(String),
}

impl From<DatabaseError> for ReportError {
    /// For callers that can't name the report.
    fn from(cause: DatabaseError) -> Self {
        Self::Read { report: "a report".to_owned(), cause: cause.into() }
    }
}

impl ReportError {
    /// Returns the kind of failure, which determines whether a retry can help.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Read { cause: ReadError::Database(cause), .. } => cause.fault(),
            Self::Read { cause: ReadError::Store(cause), .. } => cause.fault(),
            Self::Read { cause: ReadError::Unusable(_), .. } => Fault::Deterministic,
            Self::Write { cause, .. } => cause.kind().into(),
        }
    }
}

impl Diagnostic for ReportError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Write { .. } => {
                vec![Hint::run(
                    "free up space or allow writing there, or choose another directory with `--reports`, then run {}",
                    [Action::Retry],
                )]
            }
            Self::Read { .. } => match self.fault() {
                // The tables differ from what a run writes.
                Fault::Deterministic => Fault::Corrupt.hints(),
                fault => fault.hints(),
            },
        }
    }
}
