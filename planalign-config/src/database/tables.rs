//! Read access to a simulation's tables without knowledge of the database.

mod error;
mod in_memory;
mod row;
mod value;

use std::time::Duration;

pub use error::DatabaseError;
pub use in_memory::InMemoryTables;
pub use row::{Row, Rows};
pub use value::Value;

/// Reads tables with SQL. Sees uncommitted writes of its unit of work.
pub trait Tables {
    /// Returns all rows of a query. `$1` stands for the first parameter.
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError>;

    /// Returns the first row of a query; `None` if there are no rows.
    fn query_row(&self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, parameters)?.rows.into_iter().next())
    }

    /// Returns the first value of a query with one column; NULL if there are no rows.
    fn query_value(&self, sql: &str, parameters: &[Value]) -> Result<Value, DatabaseError> {
        Ok(only_value(self.query_row(sql, parameters)?))
    }

    /// Returns all rows of a query. One that takes longer is interrupted, and fails as [`DatabaseError::TimedOut`].
    fn query_within(&self, limit: Duration, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let _ = limit;
        self.query(sql, parameters)
    }

    /// Passes each row of a query to `each` as integers, without building a [`Row`]; for very many rows. A DATE is the number of
    /// days since 1970-01-01, a DECIMAL the number of its smallest units, a BOOLEAN 0 or 1; a UBIGINT keeps its bits. Columns of
    /// other types are errors. `each` must not read tables.
    fn for_each_row(&self, sql: &str, each: &mut dyn FnMut(&[Option<i64>])) -> Result<(), DatabaseError>;
}

/// The value of a row with one column; NULL without a row.
pub(super) fn only_value(row: Option<Row>) -> Value {
    row.and_then(|row| row.values().first().cloned()).unwrap_or(Value::Null)
}
