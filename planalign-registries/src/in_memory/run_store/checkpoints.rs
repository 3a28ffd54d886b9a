//! Checkpoints in memory.

use super::InMemoryRunStore;
use crate::checkpoint::{RelationState, WorkflowCheckpoint};
use crate::run_store::{Checkpoints, RunRecord, Runs, StoreError};

impl Checkpoints for InMemoryRunStore {
    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError> {
        self.inner.borrow_mut().failure("state")?;
        let inner = self.inner.borrow();
        let answer = |relation: &String| {
            inner.states.iter().find(|s| s.relation == *relation && s.year.is_none_or(|y| y == year)).cloned()
        };
        Ok(relations.iter().filter_map(answer).collect())
    }

    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        let mut inner = self.enter("save_checkpoint", format!("save_checkpoint {}", checkpoint.key))?;
        inner.data.checkpoints.push(checkpoint.clone());
        Ok(())
    }

    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        let mut inner = self.enter("replace_checkpoint", format!("replace_checkpoint {}", checkpoint.key))?;
        let checkpoints = &mut inner.data.checkpoints;
        checkpoints.retain(|c| c.run_id != checkpoint.run_id || c.key != checkpoint.key);
        checkpoints.push(checkpoint.clone());
        checkpoints.sort_by_key(|c| c.sequence);
        Ok(())
    }

    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError> {
        self.inner.borrow_mut().failure("checkpoints")?;
        let mut checkpoints = self.inner.borrow().data.checkpoints.clone();
        checkpoints.retain(|c| c.run_id == run_id);
        Ok(checkpoints)
    }

    fn last_year(&self) -> Result<Option<i32>, StoreError> {
        Ok(self.inner.borrow().data.checkpoints.iter().map(|checkpoint| checkpoint.key.year).max())
    }

    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError> {
        let label = point.map_or_else(|| "nothing".to_owned(), |point| point.key.to_string());
        let mut inner = self.enter("forget_after", format!("forget_after {label}"))?;
        inner.data.checkpoints.retain(|c| point.is_some_and(|last| c.sequence <= last.sequence));
        Ok(())
    }

    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError> {
        let mut replaced = self.runs()?;
        replaced.pop();
        let is_replaced = |run_id: &str| replaced.iter().any(|run| run.run_id == run_id);
        self.enter("prune", format!("prune {}", replaced.len()))?.outside(|data| {
            data.runs.retain(|run| !is_replaced(&run.run_id));
            data.fingerprints.retain(|run_id, _| !is_replaced(run_id));
            data.events.retain(|event| !is_replaced(&event.run_id));
            data.checkpoints.retain(|checkpoint| !is_replaced(&checkpoint.run_id));
        });
        Ok(replaced)
    }
}
