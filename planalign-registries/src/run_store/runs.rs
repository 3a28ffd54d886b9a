//! Runs, and what each depends on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::fingerprints::Fingerprints;

/// Keeps runs with their fingerprints.
pub trait Runs {
    /// The run whose data the store holds; `None` in a new file.
    fn current_run(&self) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.runs()?.pop())
    }
    /// All runs, oldest first.
    fn runs(&self) -> Result<Vec<RunRecord>, StoreError>;
    /// Writes a new run with what it depends on.
    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError>;
    /// Changes a run's status and, when it is continued, its last year.
    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError>;
    /// Puts what a run depends on now in place of what was recorded.
    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError>;
    /// What a run was recorded to depend on, without what is [kept](Fingerprints::KEPT) beside it.
    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError>;
    /// What is [kept](Fingerprints::KEPT), so that a run can go on from its record alone.
    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError>;
}

/// A run as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Id, sortable by start time.
    pub run_id: String,
    /// Scenario.
    pub scenario_id: String,
    /// Plan design.
    pub plan_design_id: String,
    /// First year.
    pub start_year: i32,
    /// Last year.
    pub end_year: i32,
    /// Random seed.
    pub seed: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// How it stands.
    pub status: RunStatus,
    /// Version of this program.
    pub program_version: String,
    /// Version of the database engine.
    pub engine_version: String,
}

impl RunRecord {
    /// A run that begins now, of one year, of no scenario and of no version.
    #[must_use]
    pub fn new(run_id: &str, start_year: i32) -> Self {
        Self {
            run_id: run_id.to_owned(),
            scenario_id: String::new(),
            plan_design_id: String::new(),
            start_year,
            end_year: start_year,
            seed: 0,
            started_at: Timestamp::now(),
            status: RunStatus::Running,
            program_version: String::new(),
            engine_version: String::new(),
        }
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Being executed, or its process died.
    Running,
    /// Complete.
    Finished,
    /// Ended at a failure.
    Failed,
    /// Stopped on request.
    Interrupted,
}
