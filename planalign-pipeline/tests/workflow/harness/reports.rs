//! Reports that write nothing and fail as they are told.

use std::collections::BTreeSet;
use std::path::PathBuf;

use planalign_config::Fault;
use planalign_reporting::ReportError;

/// The years whose audit is there, and what was written.
#[derive(Default)]
pub(crate) struct Reports {
    pub(crate) years: BTreeSet<i32>,
    pub(crate) written: Vec<String>,
    /// The next attempts to write fail in these ways.
    pub(crate) failures: Vec<Fault>,
    /// Called when the audit of a year was written.
    pub(crate) after_year: Option<Box<dyn Fn(i32)>>,
}

impl Reports {
    fn write(&mut self, path: String) -> Result<PathBuf, ReportError> {
        if !self.failures.is_empty() {
            let (path, fault) = (PathBuf::from(path), self.failures.remove(0));
            return Err(ReportError::Write { path, fault, cause: "as the test asked".to_owned() });
        }
        self.written.push(path.clone());
        Ok(PathBuf::from(path))
    }
}

impl planalign_reporting::Reports for Reports {
    fn write_year(&mut self, _run_id: &str, year: i32) -> Result<PathBuf, ReportError> {
        let path = self.write(format!("audit-{year}.json"))?;
        self.years.insert(year);
        if let Some(after_year) = &self.after_year {
            after_year(year);
        }
        Ok(path)
    }

    fn write_summary(&mut self, _run_id: &str, start_year: i32, end_year: i32) -> Result<PathBuf, ReportError> {
        self.write(format!("summary-{start_year}-{end_year}.csv"))
    }

    fn has_year(&self, year: i32) -> bool {
        self.years.contains(&year)
    }
}
