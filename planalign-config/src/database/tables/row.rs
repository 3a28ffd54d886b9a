//! Rows that come out of the database; their values are addressed by column.

use std::sync::Arc;

use super::{DatabaseError, Value};

/// The rows of a query with the names of their columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Column names in the order of the query.
    pub columns: Arc<[String]>,
    /// Rows in the order of the query.
    pub rows: Vec<Row>,
}

/// One row. A column that the query does not have is an error; that of a duplicate name is the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Rows {
    /// The texts of a column, as [`Value::text`], without NULLs.
    pub fn texts(&self, column: &str) -> Result<Vec<String>, DatabaseError> {
        let texts = self.rows.iter().map(|row| row.text(column));
        texts.filter_map(Result::transpose).collect()
    }
}

impl Row {
    /// A row of these columns, which all rows of a query share; it has as many values.
    #[must_use]
    pub fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// All values, in the order of the columns.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value as it is.
    pub fn value(&self, column: &str) -> Result<&Value, DatabaseError> {
        let place = self.columns.iter().position(|name| name == column);
        let value = place.and_then(|place| self.values.get(place));
        value.ok_or_else(|| DatabaseError::NoColumn { column: column.to_owned() })
    }

    /// As [`Value::text`].
    pub fn text(&self, column: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.value(column)?.text())
    }

    /// As [`Value::integer`].
    pub fn integer(&self, column: &str) -> Result<Option<i64>, DatabaseError> {
        Ok(self.value(column)?.integer())
    }

    /// As [`Value::float`].
    pub fn float(&self, column: &str) -> Result<Option<f64>, DatabaseError> {
        Ok(self.value(column)?.float())
    }

    /// As [`Value::boolean`].
    pub fn boolean(&self, column: &str) -> Result<Option<bool>, DatabaseError> {
        Ok(self.value(column)?.boolean())
    }

    /// As [`Value::blob`].
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
    fn a_value_is_found_by_its_column_and_one_that_is_not_there_is_named() {
        let values = [Value::Integer(3), Value::Null, Value::Boolean(true), Value::Float(0.5), Value::Blob(vec![7])];
        let row: Row = ["people", "name", "is_active", "share", "bytes"].into_iter().zip(values).collect();
        let integers = ["people", "name"].map(|column| row.integer(column).expect("a column"));
        assert_eq!(integers, [Some(3), None]);
        let texts = ["people", "name"].map(|column| row.text(column).expect("a column"));
        assert_eq!(texts, [Some("3".to_owned()), None]);
        assert_eq!(row.boolean("is_active").expect("a column"), Some(true));
        assert_eq!(row.float("share").expect("a column"), Some(0.5));
        assert_eq!(row.blob("bytes").expect("a column"), Some([7].as_slice()));
        assert_eq!(row.values().len(), 5);
        let error = row.integer("headcount").expect_err("no such column");
        assert_eq!(error.to_string(), "the query has no column `headcount`");
        let short = Row::new(vec!["people".to_owned()].into(), Vec::new());
        assert!(short.value("people").is_err());
    }
}
