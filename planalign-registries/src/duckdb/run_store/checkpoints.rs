//! Checkpoints in a database: rows with JSON content.

use planalign_config::Value;

use super::payload::{read, to_json};
use super::{DuckRunStore, forget, runs, state};
use crate::checkpoint::{RelationState, WorkflowCheckpoint};
use crate::duckdb::catalog::{Catalog, failed};
use crate::run_store::{Checkpoints, RunRecord, StoreError};

impl Checkpoints for DuckRunStore {
    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError> {
        state::read(&self.catalog, &mut self.columns.borrow_mut(), &self.engine, relations, year)
    }

    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        write_checkpoint(&self.catalog, checkpoint)
    }

    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        remove_checkpoint(&self.catalog, checkpoint)?;
        write_checkpoint(&self.catalog, checkpoint)
    }

    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError> {
        let sql = self.catalog.sql("select payload from {planalign}.checkpoints where run_id = ? order by sequence");
        read(&self.catalog, &sql, &[run_id.into()], "a checkpoint")
    }

    fn last_checkpoint(&self, run_id: &str) -> Result<Option<u64>, StoreError> {
        let sql = self.catalog.sql("select max(sequence) from {planalign}.checkpoints where run_id = ?");
        let last = self.catalog.db.query_value(&sql, &[run_id.into()]).map_err(failed("read the last checkpoint"))?;
        Ok(last.integer().and_then(|sequence| u64::try_from(sequence).ok()))
    }

    fn last_year(&self) -> Result<Option<i32>, StoreError> {
        forget::last_year(&self.catalog)
    }

    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError> {
        self.columns.borrow_mut().clear();
        match point {
            Some(point) => forget::later(&self.catalog, point, &self.checkpoints(&point.run_id)?),
            None => forget::everything(&self.catalog),
        }
    }

    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError> {
        self.catalog.atomically(|catalog| {
            let mut replaced = runs::read(catalog)?;
            replaced.pop();
            forget::records(catalog, &replaced)?;
            Ok(replaced)
        })
    }
}

/// Writes a checkpoint.
fn write_checkpoint(catalog: &Catalog, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
    let [run_id, year, stage] = place(checkpoint);
    let row = [run_id, checkpoint.sequence.into(), year, stage, to_json(checkpoint, "a checkpoint")?.into()];
    catalog.append("checkpoints", &[row]).map_err(failed("save the checkpoint"))
}

/// Removes the checkpoint of the same run, year, and stage.
fn remove_checkpoint(catalog: &Catalog, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
    let delete = "delete from {planalign}.checkpoints where run_id = ? and simulation_year = ? and stage = ?";
    catalog.db.execute(&catalog.sql(delete), &place(checkpoint)).map_err(failed("replace the checkpoint"))?;
    Ok(())
}

fn place(WorkflowCheckpoint { run_id, key, .. }: &WorkflowCheckpoint) -> [Value; 3] {
    [run_id.as_str().into(), key.year.into(), key.stage.as_str().into()]
}
