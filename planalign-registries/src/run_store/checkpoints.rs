//! Saving, verifying, and restoring checkpoints.

use super::error::StoreError;
use super::runs::RunRecord;
use crate::checkpoint::{RelationState, WorkflowCheckpoint};

/// Stores checkpoints and computes the state they record.
pub trait Checkpoints {
    /// Computes the content of relations (`schema.name`) for a year.
    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError>;
    /// Returns the last year of which any relation in schema `main` has rows; `None` if there are none.
    fn last_year(&self) -> Result<Option<i32>, StoreError>;
    /// Writes a checkpoint within the unit of work; none exists for its year and stage.
    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError>;
    /// Replaces the checkpoint of the same year and stage, within the unit of work.
    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError>;
    /// Returns the checkpoints of a run, in the order in which they were saved.
    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError>;
    /// Returns the number of a run's last saved checkpoint.
    fn last_checkpoint(&self, run_id: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.checkpoints(run_id)?.pop().map(|checkpoint| checkpoint.sequence))
    }
    /// Removes everything written to relations in schema `main` after a checkpoint of the run, and later checkpoints; `None`:
    /// everything, for all runs. Runs and journals stay.
    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError>;
    /// Removes the records of all runs except the latest, whose data replaced theirs: journals, fingerprints, and checkpoints.
    /// Returns the removed runs.
    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError>;
}

/// Verifies a checkpoint: compares its recorded state with the current one.
pub fn compare_state(checkpoint: &WorkflowCheckpoint, now: &[RelationState]) -> Result<(), StoreError> {
    for saved in &checkpoint.state {
        let found = now.iter().find(|s| s.relation == saved.relation && s.year == saved.year);
        if let Some(what) = found.map_or_else(|| Some("it is missing".to_owned()), |found| saved.difference(found)) {
            let (checkpoint, relation) = (checkpoint.key.clone(), saved.relation.clone());
            return Err(StoreError::Mismatch { checkpoint, relation, what });
        }
    }
    Ok(())
}
