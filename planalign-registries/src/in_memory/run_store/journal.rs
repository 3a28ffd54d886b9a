//! Journals in memory.

use super::InMemoryRunStore;
use crate::checkpoint::CheckpointKey;
use crate::run_event::RunEvent;
use crate::run_store::{FindingRows, Journal, StoreError};

impl Journal for InMemoryRunStore {
    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        self.enter("record", format!("record {}", events.len()))?.data.events.extend_from_slice(events);
        Ok(())
    }

    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        let mut inner = self.enter("record_outside", format!("record_outside {}", events.len()))?;
        inner.outside(|data| data.events.extend_from_slice(events));
        Ok(())
    }

    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError> {
        self.inner.borrow_mut().failure("events")?;
        let mut events = self.inner.borrow().data.events.clone();
        events.retain(|e| e.run_id == run_id);
        events.sort_by_key(|e| e.sequence);
        Ok(events)
    }

    fn save_finding_rows(
        &mut self,
        _run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError> {
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        self.enter("save_finding_rows", format!("save_finding_rows {key} {}", rules.join(" ")).trim_end().to_owned())?;
        Ok(())
    }
}
