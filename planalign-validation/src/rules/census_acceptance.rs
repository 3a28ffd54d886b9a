//! `census_acceptance`: the run stops if too much of the census was rejected, or nothing of it is left; what was corrected is told.

use planalign_config::database::Row;

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};
use crate::settings::millionths;

/// One finding per cause of rejection: fatal above `census.max_rejected_share`, a warning up to it. One per kind of correction: a
/// warning if it concerns more than half of the rows, as then a whole column may mean something else.
#[derive(Debug)]
pub(super) struct CensusAcceptance(pub(super) Probe);

const SUMMARY: &str = "select file_rows, accepted_rows, rejected_rows from stg_census_summary";

const ISSUES: &str = "
    select column_name, problem, count(*), min(row_number), action
    from stg_census_issues
    where action in ('rejected', 'corrected')
    group by column_name, problem, action
    order by count(*) desc, column_name, problem";

impl Rule for CensusAcceptance {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let summary = self.0.only_row(self.0.rows_of_all(SUMMARY, year)?, year)?;
        let [file, accepted, rejected] = [0, 1, 2].map(|column| self.0.count(&summary, column, year));
        let (file, accepted, rejected) = (file?, accepted?, rejected?);
        let issues = self.0.rows_of_all(ISSUES, year)?.rows;
        let (causes, corrections): (Vec<Row>, Vec<Row>) = issues.into_iter().partition(|row| action(row) == REJECTED);
        if rejected > 0 && causes.is_empty() {
            return Err(self.0.cannot_run(year, "rows were rejected, but stg_census_issues does not say why"));
        }
        let allowed = i128::from(millionths(self.0.settings.max_rejected_share));
        let too_many = i128::from(rejected) * 1_000_000 > i128::from(file) * allowed;
        let severity = if too_many { Severity::Fatal } else { Severity::Warning };
        let advice = "correct the rows of the census; a run that tolerates them (census.max_rejected_share) lists \
                      all in stg_census_issues";
        let told = |row: &Row| self.told(year, row, file, severity, advice);
        let mut findings = causes.iter().map(told).collect::<Result<Vec<_>, _>>()?;
        for row in &corrections {
            let most = self.0.count(row, 2, year)? * 2 > file;
            let severity = if most { Severity::Warning } else { Severity::Info };
            let advice = "see whether the column means that; the run lists all such rows in stg_census_issues";
            findings.push(self.told(year, row, file, severity, advice)?);
        }
        if accepted == 0 {
            let message = format!("nobody of the census is left to simulate: {} in the file", Unit::Rows.of(file));
            let advice = "see the table stg_census_issues for what became of each row";
            findings.push(self.0.finding(year, Severity::Fatal, file, message, advice));
        }
        Ok(findings)
    }
}

impl CensusAcceptance {
    fn told(&self, year: i32, row: &Row, file: u64, severity: Severity, advice: &str) -> Result<Finding, RuleError> {
        let count = self.0.count(row, 2, year)?;
        let [column, problem, first] = [0, 1, 3].map(|c| row.text(c).unwrap_or_default());
        let (rows, action) = (Unit::Rows.of(count), action(row));
        let message = format!("{column}: {problem}: {rows} of {file} {action}, the first is row {first}");
        let rows = format!(
            "from stg_census_issues where action = {} and column_name = {} and problem = {}",
            literal(&action),
            literal(&column),
            literal(&problem)
        );
        Ok(self.0.finding(year, severity, count, message, advice).about(&rows))
    }
}

/// What was done about an issue.
fn action(issue: &Row) -> String {
    issue.text(4).unwrap_or_default()
}

const REJECTED: &str = "rejected";

/// A text as SQL writes it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
