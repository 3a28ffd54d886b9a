//! Events and checkpoints: rows that carry their content as JSON.

use std::borrow::Cow;

use planalign_config::Value;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::checkpoint::WorkflowCheckpoint;
use crate::duckdb::catalog::{Catalog, failed};
use crate::run_event::RunEvent;
use crate::run_store::StoreError;

/// The name of an event within its content.
#[derive(Deserialize)]
struct Named<'e> {
    #[serde(borrow)]
    event: Cow<'e, str>,
}

/// Writes events, all at once.
pub(super) fn write_events(catalog: &Catalog, events: &[RunEvent]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = events.iter().map(event_row).collect::<Result<Vec<_>, _>>()?;
    catalog.append("run_events", &rows).map_err(failed("write to the journal"))
}

fn event_row(event: &RunEvent) -> Result<[Value; 5], StoreError> {
    let payload = to_json(event, "an event")?;
    let Named { event: name } = from_json(&payload, "an event")?;
    let (run_id, timestamp) = (event.run_id.as_str().into(), event.timestamp.to_string().into());
    Ok([run_id, event.sequence.into(), timestamp, name.as_ref().into(), payload.into()])
}

/// The events of a run, in order.
pub(super) fn read_events(catalog: &Catalog, run_id: &str) -> Result<Vec<RunEvent>, StoreError> {
    let sql = catalog.sql("select payload from {planalign}.run_events where run_id = ? order by sequence");
    read(catalog, &sql, &[run_id.into()], "an event")
}

/// Writes a checkpoint.
pub(super) fn write_checkpoint(catalog: &Catalog, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
    let [run_id, year, stage] = place(checkpoint);
    let row = [run_id, checkpoint.sequence.into(), year, stage, to_json(checkpoint, "a checkpoint")?.into()];
    catalog.append("checkpoints", &[row]).map_err(failed("save the checkpoint"))
}

/// Removes the checkpoint of the same run, year and stage.
pub(super) fn remove_checkpoint(catalog: &Catalog, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
    let delete = "delete from {planalign}.checkpoints where run_id = ? and simulation_year = ? and stage = ?";
    catalog.db.execute(&catalog.sql(delete), &place(checkpoint)).map_err(failed("replace the checkpoint"))?;
    Ok(())
}

fn place(WorkflowCheckpoint { run_id, key, .. }: &WorkflowCheckpoint) -> [Value; 3] {
    [run_id.as_str().into(), key.year.into(), key.stage.as_str().into()]
}

/// The checkpoints of a run, in order.
pub(super) fn read_checkpoints(catalog: &Catalog, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError> {
    let sql = catalog.sql("select payload from {planalign}.checkpoints where run_id = ? order by sequence");
    read(catalog, &sql, &[run_id.into()], "a checkpoint")
}

/// The number of the last checkpoint of a run.
pub(super) fn last_checkpoint(catalog: &Catalog, run_id: &str) -> Result<Option<u64>, StoreError> {
    let sql = catalog.sql("select max(sequence) from {planalign}.checkpoints where run_id = ?");
    let row = catalog.db.query_row(&sql, &[run_id.into()]).map_err(failed("read the last checkpoint"))?;
    Ok(row.and_then(|row| row.integer(0)).and_then(|sequence| u64::try_from(sequence).ok()))
}

fn read<T: DeserializeOwned>(catalog: &Catalog, sql: &str, values: &[Value], what: &str) -> Result<Vec<T>, StoreError> {
    let table = catalog.db.query(sql, values).map_err(failed(&format!("read {what}")))?;
    table.rows.iter().map(|row| from_json(&row.text(0).unwrap_or_default(), what)).collect()
}

fn from_json<'t, T: Deserialize<'t>>(payload: &'t str, what: &str) -> Result<T, StoreError> {
    // The parser's message may quote the text; its place is enough.
    serde_json::from_str(payload).map_err(|e| StoreError::Damaged {
        what: what.to_owned(),
        cause: format!("not understood at character {}", e.column()),
    })
}

fn to_json<T: Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Damaged { what: what.to_owned(), cause: e.to_string() })
}
