//! Journals in a database: events as rows with JSON content.

use std::borrow::Cow;

use planalign_config::Value;
use serde::Deserialize;

use super::payload::{from_json, read, to_json};
use super::{DuckRunStore, finding_rows};
use crate::checkpoint::CheckpointKey;
use crate::duckdb::catalog::{Catalog, failed};
use crate::run_event::RunEvent;
use crate::run_store::{FindingRows, Journal, StoreError};

impl Journal for DuckRunStore {
    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        write_events(&self.catalog, events)
    }

    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let action = || failed("write to the journal");
        let second = self.catalog.db.second_connection().map_err(action())?;
        write_events(&Catalog::new(second).map_err(action())?, events)
    }

    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError> {
        let sql = self.catalog.sql("select payload from {planalign}.run_events where run_id = ? order by sequence");
        read(&self.catalog, &sql, &[run_id.into()], "an event")
    }

    fn save_finding_rows(
        &mut self,
        run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError> {
        finding_rows::write(&self.catalog, run_id, key, findings)
    }
}

/// The name of an event in its content.
#[derive(Deserialize)]
struct Named<'e> {
    #[serde(borrow)]
    event: Cow<'e, str>,
}

/// Writes all events at once.
fn write_events(catalog: &Catalog, events: &[RunEvent]) -> Result<(), StoreError> {
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
