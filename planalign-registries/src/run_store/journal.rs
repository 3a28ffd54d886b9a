//! The journals of runs, and the rows that findings are about.

use super::error::StoreError;
use crate::checkpoint::CheckpointKey;
use crate::run_event::RunEvent;

/// Keeps what happened in runs.
pub trait Journal {
    /// Writes events within the unit of work.
    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError>;
    /// Writes events whatever becomes of the unit of work, on a connection of its own.
    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError>;
    /// The journal of a run, in order.
    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError>;
    /// Writes down which rows the findings of a stage are about, in place of those of an earlier check of the stage; the first
    /// thousand of each. Takes part in the unit of work, if one is open.
    fn save_finding_rows(
        &mut self,
        run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError>;
}

/// The rows that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRows {
    /// Rule.
    pub rule: String,
    /// What it found: counts, no persons.
    pub finding: String,
    /// The query that lists the rows; they stay in the database.
    pub query: String,
}
