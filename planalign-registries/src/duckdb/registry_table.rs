//! Operations shared by registries: replacing, capturing, and removing rows of a table by year.

use std::cell::RefCell;

use planalign_config::{Database, DatabaseError};
use planalign_config::{Row, Value};

use super::catalog::Catalog;
use super::state;
use crate::registry::{Disagreement, RegistryCause, RegistryError, RegistrySnapshot};

/// How a registry and a model's table can differ.
pub(crate) struct Differences {
    /// The start of a query whose relation `people` has a row for everyone in either.
    pub(crate) compared: &'static str,
    /// Each difference and the column that shows it.
    pub(crate) kinds: &'static [(&'static str, &'static str)],
}

const COMPARE: &str = "compare its state";

/// The table of a registry.
#[derive(Clone, Debug)]
pub(crate) struct RegistryTable {
    /// Name of the registry.
    pub(crate) name: &'static str,
    /// Table in schema `planalign`.
    table: &'static str,
    catalog: Catalog,
    columns: RefCell<state::Columns>,
}

impl RegistryTable {
    pub(crate) fn new(db: Database, name: &'static str, table: &'static str) -> Result<Self, RegistryError> {
        let catalog = Catalog::new(db).map_err(|e| error(name, "open its table", "all years", e))?;
        Ok(Self { name, table, catalog, columns: RefCell::default() })
    }

    /// Replaces the rows of a year with the results of `select`, whose columns are in table order. `{planalign}`, `{main}`,
    /// `{year}`, and `{last_year}` are filled in.
    pub(crate) fn replace(&self, year: i32, select: &str) -> Result<u64, RegistryError> {
        let write = || -> Result<usize, DatabaseError> {
            let delete = format!("delete from {{planalign}}.{} where simulation_year = {{year}}", self.table);
            self.catalog.db.execute(&self.sql(&delete, year), &[])?;
            let insert = format!("insert into {{planalign}}.{} {select}", self.table);
            self.catalog.db.execute(&self.sql(&insert, year), &[])
        };
        let rows = write().map_err(|e| self.error("process the events", year, e))?;
        Ok(rows as u64)
    }

    /// Compares the registry with the models' tables. `sums` is a union with a row for the registry, whose `is_ours` is true, and
    /// one per table: the number of `people` and sums over all of them, null if a table has no such values. Comparing sums is much
    /// faster; the differences are queried only if the sums differ.
    pub(crate) fn disagreements(
        &self,
        year: i32,
        sums: &str,
        differences: &[Differences],
    ) -> Result<Vec<Disagreement>, RegistryError> {
        let compare = |sql: &str| {
            let table = self.catalog.db.query(&self.sql(sql, year), &[]);
            table.map_err(|e| self.error(COMPARE, year, e))
        };
        let no_answer = |cause| self.error(COMPARE, year, RegistryCause::Answer(cause));
        let sums = compare(sums)?.rows;
        let is_ours = |row: &Row| matches!(row.boolean("is_ours"), Ok(Some(true)));
        let (Some(ours), theirs) = (sums.iter().find(|row| is_ours(row)), sums.iter().filter(|row| !is_ours(row)))
        else {
            return Err(no_answer("its query returned no rows"));
        };
        if self.count(year, COMPARE, ours, "people")? == 0 {
            return Err(no_answer("it is empty"));
        }
        let agree = |(ours, theirs): (&Value, &Value)| *theirs == Value::Null || ours == theirs;
        let mut pairs = theirs.flat_map(|row| ours.values().iter().zip(row.values()).skip(1));
        if pairs.all(agree) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for Differences { compared, kinds } in differences {
            let counts = kinds.iter().map(|(_, is_so)| format!("count(*) filter ({is_so}) as {is_so}"));
            let counts = compare(&format!("{compared} select {} from people", counts.collect::<Vec<_>>().join(", ")))?;
            for (what, is_so) in *kinds {
                let count = counts.rows.first().map_or(Ok(0), |row| self.count(year, COMPARE, row, is_so))?;
                if count > 0 {
                    let rows = self.sql(&format!("{compared} select employee_id from people where {is_so}"), year);
                    found.push(Disagreement { what: (*what).to_owned(), count, rows: Some(rows) });
                }
            }
        }
        if found.is_empty() {
            return Err(no_answer("totals differ, but no individual does"));
        }
        Ok(found)
    }

