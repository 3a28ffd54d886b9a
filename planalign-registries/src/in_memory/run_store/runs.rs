//! Runs in memory.

use super::InMemoryRunStore;
use crate::run_store::{Fingerprints, RecordDamage, RunRecord, RunStatus, Runs, StoreError};

impl Runs for InMemoryRunStore {
    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.borrow_mut().failure("runs")?;
        Ok(self.inner.borrow().data.runs.clone())
    }

    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        self.enter("begin_run", format!("begin_run {}", run.run_id))?.outside(|data| {
            data.runs.push(run.clone());
            data.fingerprints.insert(run.run_id.clone(), fingerprints.clone());
        });
        Ok(())
    }

    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError> {
        let mut inner = self.enter("update_run", format!("update_run {status:?} {end_year}"))?;
        if !inner.data.runs.iter().any(|r| r.run_id == run_id) {
            return Err(StoreError::damaged("a run", RecordDamage::Missing));
        }
        for run in inner.data.runs.iter_mut().filter(|r| r.run_id == run_id) {
            (run.status, run.end_year) = (status, end_year);
        }
        Ok(())
    }

    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        let mut inner = self.enter("replace_fingerprints", format!("replace_fingerprints {run_id}"))?;
        inner.data.fingerprints.insert(run_id.to_owned(), fingerprints.clone());
        Ok(())
    }

    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        self.inner.borrow_mut().failure("fingerprints")?;
        Ok(self.inner.borrow().data.fingerprints.get(run_id).cloned().unwrap_or_default())
    }

    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        let mut all = self.fingerprints(run_id)?;
        all.0.retain(|kind, _| Fingerprints::KEPT.contains(kind));
        Ok(all)
    }
}
