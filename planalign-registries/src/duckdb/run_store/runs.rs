//! Runs in a database: the rows of `planalign.runs`.

use planalign_config::Row;

use super::{DuckRunStore, fingerprints};
use crate::duckdb::catalog::{Catalog, failed};
use crate::run_store::{Fingerprints, RecordDamage, RunRecord, RunStatus, Runs, StoreError};

impl Runs for DuckRunStore {
    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        read(&self.catalog)
    }

    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        self.columns.borrow_mut().clear();
        self.catalog.atomically(|catalog| {
            write(catalog, run)?;
            fingerprints::write(catalog, &run.run_id, fingerprints)
        })
    }

    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError> {
        update(&self.catalog, run_id, status, end_year)
    }

    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        fingerprints::remove(&self.catalog, run_id)?;
        fingerprints::write(&self.catalog, run_id, fingerprints)
    }

    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        fingerprints::read(&self.catalog, run_id, false)
    }

    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        fingerprints::read(&self.catalog, run_id, true)
    }
}

/// All runs, in the order in which they were written.
pub(super) fn read(catalog: &Catalog) -> Result<Vec<RunRecord>, StoreError> {
    let sql = catalog.sql(
        "select run_id, scenario_id, plan_design_id, start_year, end_year, seed::varchar as seed, started_at, status, program_version,
            engine_version
        from {planalign}.runs order by number",
    );
    let table = catalog.db.query(&sql, &[]).map_err(failed("read the runs"))?;
    table.rows.iter().map(from_row).collect()
}

/// Adds a run as the latest.
fn write(catalog: &Catalog, run: &RunRecord) -> Result<(), StoreError> {
    let sql = catalog.sql(
        "insert into {planalign}.runs
        select (select coalesce(max(number), 0) + 1 from {planalign}.runs), ?, ?, ?, ?, ?, ?::ubigint, ?, ?, ?, ?",
    );
    let values = [
        run.run_id.clone().into(),
        run.scenario_id.clone().into(),
        run.plan_design_id.clone().into(),
        run.start_year.into(),
        run.end_year.into(),
        run.seed.to_string().into(),
        run.started_at.to_string().into(),
        name_of(run.status).into(),
        run.program_version.clone().into(),
        run.engine_version.clone().into(),
    ];
    catalog.db.execute(&sql, &values).map_err(failed("record the run"))?;
    Ok(())
}

/// Updates the status of a run.
fn update(catalog: &Catalog, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError> {
    let sql = catalog.sql("update {planalign}.runs set status = ?, end_year = ? where run_id = ?");
    let values = [name_of(status).into(), end_year.into(), run_id.into()];
    match catalog.db.execute(&sql, &values).map_err(failed("record the status of the run"))? {
        0 => Err(damaged(RecordDamage::Missing)),
        _ => Ok(()),
    }
}

fn name_of(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Finished => "finished",
        RunStatus::Failed => "failed",
        RunStatus::Interrupted => "interrupted",
    }
}

fn from_row(row: &Row) -> Result<RunRecord, StoreError> {
    let value = |column| row.value(column).map_err(failed("read the runs"));
    let text = |column| Ok::<_, StoreError>(value(column)?.text().unwrap_or_default());
    let year = |column| {
        let year = value(column)?.integer().and_then(|year| i32::try_from(year).ok());
        year.ok_or_else(|| damaged(RecordDamage::MissingValue { column }))
    };
    let statuses = [RunStatus::Running, RunStatus::Finished, RunStatus::Failed, RunStatus::Interrupted];
    let status = text("status")?;
    let status = statuses.into_iter().find(|s| name_of(*s) == status);
    let no_number = |cause| damaged(RecordDamage::NoNumber { column: "seed", cause });
    let no_time = |cause| damaged(RecordDamage::NoTime { column: "started_at", cause });
    Ok(RunRecord {
        run_id: text("run_id")?,
        scenario_id: text("scenario_id")?,
        plan_design_id: text("plan_design_id")?,
        start_year: year("start_year")?,
        end_year: year("end_year")?,
        seed: text("seed")?.parse().map_err(no_number)?,
        started_at: text("started_at")?.parse().map_err(no_time)?,
        status: status.ok_or_else(|| damaged(RecordDamage::UnknownWord { column: "status" }))?,
        program_version: text("program_version")?,
        engine_version: text("engine_version")?,
    })
}

fn damaged(cause: RecordDamage) -> StoreError {
    StoreError::damaged("a run", cause)
}
