//! Runs and their inputs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::fingerprints::Fingerprints;

/// Stores runs with their fingerprints.
pub trait Runs {
    /// Returns the run whose data is in the store; `None` in a new file.
    fn current_run(&self) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.runs()?.pop())
    }
    /// Returns all runs, oldest first.
    fn runs(&self) -> Result<Vec<RunRecord>, StoreError>;
    /// Records a new run and its inputs.
    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError>;
    /// Updates a run's status and, if it was extended, its last year.
    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError>;
    /// Replaces the recorded inputs of a run.
    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError>;
    /// Returns the recorded inputs of a run, without the [kept](Fingerprints::KEPT) copies.
    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError>;
    /// Returns the [kept](Fingerprints::KEPT) copies, from which a run can resume without the original files.
    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError>;
}

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// ID, sortable by start time.
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
    /// Start time.
    pub started_at: Timestamp,
    /// Status.
    pub status: RunStatus,
    /// Version of this program.
    pub program_version: String,
    /// Version of the database engine.
    pub engine_version: String,
}

impl RunRecord {
    /// Creates a one-year run that starts now, without a scenario or versions.
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

/// Status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Running, or its process died.
    Running,
    /// Complete.
    Finished,
    /// Failed.
    Failed,
    /// Stopped on request.
    Interrupted,
}
