//! What a simulation has written, for those who read it without knowing the database.

mod error;
mod in_memory;
mod row;
mod value;

pub use error::DatabaseError;
pub use in_memory::InMemoryTables;
pub use row::{Row, Rows};
pub use value::Value;

/// Reads tables with SQL. Within a unit of work it sees what that has written.
pub trait Tables {
    /// All rows of a query. `$1` stands for the first parameter.
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError>;

    /// The first row of a query; `None` if it has none.
    fn query_row(&self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, parameters)?.rows.into_iter().next())
    }

    /// The only value of a query with one column; NULL if it has no row.
    fn query_value(&self, sql: &str, parameters: &[Value]) -> Result<Value, DatabaseError> {
        Ok(only_value(self.query_row(sql, parameters)?))
    }

    /// Hands on row after row of a query as whole numbers, for what looks at very many: no [`Row`] is built. A DATE is the number
    /// of days since 1970-01-01, a DECIMAL that of its smallest units, a BOOLEAN 0 or 1; UBIGINT keeps its bits. Columns of other
    /// types are refused. `each` must not read tables.
    fn for_each_row(&self, sql: &str, each: &mut dyn FnMut(&[Option<i64>])) -> Result<(), DatabaseError>;
}

/// The value of a row with one column; NULL if there is no row.
pub(super) fn only_value(row: Option<Row>) -> Value {
    row.and_then(|row| row.values().first().cloned()).unwrap_or(Value::Null)
}
