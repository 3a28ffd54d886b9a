//! The common shape of rules: a query whose one row holds a count for each thing that can be wrong.

use std::sync::Arc;

use planalign_config::database::{Database, Row, Table, Value};
use planalign_config::{DatabaseError, Fault};

use crate::rule::{Finding, RuleError, Severity};
use crate::settings::RuleSettings;

/// Asks the tables on behalf of a rule. In its queries `$1` is the year.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) rule: String,
    pub(crate) settings: Arc<RuleSettings>,
    pub(crate) db: Database,
}

impl Probe {
    pub(crate) fn new(rule: &str, db: &Database, settings: &Arc<RuleSettings>) -> Self {
        Self { rule: rule.to_owned(), settings: Arc::clone(settings), db: db.clone() }
    }

    /// The rows of a query that holds for a year.
    pub(crate) fn rows(&self, sql: &str, year: i32) -> Result<Table, RuleError> {
        self.rows_of_all(&of_year(sql, year), year)
    }

    /// Hands on the rows of a query that holds for a year, as [`Database::for_each_row`] does.
    pub(crate) fn for_each_row<const N: usize>(
        &self,
        sql: &str,
        year: i32,
        each: impl FnMut([Option<i64>; N]),
    ) -> Result<(), RuleError> {
        self.db.for_each_row(&of_year(sql, year), each).map_err(|e| self.failed(year, &e))
    }

    /// The rows of a query without parameters, about tables that have no year.
    pub(crate) fn rows_of_all(&self, sql: &str, year: i32) -> Result<Table, RuleError> {
        self.db.query(sql, &[]).map_err(|e| self.failed(year, &e))
    }

    /// The only row of a query that holds for a year.
    pub(crate) fn row(&self, sql: &str, year: i32) -> Result<Row, RuleError> {
        self.only_row(self.rows(sql, year)?, year)
    }

    /// One row with the sum of each column of a union, whose branches hold null where they have nothing to say. The engine would
    /// take longer to plan these few additions than Rust takes to make them.
    pub(crate) fn added_up(&self, sql: &str, year: i32) -> Result<Row, RuleError> {
        let table = self.rows(sql, year)?;
        let sum_of = |column| table.rows.iter().fold(Value::Null, |sum, row| plus(&sum, row.value(column)));
        Ok(Row((0..table.columns.len()).map(sum_of).collect()))
    }

    /// The only row of a table.
    pub(crate) fn only_row(&self, table: Table, year: i32) -> Result<Row, RuleError> {
        table.rows.into_iter().next().ok_or_else(|| self.cannot_run(year, "its query has no answer"))
    }

    /// A count, which a rule cannot do without.
    pub(crate) fn count(&self, row: &Row, column: usize, year: i32) -> Result<u64, RuleError> {
        let count = row.integer(column).and_then(|i| u64::try_from(i).ok());
        count.ok_or_else(|| self.cannot_run(year, &format!("column {} of its query is no count", column + 1)))
    }

    /// Every column of a row, as counts.
    pub(crate) fn counts(&self, row: &Row, year: i32) -> Result<Vec<u64>, RuleError> {
        (0..row.0.len()).map(|column| self.count(row, column, year)).collect()
    }

    pub(crate) fn cannot_run(&self, year: i32, cause: &str) -> RuleError {
        RuleError { rule: self.rule.clone(), year, fault: Fault::Deterministic, cause: cause.to_owned() }
    }

    pub(crate) fn finding(&self, year: i32, severity: Severity, count: u64, message: String, advice: &str) -> Finding {
        Finding { rule: self.rule.clone(), year, severity, message, count, advice: advice.to_owned(), rows: None }
    }

    pub(crate) fn failed(&self, year: i32, error: &DatabaseError) -> RuleError {
        RuleError { rule: self.rule.clone(), year, fault: error.fault(), cause: error.to_string() }
    }
}

/// The text of a query for a year, which stands for `$1`. A number in the text takes the engine a tenth of a millisecond less than a
/// parameter.
fn of_year(sql: &str, year: i32) -> String {
    sql.replace("$1", &year.to_string())
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

/// The findings of a row whose columns after the first are counts, one per check. `query` makes a query of a check's rows.
pub(crate) fn found(
    probe: &Probe,
    year: i32,
    row: &Row,
    checks: &[Check],
    query: &dyn Fn(&str) -> String,
) -> Result<Vec<Finding>, RuleError> {
    let mut findings = Vec::new();
    for (check, column) in checks.iter().zip(1..) {
        let count = probe.count(row, column, year)?;
        if count > 0 {
            let message = format!("{}: {}", check.message, check.unit.of(count));
            let finding = probe.finding(year, Severity::Error, count, message, check.advice);
            findings.push(if check.rows.is_empty() { finding } else { finding.about(&query(check.rows)) });
        }
    }
    Ok(findings)
}
