//! `census_acceptance`: the run stops if too much of the census was rejected, or nothing of it is left.

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};
use crate::settings::millionths;

/// One finding per cause of rejection: fatal above `census.max_rejected_share`, a warning up to it.
#[derive(Debug)]
pub(super) struct CensusAcceptance(pub(super) Probe);

const SUMMARY: &str = "select file_rows, accepted_rows, rejected_rows from stg_census_summary";

const CAUSES: &str = "
    select column_name, problem, count(*), min(row_number)
    from stg_census_issues
    where action = 'rejected'
    group by column_name, problem
    order by count(*) desc, column_name, problem";

impl Rule for CensusAcceptance {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let summary = self.0.only_row(self.0.rows_of_all(SUMMARY, year)?, year)?;
        let [file, accepted, rejected] = [0, 1, 2].map(|column| self.0.count(&summary, column, year));
        let (file, accepted, rejected) = (file?, accepted?, rejected?);
        let mut findings = Vec::new();
        if rejected > 0 {
            findings = self.causes(year, file, rejected)?;
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
    fn causes(&self, year: i32, file: u64, rejected: u64) -> Result<Vec<Finding>, RuleError> {
        let allowed = i128::from(millionths(self.0.settings.max_rejected_share));
        let too_many = i128::from(rejected) * 1_000_000 > i128::from(file) * allowed;
        let severity = if too_many { Severity::Fatal } else { Severity::Warning };
        let causes = self.0.rows_of_all(CAUSES, year)?;
        if causes.rows.is_empty() {
            return Err(self.0.cannot_run(year, "rows were rejected, but stg_census_issues does not say why"));
        }
        let finding_of = |row| {
            let count = self.0.count(row, 2, year)?;
            let [column, problem, first] = [0, 1, 3].map(|c| row.text(c).unwrap_or_default());
            let rows = Unit::Rows.of(count);
            let message = format!("{column}: {problem}: {rows} of {file} rejected, the first is row {first}");
            let advice = "correct the rows of the census; a run that tolerates them (census.max_rejected_share) lists \
                          all in stg_census_issues";
            let rows = format!(
                "from stg_census_issues where action = 'rejected' and column_name = {} and problem = {}",
                literal(&column),
                literal(&problem)
            );
            Ok(self.0.finding(year, severity, count, message, advice).about(&rows))
        };
        causes.rows.iter().map(finding_of).collect()
    }
}

/// A text as SQL writes it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
