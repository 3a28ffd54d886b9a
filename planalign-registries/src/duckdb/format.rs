//! The tables in schema `planalign` and the version of their layout.

use std::collections::HashMap;

use planalign_config::DatabaseError;

use planalign_config::sql::literal;

use super::catalog::{Catalog, failed};
use crate::run_store::{RecordDamage, StoreError};

/// The layout version that this program writes. It reads all earlier ones, and later ones as far as it knows them.
pub(crate) const SUPPORTED: i64 = 2;

/// No keys or indexes: the engine has open defects in replaying them from the log. Every writer replaces its own rows.
const TABLES: &str = "
create schema if not exists {planalign};
create table {planalign}.format (version bigint not null);
create table {planalign}.runs (
    number bigint not null, run_id varchar not null, scenario_id varchar not null, plan_design_id varchar not null,
    start_year integer not null, end_year integer not null, seed ubigint not null, started_at varchar not null,
    status varchar not null, program_version varchar not null, engine_version varchar not null);
create table {planalign}.run_events (
    run_id varchar not null, sequence ubigint not null, timestamp varchar not null, event varchar not null,
    payload varchar not null);
create table {planalign}.checkpoints (
    run_id varchar not null, sequence ubigint not null, simulation_year integer not null, stage varchar not null,
    payload varchar not null);
create table {planalign}.fingerprints (
    run_id varchar not null, kind varchar not null, name varchar not null, sha256 varchar not null, content blob not null);
create table {planalign}.enrollment_registry (
    simulation_year integer not null, employee_id varchar not null, was_enrolled boolean not null, is_enrolled boolean not null,
    first_enrollment_date date, enrollment_date date, source varchar, opt_out_date date, left_on date);
create table {planalign}.deferral_escalation_registry (
    simulation_year integer not null, employee_id varchar not null, opted_out boolean not null, original_rate decimal(9, 6),
    opening_rate decimal(9, 6) not null, current_rate decimal(9, 6) not null, escalations integer not null,
    escalation_amount decimal(9, 6) not null, last_escalation_date date, left_on date);
";

/// Added in version 2.
const FINDING_DETAILS: &str = "
create table {planalign}.finding_details (
    run_id varchar not null, simulation_year integer not null, stage varchar not null, rule varchar not null,
    finding varchar not null, row_number bigint not null, details varchar not null);
";

/// Returns the layout version in the file; `None` if the file has no run record. Writes nothing.
///
/// Tables that don't match this or an older version are damaged; a newer version may have added columns.
pub(crate) fn found(catalog: &Catalog) -> Result<Option<i64>, StoreError> {
    let failed = || failed("read the format of the run record");
    let layout = format!(
        "select table_name, string_agg(column_name || data_type, ',' order by column_index) as columns
        from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name = {} and schema_name = 'planalign' group by table_name",
        literal(catalog.name())
    );
    let layout = catalog.db.query(&layout, &[]).map_err(failed())?;
    let layout = layout.texts("table_name").and_then(|tables| Ok(tables.into_iter().zip(layout.texts("columns")?)));
    let layout: HashMap<String, String> =
        layout.map_err(failed())?.map(|(table, columns)| (table, compact(&columns))).collect();
    if layout.is_empty() {
        return Ok(None);
    }
    let require = |(table, columns): (&str, String), is_exact: bool| match layout.get(table) {
        None => Err(StoreError::damaged("runs", RecordDamage::MissingTable { table: table.to_owned() })),
        Some(found) if is_exact && *found != columns => {
            Err(StoreError::damaged("runs", RecordDamage::OtherColumns { table: table.to_owned() }))
        }
        Some(_) => Ok(()),
    };
    tables(TABLES).try_for_each(|table| require(table, false))?;
    let version = catalog.sql("select max(version) from {planalign}.format");
    let version = catalog.db.query_value(&version, &[]).map_err(failed())?;
    let no_version =
        || StoreError::damaged("the format of the run record", RecordDamage::MissingValue { column: "version" });
    let version = version.integer().ok_or_else(no_version)?;
    tables(TABLES).try_for_each(|table| require(table, version <= SUPPORTED))?;
    if version >= SUPPORTED {
        tables(FINDING_DETAILS).try_for_each(|table| require(table, version == SUPPORTED))?;
    }
    Ok(Some(version))
}

/// The tables that statements create, with columns normalized by [`compact`].
fn tables(statements: &str) -> impl Iterator<Item = (&str, String)> {
    let created = statements.split("create table {planalign}.").skip(1).filter_map(|rest| rest.split_once(" ("));
    created.map(|(name, rest)| {
        let columns = rest.split_once(");").map_or(rest, |(columns, _)| columns);
        (name, compact(&columns.replace(" not null", "")))
    })
}

/// Normalizes columns for comparison: the engine prints types in uppercase and with different spaces.
fn compact(columns: &str) -> String {
    columns.split_whitespace().collect::<String>().to_lowercase()
}

/// Creates the tables in an empty file. Fails if the file has other tables.
pub(crate) fn create(catalog: &mut Catalog) -> Result<(), StoreError> {
    let others =
        format!("select count(*) from information_schema.tables where table_catalog = {}", literal(catalog.name()));
    let others = catalog.db.query_value(&others, &[]).map_err(failed("list the tables of the database"))?;
    if let Some(tables) = others.integer().filter(|tables| *tables > 0) {
        return Err(StoreError::Foreign { tables });
    }
    catalog.atomically(|c| {
        let write = || -> Result<(), DatabaseError> {
            c.db.execute_batch(&c.sql(TABLES))?;
            c.db.execute_batch(&c.sql(FINDING_DETAILS))?;
            c.db.execute(&c.sql("insert into {planalign}.format values (?)"), &[SUPPORTED.into()])?;
            Ok(())
        };
        write().map_err(failed("create the run record"))
    })
}

/// Atomically upgrades the tables of an older version. Fails for a newer version.
pub(crate) fn migrate(catalog: &mut Catalog, version: i64) -> Result<(), StoreError> {
    if version > SUPPORTED {
        return Err(StoreError::NewerFormat { found: version, supported: SUPPORTED });
    }
    if version == SUPPORTED {
        return Ok(());
    }
    catalog.atomically(|c| {
        let write = || -> Result<(), DatabaseError> {
            c.db.execute_batch(&c.sql(FINDING_DETAILS))?;
            c.db.execute(&c.sql("update {planalign}.format set version = ?"), &[SUPPORTED.into()])?;
            Ok(())
        };
        write().map_err(failed("upgrade the run record"))
    })
}
