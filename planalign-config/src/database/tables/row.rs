//! Rows from the database, with values by column name.

use std::sync::Arc;

use super::{DatabaseError, Value};

/// The rows of a query with their column names.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Column names in the order of the query.
    pub columns: Arc<[String]>,
    /// Rows in the order of the query.
    pub rows: Vec<Row>,
}

/// One row. Reading a column that the query doesn't have is an error; of duplicate names, the first wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Rows {
    /// Returns a column as texts, see [`Value::text`], without NULLs.
    pub fn texts(&self, column: &str) -> Result<Vec<String>, DatabaseError> {
        let texts = self.rows.iter().map(|row| row.text(column));
        texts.filter_map(Result::transpose).collect()
    }
}

impl Row {
    /// Creates a row with one value per column. All rows of a query share their columns.
    #[must_use]
    pub fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Returns all values, in column order.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns the value of a column.
    pub fn value(&self, column: &str) -> Result<&Value, DatabaseError> {
        let place = self.columns.iter().position(|name| name == column);
        let value = place.and_then(|place| self.values.get(place));
        value.ok_or_else(|| DatabaseError::NoColumn { column: column.to_owned() })
    }

    /// Returns a column as [`Value::text`].
    pub fn text(&self, column: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.value(column)?.text())
    }

    /// Returns a column as [`Value::integer`].
    pub fn integer(&self, column: &str) -> Result<Option<i64>, DatabaseError> {
        Ok(self.value(column)?.integer())
    }

    /// Returns a column as [`Value::float`].
    pub fn float(&self, column: &str) -> Result<Option<f64>, DatabaseError> {
        Ok(self.value(column)?.float())
    }

    /// Returns a column as [`Value::boolean`].
    pub fn boolean(&self, column: &str) -> Result<Option<bool>, DatabaseError> {
        Ok(self.value(column)?.boolean())
    }

    /// Returns a column as [`Value::blob`].
    pub fn blob(&self, column: &str) -> Result<Option<&[u8]>, DatabaseError> {
        Ok(self.value(column)?.blob())
    }
}

impl<C: Into<String>> FromIterator<(C, Value)> for Row {
    fn from_iter<T: IntoIterator<Item = (C, Value)>>(values: T) -> Self {
        let (columns, values): (Vec<String>, _) =
            values.into_iter().map(|(column, value)| (column.into(), value)).unzip();
        Self::new(columns.into(), values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_column_and_missing_columns_are_named() {
        let values = [Value::Integer(3), Value::Null, Value::Boolean(true), Value::Float(0.5), Value::Blob(vec![7])];
        let row: Row = ["people", "name", "is_active", "share", "bytes"].into_iter().zip(values).collect();
        let integers = ["people", "name"].map(|column| row.integer(column).expect("column"));
        assert_eq!(integers, [Some(3), None]);
        let texts = ["people", "name"].map(|column| row.text(column).expect("column"));
        assert_eq!(texts, [Some("3".to_owned()), None]);
        assert_eq!(row.boolean("is_active").expect("column"), Some(true));
        assert_eq!(row.float("share").expect("column"), Some(0.5));
        assert_eq!(row.blob("bytes").expect("column"), Some([7].as_slice()));
        assert_eq!(row.values().len(), 5);
        let error = row.integer("headcount").expect_err("no such column");
        assert_eq!(error.to_string(), "the query has no column `headcount`");
        let short = Row::new(vec!["people".to_owned()].into(), Vec::new());
        assert!(short.value("people").is_err());
    }
}
