//! Removes data that runs wrote, after a checkpoint or entirely, and the records of earlier runs.

use std::collections::BTreeSet;

use planalign_config::DatabaseError;

use crate::checkpoint::{CheckpointKey, WorkflowCheckpoint};
use planalign_config::sql::literal;

use crate::duckdb::catalog::{Catalog, failed};
use crate::run_store::{RunRecord, StoreError};

/// Removes rows of later years from tables with a year, the output of later stages in the year of `point`, and their
/// checkpoints and findings. Tables that no checkpoint records anymore are dropped; they are created again when next filled.
pub(super) fn later(
    catalog: &Catalog,
    point: &WorkflowCheckpoint,
    checkpoints: &[WorkflowCheckpoint],
) -> Result<(), StoreError> {
    let WorkflowCheckpoint { sequence, key: CheckpointKey { year, .. }, run_id, .. } = point;
    let (kept, removed): (Vec<&WorkflowCheckpoint>, _) = checkpoints.iter().partition(|c| c.sequence <= *sequence);
    let later_of_year = removed.iter().filter(|c| c.key.year == *year);
    let forget = || -> Result<(), DatabaseError> {
        let tables = tables(catalog)?;
        let is_table = |relation: &&str| tables.contains(*relation);
        let outdated: BTreeSet<&str> = relations(&removed).difference(&relations(&kept)).copied().collect();
        // If something else has the table's name, building the table replaces it.
        for relation in outdated.iter().copied().filter(is_table) {
            catalog.db.execute_batch(&format!("drop table {}", named(catalog, relation)))?;
        }
        for table in tables_with_a_year(catalog)? {
            let table = catalog.relation("main", &table);
            catalog.db.execute(&format!("delete from {table} where simulation_year > ?"), &[(*year).into()])?;
        }
        for checkpoint in later_of_year {
            let of_year = checkpoint.state.iter().filter(|state| state.year == Some(*year));
            let relations =
                of_year.map(|state| state.relation.as_str()).filter(|relation| !outdated.contains(relation));
            for relation in relations.filter(is_table) {
                let table = named(catalog, relation);
                catalog.db.execute(&format!("delete from {table} where simulation_year = ?"), &[(*year).into()])?;
            }
            let details =
                "delete from {planalign}.finding_details where run_id = ? and simulation_year = ? and stage = ?";
            let place = [run_id.as_str().into(), (*year).into(), checkpoint.key.stage.as_str().into()];
            catalog.db.execute(&catalog.sql(details), &place)?;
        }
        let details = catalog.sql("delete from {planalign}.finding_details where simulation_year > ?");
        catalog.db.execute(&details, &[(*year).into()])?;
        let checkpoints = catalog.sql("delete from {planalign}.checkpoints where run_id = ? and sequence > ?");
        catalog.db.execute(&checkpoints, &[run_id.as_str().into(), (*sequence).into()])?;
        Ok(())
    };
    forget().map_err(failed("remove data after a checkpoint"))
}

/// The existing tables, named as in checkpoints.
fn tables(catalog: &Catalog) -> Result<BTreeSet<String>, DatabaseError> {
    let sql = format!(
        "select schema_name || '.' || table_name as name from duckdb_tables() where database_name = {}",
        literal(catalog.name())
    );
    Ok(names(catalog, &sql)?.into_iter().collect())
}

/// The relations that checkpoints record.
fn relations<'c>(checkpoints: &[&'c WorkflowCheckpoint]) -> BTreeSet<&'c str> {
    checkpoints.iter().flat_map(|checkpoint| &checkpoint.state).map(|state| state.relation.as_str()).collect()
}

/// The SQL name of a checkpoint's relation.
fn named(catalog: &Catalog, relation: &str) -> String {
    let (schema, table) = relation.split_once('.').unwrap_or(("main", relation));
    catalog.relation(schema, table)
}

/// Drops the tables that checkpoints record, so that changed models can have different columns, empties all other tables with
/// a year, and removes all checkpoints.
pub(super) fn everything(catalog: &Catalog) -> Result<(), StoreError> {
    let forget = || -> Result<(), DatabaseError> {
        for table in recorded_tables(catalog)? {
            catalog.db.execute_batch(&format!("drop table {}", catalog.relation("main", &table)))?;
        }
        for table in tables_with_a_year(catalog)? {
            catalog.db.execute(&format!("delete from {}", catalog.relation("main", &table)), &[])?;
        }
        for table in ["finding_details", "checkpoints"] {
            catalog.db.execute(&catalog.sql(&format!("delete from {{planalign}}.{table}")), &[])?;
        }
        Ok(())
    };
    forget().map_err(failed("remove the data of an earlier run"))
}

/// Removes the records of runs.
pub(super) fn records(catalog: &Catalog, runs: &[RunRecord]) -> Result<(), StoreError> {
    for table in ["finding_details", "checkpoints", "run_events", "fingerprints", "runs"] {
        let sql = catalog.sql(&format!("delete from {{planalign}}.{table} where run_id = ?"));
        for run in runs {
            let run_id = run.run_id.as_str().into();
            catalog.db.execute(&sql, &[run_id]).map_err(failed("remove the records of earlier runs"))?;
        }
    }
    Ok(())
}

/// The last year of which a table has rows.
pub(super) fn last_year(catalog: &Catalog) -> Result<Option<i32>, StoreError> {
    let last = || -> Result<Option<i32>, DatabaseError> {
        // In a new file, this is faster than looking for columns.
        if tables(catalog)?.iter().all(|table| !table.starts_with("main.")) {
            return Ok(None);
        }
        let of_table =
            |table: &String| format!("select max(simulation_year) as last from {}", catalog.relation("main", table));
        let tables: Vec<String> = tables_with_a_year(catalog)?.iter().map(of_table).collect();
        if tables.is_empty() {
            return Ok(None);
        }
        let sql = format!("select max(last) from ({})", tables.join(" union all "));
        Ok(catalog.db.query_value(&sql, &[])?.integer().and_then(|year| i32::try_from(year).ok()))
    };
    last().map_err(failed("find the last year with rows"))
}

fn tables_with_a_year(catalog: &Catalog) -> Result<Vec<String>, DatabaseError> {
    let sql = format!(
        "select table_name as name from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name = {} and schema_name = 'main' and column_name = 'simulation_year' order by 1",
        literal(catalog.name())
    );
    names(catalog, &sql)
}

fn recorded_tables(catalog: &Catalog) -> Result<Vec<String>, DatabaseError> {
    let sql = format!(
        "with vouched as (
            select distinct unnest(from_json(try_cast(payload as json)->'state', '[{{\"relation\": \"VARCHAR\"}}]')).relation as relation
            from {{planalign}}.checkpoints)
        select table_name as name from duckdb_tables() inner join vouched on relation = schema_name || '.' || table_name
        where database_name = {} and schema_name = 'main' order by 1",
        literal(catalog.name())
    );
    names(catalog, &catalog.sql(&sql))
}

fn names(catalog: &Catalog, sql: &str) -> Result<Vec<String>, DatabaseError> {
    catalog.db.query(sql, &[])?.texts("name")
}
