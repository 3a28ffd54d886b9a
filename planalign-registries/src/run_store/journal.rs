//! Journals of runs, and the rows behind findings.

use super::error::StoreError;
use crate::checkpoint::CheckpointKey;
use crate::run_event::RunEvent;

/// Stores the events of runs.
pub trait Journal {
    /// Writes events within the unit of work.
    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError>;
    /// Writes events outside the unit of work, on a separate connection.
    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError>;
    /// Returns the journal of a run, in order.
    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError>;
    /// Saves the first thousand rows behind each finding of a stage, replacing those of an earlier check of the stage. Takes part
    /// in the unit of work, if one is open.
    fn save_finding_rows(
        &mut self,
        run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError>;
}

/// The rows behind a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRows {
    /// Rule.
    pub rule: String,
    /// Message of the finding, with counts; never names people.
    pub finding: String,
    /// Query that lists the rows, which stay in the database.
    pub query: String,
}
