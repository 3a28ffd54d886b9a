//! Creates views and tables, and adds rows to tables.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use planalign_config::Database;
use planalign_config::sql;
use planalign_config::{DatabaseError, UnitOfWork, Value};
use serde_json::Value as Json;

use super::catalog::Catalog;
use super::config::{NodeConfig, plain_text};
use super::failures::Place;
use super::jinja::context::lock;
use super::jinja::relation::{Relation, RelationKind};
use crate::runner::{Materialization, RunnerError};

/// A relation to build from a query.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) database: &'a Database,
    pub(crate) catalog: &'a Mutex<Catalog>,
    pub(crate) relation: &'a Relation,
    pub(crate) place: Place<'a>,
    pub(crate) time: &'a Mutex<Duration>,
}

impl Work<'_> {
    /// Builds the relation and returns the number of rows written.
    pub(crate) fn build(
        &self,
        materialization: Materialization,
        sql: &str,
        config: &NodeConfig,
        full_refresh: bool,
    ) -> Result<Option<u64>, RunnerError> {
        self.create_schema()?;
        match materialization {
            Materialization::View => self.view(sql).map(|()| None),
            Materialization::Table => self.table(sql).map(Some),
            Materialization::Incremental if full_refresh || self.kind()? != Some(RelationKind::Table) => {
                self.table(sql).map(Some)
            }
            Materialization::Incremental => self.add_rows(sql, config).map(Some),
            Materialization::Ephemeral | Materialization::Seed => Ok(None),
        }
    }

    /// Runs the steps of a node in the caller's transaction, or else in one of their own.
    pub(crate) fn atomically<T>(&self, steps: impl FnOnce() -> Result<T, RunnerError>) -> Result<T, RunnerError> {
        if self.database.in_transaction() {
            return steps();
        }
        let mut unit = self.database.clone();
        let failed = |e: DatabaseError| self.place.statement(&e, "", 0);
        unit.begin().map_err(failed)?;
        let result = steps().and_then(|done| unit.commit().map(|()| done).map_err(failed));
        if result.is_err()
            && let Err(error) = unit.rollback()
        {
            log::warn!("{}: cannot roll back: {error}", self.place.node);
        }
        result
    }

    /// Runs a statement that contains `sql` after `before` lines.
    fn execute_around(&self, statement: &str, sql: &str, before: usize) -> Result<usize, RunnerError> {
        self.timed(|database| database.execute(statement, &[])).map_err(|e| self.place.statement(&e, sql, before))
    }

    pub(crate) fn execute(&self, statement: &str) -> Result<usize, RunnerError> {
        self.execute_around(statement, statement, 0)
    }

    fn timed<T, E>(&self, run: impl FnOnce(&Database) -> Result<T, E>) -> Result<T, E> {
        let start = Instant::now();
        let result = run(self.database);
        *lock(self.time) += start.elapsed();
        result
    }

    fn kind(&self) -> Result<Option<RelationKind>, RunnerError> {
        let found = self.timed(|database| lock(self.catalog).kind(database, self.relation));
        found.map_err(|error| error.of(self.place))
    }

    pub(crate) fn create_schema(&self) -> Result<(), RunnerError> {
        let schema = self.relation.schema();
        let lacks = self.timed(|database| lock(self.catalog).lacks_schema(database, schema));
        if lacks.map_err(|e| self.place.statement(&e, "", 0))? {
            let schema = Relation { identifier: None, ..self.relation.clone() };
            self.execute(&format!("create schema if not exists {schema}"))?;
            lock(self.catalog).set_schema(self.database, self.relation.schema());
        }
        Ok(())
    }

    /// Drops a relation with the same name and another kind, which `create or replace` wouldn't replace.
    pub(crate) fn make_room(&self, wanted: RelationKind) -> Result<(), RunnerError> {
        match self.kind()? {
            Some(RelationKind::Table) if wanted != RelationKind::Table => {
                self.execute(&format!("drop table {}", self.relation))?
            }
            Some(RelationKind::View) if wanted != RelationKind::View => {
                self.execute(&format!("drop view {}", self.relation))?
            }
            _ => return Ok(()),
        };
        lock(self.catalog).set(self.database, self.relation, None);
        Ok(())
    }

    fn view(&self, sql: &str) -> Result<(), RunnerError> {
        let unchanged = self.timed(|database| lock(self.catalog).has_view(database, self.relation, sql));
        if unchanged.map_err(|e| self.place.statement(&e, "", 0))? {
            return Ok(());
        }
        self.make_room(RelationKind::View)?;
        self.execute_around(&format!("create or replace view {} as (\n{sql}\n)", self.relation), sql, 1)?;
        lock(self.catalog).set_view(self.database, self.relation, sql);
        Ok(())
    }

    fn table(&self, sql: &str) -> Result<u64, RunnerError> {
        self.make_room(RelationKind::Table)?;
        let row = self.row(&format!("create or replace table {} as (\n{sql}\n)", self.relation), sql, 1)?;
        lock(self.catalog).set(self.database, self.relation, Some(RelationKind::Table));
        // The engine returns the number of rows.
        Ok(match row.first() {
            Some(Value::Integer(count)) => u64::try_from(*count).unwrap_or(0),
            _ => 0,
        })
    }

    /// `delete+insert`, the default, and `append`; columns are matched by name to the table's, as in dbt.
    fn add_rows(&self, sql: &str, config: &NodeConfig) -> Result<u64, RunnerError> {
        let columns = self
            .timed(|database| lock(self.catalog).columns(database, self.relation))
            .map_err(|e| self.place.statement(&e, "", 0))?;
        let columns = columns.iter().map(|c| sql::identifier(&c.name)).collect::<Vec<_>>().join(", ");
        let new_rows = sql::identifier(&format!("{}__dbt_tmp", self.relation.identifier()));
        let appends = config.text("incremental_strategy") == Some("append");
        let matches = if appends { None } else { config.get("unique_key").and_then(|key| key_match(key, &new_rows)) };
        let Some(matches) = matches else {
            let statement =
                format!("insert into {} ({columns}) select {columns} from (\n{sql}\n) as new_rows", self.relation);
            return self.execute_around(&statement, sql, 1).map(|rows| rows as u64);
        };
        self.execute_around(&format!("create or replace temporary table {new_rows} as (\n{sql}\n)"), sql, 1)?;
        lock(self.catalog).set_unchanged(self.database);
        self.execute(&format!("delete from {} as {REPLACED} {matches}", self.relation))?;
        let rows =
            self.execute(&format!("insert into {} ({columns}) select {columns} from {new_rows}", self.relation))?;
        self.execute(&format!("drop table {new_rows}"))?;
        lock(self.catalog).set_unchanged(self.database);
        Ok(rows as u64)
    }

    /// Loads a seed file into a table with these columns.
    pub(crate) fn seed(&self, columns: &[(String, String)], copy: &str) -> Result<u64, RunnerError> {
        self.create_schema()?;
        if self.kind()? == Some(RelationKind::View) {
            return Err(self
                .place
                .compilation(format!("{} is a view, which a seed doesn't replace; drop it", self.relation)));
        }
        let columns: Vec<_> =
            columns.iter().map(|(name, data_type)| format!("{} {data_type}", sql::identifier(name))).collect();
        self.execute(&format!("create or replace table {} ({})", self.relation, columns.join(", ")))?;
        lock(self.catalog).set(self.database, self.relation, Some(RelationKind::Table));
        let rows = self.timed(|database| database.execute_without_personal_data(copy));
        lock(self.catalog).set_unchanged(self.database);
        rows.map(|rows| rows as u64).map_err(|e| self.place.statement(&e, copy, 0))
    }

    /// Runs the statements of a hook.
    pub(crate) fn hook(&self, sql: &str) -> Result<(), RunnerError> {
        let sql = sql.trim();
        let is_comment = sql.starts_with("--") && !sql.contains('\n');
        if is_comment || sql.trim_matches(';').trim().is_empty() {
            return Ok(());
        }
        self.timed(|database| database.execute_batch(sql)).map_err(|e| self.place.statement(&e, sql, 0))
    }

    /// One row of a query.
    pub(crate) fn row(&self, sql: &str, shown: &str, before: usize) -> Result<Vec<Value>, RunnerError> {
        let row =
            self.timed(|database| database.query_row(sql, &[])).map_err(|e| self.place.statement(&e, shown, before))?;
        Ok(row.map(|row| row.values().to_vec()).unwrap_or_default())
    }
}

/// The name of the table from which `delete+insert` deletes.
const REPLACED: &str = "DBT_INCREMENTAL_TARGET";

/// The condition under which a row is replaced by a new one; `None` without a key. As in dbt-duckdb, rows with a NULL in a list
/// of columns are never replaced, but those in a text with several columns are, because they make a struct.
fn key_match(key: &Json, new_rows: &str) -> Option<String> {
    match key {
        Json::Array(columns) if columns.is_empty() => None,
        Json::Array(columns) => {
            let same = |column: &Json| {
                let column = plain_text(column);
                format!("{new_rows}.{column} = {REPLACED}.{column}")
            };
            let same: Vec<_> = columns.iter().map(same).collect();
            Some(format!("using {new_rows} where ({})", same.join(" and ")))
        }
        other => {
            let key = plain_text(other);
            (!key.is_empty()).then(|| format!("where ({key}) in (select ({key}) from {new_rows})"))
        }
    }
}
