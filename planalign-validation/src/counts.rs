//! The common shape of a rule: one query whose one row holds a count for each thing that can be wrong.

use std::sync::Arc;

use planalign_config::database::{Database, Row, Table, Value};
use planalign_config::{DatabaseError, Fault};

use crate::rule::{Finding, Rule, RuleError, Severity};
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
        self.query(sql, &[year.into()], year)
    }

    /// The rows of a query without parameters, about tables that have no year.
    pub(crate) fn rows_of_all(&self, sql: &str, year: i32) -> Result<Table, RuleError> {
        self.query(sql, &[], year)
    }

    /// The only row of a query that holds for a year.
    pub(crate) fn row(&self, sql: &str, year: i32) -> Result<Row, RuleError> {
        self.only_row(self.rows(sql, year)?, year)
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

    pub(crate) fn query(&self, sql: &str, parameters: &[Value], year: i32) -> Result<Table, RuleError> {
        self.db.query(sql, parameters).map_err(|e| self.failed(year, &e))
    }

    pub(crate) fn failed(&self, year: i32, error: &DatabaseError) -> RuleError {
        RuleError { rule: self.rule.clone(), year, fault: error.fault(), cause: error.to_string() }
    }
}

/// What one column of a [`CountRule`]'s query counts, if it is not 0.
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

/// A rule that is one query and a list of checks. All its findings are errors.
///
/// The query answers with one row. Its first column says how many rows were looked at: a rule that saw none cannot pass.
/// The others are counts, one per check.
#[derive(Debug)]
pub(crate) struct CountRule {
    pub(crate) probe: Probe,
    pub(crate) sql: String,
    /// What the first column counts.
    pub(crate) looked_at: &'static str,
    pub(crate) checks: &'static [Check],
}

impl Rule for CountRule {
    fn name(&self) -> &str {
        &self.probe.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let row = self.probe.row(&self.sql, year)?;
        if self.probe.count(&row, 0, year)? == 0 {
            return Err(self.probe.cannot_run(year, &format!("there are no {}", self.looked_at)));
        }
        found(&self.probe, year, &row, self.checks, &str::to_owned)
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
