//! Reports as files, each replaced atomically.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use planalign_config::disk;
use serde::Serialize;

use crate::read::read_year;
use crate::reports::{MultiYearReporter, ReportError, ReportSource, YearAuditor};
use crate::summary::MultiYearSummary;
use crate::year_audit::YearAudit;

/// Writes `year_<YEAR>.json` and `multi_year_summary_<START>_<END>.csv` and `.json` to a directory, creating it if necessary.
#[derive(Debug)]
pub struct FileReports {
    directory: PathBuf,
    /// Audits read so far, by run and year.
    audits: BTreeMap<(String, i32), YearAudit>,
}

impl FileReports {
    /// Creates reports in this directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), audits: BTreeMap::new() }
    }

    fn read(&mut self, year: i32, source: &ReportSource<'_>) -> Result<YearAudit, ReportError> {
        let audit = read_year(year, source)?;
        self.audits.insert((source.run_id.to_owned(), year), audit.clone());
        Ok(audit)
    }

    /// Returns the path of a year's audit, written or not.
    #[must_use]
    pub fn year_path(&self, year: i32) -> PathBuf {
        self.directory.join(format!("year_{year}.json"))
    }

    /// Returns the path of the CSV summary, written or not; the JSON file is next to it.
    #[must_use]
    pub fn summary_path(&self, start_year: i32, end_year: i32) -> PathBuf {
        self.directory.join(format!("multi_year_summary_{start_year}_{end_year}.csv"))
    }
}

impl YearAuditor for FileReports {
    fn write_year(&mut self, year: i32, source: &ReportSource<'_>) -> Result<Option<PathBuf>, ReportError> {
        let path = self.year_path(year);
        let audit = self.read(year, source)?;
        write(&path, &pretty(&audit, &path)?)?;
        Ok(Some(path))
    }

    fn has_year(&self, year: i32) -> bool {
        self.year_path(year).is_file()
    }
}

impl MultiYearReporter for FileReports {
    /// Doesn't reread years whose audit this instance wrote.
    fn summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        source: &ReportSource<'_>,
    ) -> Result<MultiYearSummary, ReportError> {
        let mut years = Vec::new();
        for year in start_year..=end_year {
            let audit = match self.audits.get(&(source.run_id.to_owned(), year)) {
                Some(audit) => audit.clone(),
                None => self.read(year, source)?,
            };
            years.push(audit);
        }
        Ok(MultiYearSummary::new(years))
    }

    fn write_summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        source: &ReportSource<'_>,
    ) -> Result<Vec<PathBuf>, ReportError> {
        let summary = self.summary(start_year, end_year, source)?;
        let csv = self.summary_path(start_year, end_year);
        write(&csv, &summary.to_csv().map_err(|e| unwritable(&csv, e.into()))?)?;
        let json = csv.with_extension("json");
        write(&json, &pretty(&summary, &json)?)?;
        Ok(vec![csv, json])
    }
}

fn pretty(report: &impl Serialize, path: &Path) -> Result<Vec<u8>, ReportError> {
    let mut text = serde_json::to_vec_pretty(report).map_err(|e| unwritable(path, e.into()))?;
    text.push(b'\n');
    Ok(text)
}

fn write(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    disk::replace(path, content, "write.report").map_err(|e| unwritable(path, e))
}

fn unwritable(path: &Path, cause: io::Error) -> ReportError {
    ReportError::Write { path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests;