    pub(crate) fn snapshot(&self, year: i32) -> Result<RegistrySnapshot, RegistryError> {
        const ACTION: &str = "capture its state";
        let relation = format!("planalign.{}", self.table);
        let engine = self.catalog.db.engine_version().map_err(|e| self.error(ACTION, year, e))?;
        let states = state::read(&self.catalog, &mut self.columns.borrow_mut(), &engine, &[relation], year);
        let cause = match states.map(|mut states| states.pop()) {
            Ok(Some(state)) => return Ok(RegistrySnapshot { registry: self.name.to_owned(), state }),
            Ok(None) => RegistryCause::Missing,
            Err(cause) => cause.into(),
        };
        Err(self.error(ACTION, year, cause))
    }

    /// Removes the rows of later years.
    pub(crate) fn restore(&self, year: Option<i32>) -> Result<(), RegistryError> {
        let filter = year.map(|y| format!(" where simulation_year > {y}")).unwrap_or_default();
        let sql = self.catalog.sql(&format!("delete from {{planalign}}.{}{filter}", self.table));
        let label = year.map_or_else(|| "all years".to_owned(), |y| y.to_string());
        self.catalog.db.execute(&sql, &[]).map_err(|e| error(self.name, "restore its state", &label, e))?;
        Ok(())
    }

    /// Returns one row about a person.
    pub(crate) fn one<T>(
        &self,
        year: i32,
        action: &'static str,
        sql: &str,
        values: &[Value],
        read: impl FnOnce(&Row) -> Result<T, DatabaseError>,
    ) -> Result<Option<T>, RegistryError> {
        let row = self.catalog.db.query_row(&self.sql(sql, year), values);
        row.and_then(|row| row.as_ref().map(read).transpose()).map_err(|e| self.error(action, year, e))
    }

    /// Returns a number of people.
    pub(crate) fn number(&self, year: i32, action: &'static str, sql: &str) -> Result<u64, RegistryError> {
        let number = self.catalog.db.query_value(&self.sql(sql, year), &[]);
        Ok(unsigned(&number.map_err(|e| self.error(action, year, e))?))
    }

    /// Returns a text column of a query.
    pub(crate) fn texts(
        &self,
        year: i32,
        action: &'static str,
        sql: &str,
        column: &str,
    ) -> Result<Vec<String>, RegistryError> {
        let texts = self.catalog.db.query(&self.sql(sql, year), &[]).and_then(|table| table.texts(column));
        texts.map_err(|e| self.error(action, year, e))
    }

    /// Reads a count from a row.
    fn count(&self, year: i32, action: &'static str, row: &Row, column: &str) -> Result<u64, RegistryError> {
        Ok(unsigned(row.value(column).map_err(|e| self.error(action, year, e))?))
    }

    fn sql(&self, template: &str, year: i32) -> String {
        let filled = template.replace("{year}", &year.to_string()).replace("{last_year}", &(year - 1).to_string());
        self.catalog.sql(&filled)
    }

    fn error(&self, action: &'static str, year: i32, cause: impl Into<RegistryCause>) -> RegistryError {
        error(self.name, action, &year.to_string(), cause)
    }
}

/// Converts a count.
pub(crate) fn unsigned(value: &Value) -> u64 {
    value.integer().and_then(|n| u64::try_from(n).ok()).unwrap_or_default()
}

fn error(registry: &'static str, action: &'static str, year: &str, cause: impl Into<RegistryCause>) -> RegistryError {
    RegistryError { registry, action, year: year.to_owned(), cause: Box::new(cause.into()) }
}
