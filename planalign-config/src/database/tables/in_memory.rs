//! Scripted query results for tests.

use std::sync::Arc;

use super::{DatabaseError, Row, Rows, Tables, Value};
use crate::runtime::fault::Fault;

/// Returns scripted results, and fails for every other query.
#[derive(Clone, Debug, Default)]
pub struct InMemoryTables {
    answers: Vec<(String, Rows)>,
}

impl InMemoryTables {
    /// Adds the result of a query, regardless of parameters. Whitespace in the query doesn't matter.
    #[must_use]
    pub fn answer(mut self, sql: &str, columns: &[&str], rows: &[&[Value]]) -> Self {
        let columns: Arc<[String]> = columns.iter().map(|name| (*name).to_owned()).collect();
        let rows = rows.iter().map(|values| Row::new(columns.clone(), values.to_vec())).collect();
        self.answers.push((normalized(sql), Rows { columns, rows }));
        self
    }
}

impl Tables for InMemoryTables {
    fn query(&self, sql: &str, _parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let wanted = normalized(sql);
        let answer = self.answers.iter().find(|(known, _)| *known == wanted);
        answer
            .map(|(_, rows)| rows.clone())
            .ok_or_else(|| DatabaseError::new(Fault::Deterministic, format!("there is no answer to `{wanted}`")))
    }

    fn for_each_row(&self, sql: &str, each: &mut dyn FnMut(&[Option<i64>])) -> Result<(), DatabaseError> {
        for row in self.query(sql, &[])?.rows {
            let numbers: Vec<Option<i64>> = row.values().iter().map(number).collect();
            each(&numbers);
        }
        Ok(())
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Boolean(boolean) => Some(i64::from(*boolean)),
        Value::Integer(integer) | Value::Decimal { units: integer, .. } => i64::try_from(*integer).ok(),
        Value::Date(days) => Some(i64::from(*days)),
        _ => None,
    }
}

fn normalized(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripted_queries_have_results() {
        let tables = InMemoryTables::default().answer(
            "select day,\n  pay from t",
            &["day", "pay"],
            &[&[Value::Date(3), Value::Decimal { units: 250, scale: 2 }], &[Value::Null, Value::Text("x".to_owned())]],
        );
        let rows = tables.query("select day, pay from t", &[]).expect("answer");
        assert_eq!((rows.columns.len(), rows.rows.len()), (2, 2));
        assert_eq!(tables.query_row("select day, pay  from t", &[]).expect("answer"), rows.rows.first().cloned());
        assert_eq!(rows.rows[1].text("pay").expect("column").as_deref(), Some("x"));
        assert_eq!(tables.query_value("select day, pay from t", &[]).expect("answer"), Value::Date(3));
        let mut numbers = Vec::new();
        tables.for_each_row("select day, pay from t", &mut |row| numbers.push(row.to_vec())).expect("answer");
        assert_eq!(numbers, [[Some(3), Some(250)], [None, None]]);
        let error = tables.query("select 1", &[]).expect_err("no answer");
        assert_eq!(error.to_string(), "there is no answer to `select 1`");
        assert_eq!(error.fault(), Fault::Deterministic);
    }

    #[test]
    fn values_become_integers_if_they_can() {
        for (value, expected) in [
            (Value::Boolean(true), Some(1)),
            (Value::from(7), Some(7)),
            (Value::Integer(i128::MAX), None),
            (Value::Float(1.5), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }
}
