//! Helpers shared by all statements: table names, errors, and list parameters.

use std::sync::Arc;

use planalign_config::Value;
use planalign_config::sql::identifier;
use planalign_config::{Database, DatabaseError, UnitOfWork};

use crate::run_store::{RecordDamage, StoreError};

/// A database with the name that qualifies its tables.
///
/// Names have three parts because `planalign.runs` would be ambiguous in a file named `planalign.duckdb`.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    pub(crate) db: Database,
    name: String,
}

impl Catalog {
    pub(crate) fn new(db: Database) -> Result<Self, DatabaseError> {
        let name = db.query_value("select current_database()", &[])?.text().unwrap_or_default();
        Ok(Self { db, name })
    }

    /// The name of the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The fully qualified name of a relation.
    pub(crate) fn relation(&self, schema: &str, table: &str) -> String {
        format!("{}.{}.{}", identifier(&self.name), identifier(schema), identifier(table))
    }

    /// Appends rows to a table in schema `planalign`; values are in column order.
    pub(crate) fn append<const N: usize>(&self, table: &str, rows: &[[Value; N]]) -> Result<(), DatabaseError> {
        self.db.append([&self.name, "planalign", table], rows)
    }

    /// Fills in `{planalign}` and `{main}`, which stand for the schemas.
    pub(crate) fn sql(&self, template: &str) -> String {
        let schema = |name: &str| format!("{}.{name}", identifier(&self.name));
        template.replace("{planalign}", &schema("planalign")).replace("{main}", &schema("main"))
    }

    /// Runs statements atomically.
    pub(crate) fn atomically<T>(
        &mut self,
        write: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let unit = || failed("write to the run record");
        self.db.begin().map_err(unit())?;
        let result = write(self);
        match &result {
            Ok(_) => self.db.commit().map_err(unit())?,
            Err(_) => self.db.rollback().map_err(unit())?,
        }
        result
    }
}

/// Passes a list as one parameter; `unnest(from_json(?, '["VARCHAR"]'))` turns it into rows. That is far cheaper than one
/// parameter per value.
pub(crate) fn list<T: serde::Serialize>(items: &[T]) -> Result<Value, StoreError> {
    let unwritable = |e| StoreError::damaged("a list", RecordDamage::Unwritable(Arc::new(e)));
    Ok(serde_json::to_string(items).map_err(unwritable)?.into())
}

/// Converts a statement's error into a store error.
pub(crate) fn failed(action: &str) -> impl FnOnce(DatabaseError) -> StoreError {
    move |cause| StoreError::Database { action: action.to_owned(), cause }
}
