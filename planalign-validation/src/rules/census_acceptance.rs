//! `census_acceptance`: the run stops if too much of the census was rejected, or nothing of it is left; what was corrected is told.

use std::sync::Arc;

use planalign_config::sql::literal;
use planalign_config::{Row, Tables};

use crate::counts::{Probe, Unit, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::{RuleSettings, millionths};

/// One finding per cause of rejection: fatal above `census.max_rejected_share`, a warning up to it. One per kind of correction: a
/// warning if it concerns more than half of the rows, as then a whole column may mean something else.
#[derive(Clone, Debug)]
pub struct CensusAcceptanceRule(pub(super) Arc<RuleSettings>);

const SUMMARY: &str = "select file_rows, accepted_rows, rejected_rows from stg_census_summary";

const ISSUES: &str = "
    select column_name, problem, count(*), min(row_number), action
    from stg_census_issues
    where action in ('rejected', 'corrected')
    group by column_name, problem, action
    order by count(*) desc, column_name, problem";

impl Rule for CensusAcceptanceRule {
    fn name(&self) -> &'static str {
        "census_acceptance"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let summary = probe.row(SUMMARY)?;
        let [file, accepted, rejected] = [0, 1, 2].map(|column| count(&summary, column));
        let (file, accepted, rejected) = (file?, accepted?, rejected?);
        let issues = probe.rows(ISSUES)?.rows;
        let (causes, corrections): (Vec<Row>, Vec<Row>) = issues.into_iter().partition(|row| action(row) == REJECTED);
        if rejected > 0 && causes.is_empty() {
            return Err(cannot_run("rows were rejected, but stg_census_issues does not say why"));
        }
        let allowed = i128::from(millionths(self.0.max_rejected_share));
        let too_many = i128::from(rejected) * 1_000_000 > i128::from(file) * allowed;
        let severity = if too_many { Severity::Fatal } else { Severity::Warning };
        let advice = "correct the rows of the census; a run that tolerates them (census.max_rejected_share) lists \
                      all in stg_census_issues";
        let told = |row: &Row| issue(&probe, row, file, severity, advice);
        let mut findings = causes.iter().map(told).collect::<Result<Vec<_>, _>>()?;
        for row in &corrections {
            let most = count(row, 2)? * 2 > file;
            let severity = if most { Severity::Warning } else { Severity::Info };
            let advice = "see whether the column means that; the run lists all such rows in stg_census_issues";
            findings.push(issue(&probe, row, file, severity, advice)?);
        }
        if accepted == 0 {
            let message = format!("nobody of the census is left to simulate: {} in the file", Unit::Rows.of(file));
            let advice = "see the table stg_census_issues for what became of each row";
            findings.push(probe.finding(Severity::Fatal, file, message, advice));
        }
        Ok(findings)
    }
}

/// The finding about a kind of issue.
fn issue(probe: &Probe<'_>, row: &Row, file: u64, severity: Severity, advice: &str) -> Result<Finding, CheckError> {
    let count = count(row, 2)?;
    let [column, problem, first] = [0, 1, 3].map(|c| row.text(c).unwrap_or_default());
    let (rows, action) = (Unit::Rows.of(count), action(row));
    let message = format!("{column}: {problem}: {rows} of {file} {action}, the first is row {first}");
    let rows = format!(
        "from stg_census_issues where action = {} and column_name = {} and problem = {}",
        literal(&action),
        literal(&column),
        literal(&problem)
    );
    Ok(probe.finding(severity, count, message, advice).about(&rows))
}

/// What was done about an issue.
fn action(issue: &Row) -> String {
    issue.text(4).unwrap_or_default()
}

const REJECTED: &str = "rejected";
