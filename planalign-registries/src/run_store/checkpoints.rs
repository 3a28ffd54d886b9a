//! Checkpoints, what they vouch for, and the return to one.

use super::error::StoreError;
use super::runs::RunRecord;
use crate::checkpoint::{RelationState, WorkflowCheckpoint};

/// Keeps checkpoints, and can tell whether what they vouch for is still there.
pub trait Checkpoints {
    /// Computes what the relations (`schema.name`) hold for a year.
    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError>;
    /// Writes a checkpoint within the unit of work; there is none of its year and stage.
    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError>;
    /// Writes a checkpoint in place of the one of its year and stage, within the unit of work.
    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError>;
    /// The checkpoints of a run, in the order in which they were saved.
    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError>;
    /// The number of the checkpoint of a run that was saved last.
    fn last_checkpoint(&self, run_id: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.checkpoints(run_id)?.pop().map(|checkpoint| checkpoint.sequence))
    }
    /// Removes what was written in relations of schema `main` after a checkpoint of the run, and the later checkpoints; `None`:
    /// everything, of all runs. Runs and journals stay.
    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError>;
    /// Removes the records of all runs but the latest, whose data they no longer describe: their journals, fingerprints and
    /// checkpoints. Returns them.
    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError>;
}

/// Compares what a checkpoint vouches for with what is there now.
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
