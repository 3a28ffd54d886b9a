//! The common shape of rules: a query that returns one row with a count per possible problem.

use planalign_config::fixed::grouped;
use planalign_config::{Row, Rows, Tables, Value};

use crate::rule::{CheckError, Finding, Severity};

/// Queries a year's tables for a rule. `$1` in a query is the year.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    rule: &'a str,
    year: i32,
    tables: &'a dyn Tables,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(rule: &'a str, year: i32, tables: &'a dyn Tables) -> Self {
        Self { rule, year, tables }
    }

    /// Returns the rows of a query.
    pub(crate) fn rows(&self, sql: &str) -> Result<Rows, CheckError> {
        Ok(self.tables.query(&self.of_year(sql), &[])?)
    }

    /// Calls `each` with every row of a query, like [`Tables::for_each_row`].
    pub(crate) fn for_each_row<const N: usize>(
        &self,
        sql: &str,
        mut each: impl FnMut([Option<i64>; N]),
    ) -> Result<(), CheckError> {
        let mut is_as_wide = true;
        self.tables.for_each_row(&self.of_year(sql), &mut |row| match row.try_into() {
            Ok(row) => each(row),
            Err(_) => is_as_wide = false,
        })?;
        if is_as_wide { Ok(()) } else { Err(cannot_run("its query returned unexpected columns")) }
    }

    /// Returns the only row of a query.
    pub(crate) fn row(&self, sql: &str) -> Result<Row, CheckError> {
        self.rows(sql)?.rows.into_iter().next().ok_or_else(|| cannot_run("its query returned no rows"))
    }

    /// Sums each column of a union into one row; a branch has null in the columns it doesn't fill. Adding here is faster than
    /// having the engine plan the additions.
    pub(crate) fn added_up(&self, sql: &str) -> Result<Row, CheckError> {
        let table = self.rows(sql)?;
        let mut sums = vec![Value::Null; table.columns.len()];
        for row in &table.rows {
            for (sum, value) in sums.iter_mut().zip(row.values()) {
                *sum = plus(sum, value);
            }
        }
        Ok(Row::new(table.columns, sums))
    }

    pub(crate) fn finding(&self, severity: Severity, count: u64, message: String, advice: &str) -> Finding {
        Finding::new(self.rule, self.year, severity, message).count(count).advice(advice)
    }

    /// Inserts the year into a query. A literal saves the engine a tenth of a millisecond over a parameter.
    fn of_year(&self, sql: &str) -> String {
        sql.replace("$1", &self.year.to_string())
    }
}

/// Returns the count in a column, or an error if there is none.
pub(crate) fn count(row: &Row, column: &str) -> Result<u64, CheckError> {
    let count = row.integer(column)?.and_then(|i| u64::try_from(i).ok());
    count.ok_or_else(|| cannot_run(format!("column `{column}` of its query is not a count")))
}

/// Returns the counts in these columns, in order.
pub(crate) fn counts<const N: usize>(row: &Row, columns: [&str; N]) -> Result<[u64; N], CheckError> {
    let mut counts = [0; N];
    for (found, column) in counts.iter_mut().zip(columns) {
        *found = count(row, column)?;
    }
    Ok(counts)
}

/// An error for a rule whose tables can be read but are unusable.
pub(crate) fn cannot_run(cause: impl Into<String>) -> CheckError {
    CheckError::Unusable(cause.into())
}

/// Adds two values of the same scale; null counts as nothing.
fn plus(sum: &Value, value: &Value) -> Value {
    match (sum, value) {
        (Value::Integer(sum), Value::Integer(more)) => Value::Integer(sum + more),
        (Value::Decimal { units, .. }, Value::Decimal { units: more, scale }) => {
            Value::Decimal { units: units + more, scale: *scale }
        }
        (Value::Null, value) => value.clone(),
        _ => sum.clone(),
    }
}

/// A problem counted by one column of a rule's query; 0 means none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// The column with the count.
    pub(crate) column: &'static str,
    pub(crate) unit: Unit,
    /// What is wrong and where; the count is appended.
    pub(crate) message: &'static str,
    pub(crate) advice: &'static str,
    /// Selects the rows affected: a condition, or a query in which `$1` is the year, depending on the rule; empty for none.
    pub(crate) rows: &'static str,
}

/// The unit of a count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    People,
    Events,
    Rows,
}

impl Unit {
    pub(crate) fn of(self, count: u64) -> String {
        let name = match (self, count) {
            (Self::People, 1) => "person",
            (Self::People, _) => "people",
            (Self::Events, 1) => "event",
            (Self::Events, _) => "events",
            (Self::Rows, 1) => "row",
            (Self::Rows, _) => "rows",
        };
        format!("{} {name}", grouped(count.into()))
    }
}

/// Builds the select list that counts each check's rows; their `rows` must be conditions.
pub(crate) fn filtered(checks: &[Check]) -> String {
    let counts = checks.iter().map(|check| format!("count(*) filter ({}) as {}", check.rows, check.column));
    counts.collect::<Vec<_>>().join(", ")
}

/// Turns a row of counts into findings. `query` builds the query for a check's rows.
pub(crate) fn found(
    probe: &Probe<'_>,
    row: &Row,
    checks: &[Check],
    query: &dyn Fn(&str) -> String,
) -> Result<Vec<Finding>, CheckError> {
    let mut findings = Vec::new();
    for check in checks {
        let count = count(row, check.column)?;
        if count > 0 {
            let message = format!("{}: {}", check.message, check.unit.of(count));
            let finding = probe.finding(Severity::Error, count, message, check.advice);
            findings.push(if check.rows.is_empty() { finding } else { finding.rows(&query(check.rows)) });
        }
    }
    Ok(findings)
}
