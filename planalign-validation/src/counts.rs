//! The common shape of rules: a query whose one row holds a count for each thing that can be wrong.

use planalign_config::{Row, Rows, Tables, Value};

use crate::rule::{CheckError, Finding, Severity};

/// Asks the tables about a year on behalf of a rule. In its queries `$1` is the year.
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

    /// The rows of a query.
    pub(crate) fn rows(&self, sql: &str) -> Result<Rows, CheckError> {
        Ok(self.tables.query(&self.of_year(sql), &[])?)
    }

    /// Hands on the rows of a query, as [`Tables::for_each_row`] does.
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
        if is_as_wide { Ok(()) } else { Err(cannot_run("its query has other columns")) }
    }

    /// The only row of a query.
    pub(crate) fn row(&self, sql: &str) -> Result<Row, CheckError> {
        self.rows(sql)?.rows.into_iter().next().ok_or_else(|| cannot_run("its query has no answer"))
    }

    /// One row with the sum of each column of a union, whose branches hold null where they have nothing to say. The engine would
    /// take longer to plan these few additions than Rust takes to make them.
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

    /// The text of a query, with the year in it. A number in the text takes the engine a tenth of a millisecond less than a
    /// parameter.
    fn of_year(&self, sql: &str) -> String {
        sql.replace("$1", &self.year.to_string())
    }
}

/// A count, which a rule cannot do without.
pub(crate) fn count(row: &Row, column: &str) -> Result<u64, CheckError> {
    let count = row.integer(column)?.and_then(|i| u64::try_from(i).ok());
    count.ok_or_else(|| cannot_run(format!("column {column} of its query is no count")))
}

/// Counts in a row, in the order of these columns.
pub(crate) fn counts<const N: usize>(row: &Row, columns: [&str; N]) -> Result<[u64; N], CheckError> {
    let mut counts = [0; N];
    for (found, column) in counts.iter_mut().zip(columns) {
        *found = count(row, column)?;
    }
    Ok(counts)
}

/// Why a rule cannot run although the tables answer.
pub(crate) fn cannot_run(cause: impl Into<String>) -> CheckError {
    CheckError::Answer(cause.into())
}

/// A sum of numbers of one column, which have as many digits after the point; null changes nothing.
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

/// What one column of a rule's query counts, if it is not 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// The column that holds the count.
    pub(crate) column: &'static str,
    pub(crate) unit: Unit,
    /// What is wrong and where; the count follows it.
    pub(crate) message: &'static str,
    pub(crate) advice: &'static str,
    /// The rows concerned: a condition, or a query in which `$1` is the year, as the rule wants it; empty if there are none.
    pub(crate) rows: &'static str,
}

/// What is counted.
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
        format!("{count} {name}")
    }
}

/// The columns of a query that counts the rows of checks, whose `rows` are conditions.
pub(crate) fn filtered(checks: &[Check]) -> String {
    let counts = checks.iter().map(|check| format!("count(*) filter ({}) as {}", check.rows, check.column));
    counts.collect::<Vec<_>>().join(", ")
}

/// The findings of a row with a count for each check. `query` makes a query of a check's rows.
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
            findings.push(if check.rows.is_empty() { finding } else { finding.about(&query(check.rows)) });
        }
    }
    Ok(findings)
}
