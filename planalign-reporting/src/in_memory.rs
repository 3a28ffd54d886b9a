//! Scripted in-memory reports, for testing code that writes reports.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::reports::{MultiYearReporter, ReportError, ReportSource, YearAuditor};
use crate::summary::MultiYearSummary;

/// Reports in memory. Clones share their state, so a test can keep one and pass the other on.
#[derive(Clone, Debug, Default)]
pub struct InMemoryReports {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<String>,
    years: BTreeSet<i32>,
    failures: BTreeMap<Option<i32>, Vec<io::ErrorKind>>,
}

impl InMemoryReports {
    /// Makes the next report of a year fail, or the summary if `None`. Repeated failures occur in order.
    #[must_use]
    pub fn failure(self, year: Option<i32>, cause: io::ErrorKind) -> Self {
        self.lock().failures.entry(year).or_default().push(cause);
        self
    }

    /// Drops the audit of a year, as if its file had been deleted.
    pub fn delete_year(&self, year: i32) {
        self.lock().years.remove(&year);
    }

    /// Returns the calls so far, failed ones included, such as `year 2025` and `summary 2025-2027`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, year: Option<i32>, path: PathBuf) -> Result<PathBuf, ReportError> {
        match self.failures.get_mut(&year).filter(|f| !f.is_empty()) {
            Some(failures) => {
                let cause = io::Error::new(failures.remove(0), "as scripted");
                Err(ReportError::Write { path, cause })
            }
            None => Ok(path),
        }
    }
}

impl YearAuditor for InMemoryReports {
    fn write_year(&mut self, year: i32, _source: &ReportSource<'_>) -> Result<Option<PathBuf>, ReportError> {
        let mut inner = self.lock();
        inner.calls.push(format!("year {year}"));
        let path = inner.write(Some(year), PathBuf::from(format!("reports/year_{year}.json")))?;
        inner.years.insert(year);
        Ok(Some(path))
    }

    fn has_year(&self, year: i32) -> bool {
        self.lock().years.contains(&year)
    }
}

impl MultiYearReporter for InMemoryReports {
    /// Returns a summary without years.
    fn summary(&mut self, _: i32, _: i32, _: &ReportSource<'_>) -> Result<MultiYearSummary, ReportError> {
        Ok(MultiYearSummary::new(Vec::new()))
    }

    fn write_summary(
        &mut self,
        start_year: i32,
        end_year: i32,
        _source: &ReportSource<'_>,
    ) -> Result<Vec<PathBuf>, ReportError> {
        let mut inner = self.lock();
        inner.calls.push(format!("summary {start_year}-{end_year}"));
        let path = PathBuf::from(format!("reports/multi_year_summary_{start_year}_{end_year}.csv"));
        Ok(vec![inner.write(None, path)?])
    }
}

#[cfg(test)]
mod tests {
    use planalign_config::{Fault, InMemoryTables};
    use planalign_registries::InMemoryRunStore;

    use super::*;

    #[test]
    fn records_and_fails_as_scripted() {
        let given = InMemoryReports::default().failure(Some(2025), io::ErrorKind::StorageFull);
        let (tables, store) = (InMemoryTables::default(), InMemoryRunStore::default());
        let source = ReportSource { run_id: "r", tables: &tables, runs: &store, journal: &store };
        let mut reports = given.clone();
        assert_eq!(reports.write_year(2025, &source).expect_err("scripted").fault(), Fault::OutOfSpace);
        assert!(!reports.has_year(2025));
        reports.write_year(2025, &source).expect("write");
        reports.write_summary(2025, 2026, &source).expect("write");
        assert!(reports.has_year(2025));
        given.delete_year(2025);
        assert!(!reports.has_year(2025));
        assert_eq!(given.calls(), ["year 2025", "year 2025", "summary 2025-2026"]);
    }
}
