//! `census_acceptance`: too many rejected census rows, or none accepted, stop the run; corrections are reported.

use std::sync::Arc;

use planalign_config::fixed::grouped;
use planalign_config::sql::literal;
use planalign_config::{Row, Tables};

use crate::counts::{Probe, Unit, cannot_run, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// One finding per cause of rejection: fatal above `census.max_rejected_share`, otherwise a warning. One per kind of correction: a
/// warning if it affects more than half of the rows, since the whole column may then mean something else, otherwise info.
#[derive(Clone, Debug)]
pub struct CensusAcceptanceRule(pub(super) Arc<RuleSettings>);

const SUMMARY: &str = "select file_rows, accepted_rows, rejected_rows from stg_census_summary";

const ISSUES: &str = "
    select column_name, problem, count(*) as issues, min(row_number) as first_row, action
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
        let [file, accepted, rejected] = counts(&summary, ["file_rows", "accepted_rows", "rejected_rows"])?;
        let issues = probe.rows(ISSUES)?.rows;
        let issues = issues.iter().map(Issue::read).collect::<Result<Vec<_>, _>>()?;
        let (causes, corrections): (Vec<_>, Vec<_>) = issues.iter().partition(|issue| issue.action == REJECTED);
        if rejected > 0 && causes.is_empty() {
            return Err(cannot_run("rows were rejected, but `stg_census_issues` has no reasons"));
        }
        let allowed = self.0.max_rejected_share.units();
        let too_many = i128::from(rejected) * 1_000_000 > i128::from(file) * allowed;
        let severity = if too_many { Severity::Fatal } else { Severity::Warning };
        let advice = "fix these rows in the census, or raise `census.max_rejected_share` to run without them and list them \
                      in `stg_census_issues`";
        let mut findings: Vec<_> =
            causes.into_iter().map(|cause| cause.finding(&probe, file, severity, advice)).collect();
        for correction in corrections {
            let most = correction.count * 2 > file;
            let severity = if most { Severity::Warning } else { Severity::Info };
            let advice = "check that this is what the column means; `stg_census_issues` lists every such row";
            findings.push(correction.finding(&probe, file, severity, advice));
        }
        if accepted == 0 {
            let message = format!("no census rows left to simulate: {} in the file", Unit::Rows.of(file));
            let advice = "see `stg_census_issues` for what happened to each row";
            findings.push(probe.finding(Severity::Fatal, file, message, advice));
        }
        Ok(findings)
    }
}

/// Census rows with the same problem.
struct Issue {
    column: String,
    problem: String,
    /// What was done: `rejected` or `corrected`.
    action: String,
    count: u64,
    first_row: u64,
}

impl Issue {
    fn read(row: &Row) -> Result<Self, CheckError> {
        let text = |column| Ok::<_, CheckError>(row.text(column)?.unwrap_or_default());
        let (column, problem, action) = (text("column_name")?, text("problem")?, text("action")?);
        let [count, first_row] = counts(row, ["issues", "first_row"])?;
        Ok(Self { column, problem, action, count, first_row })
    }

    fn finding(&self, probe: &Probe<'_>, file: u64, severity: Severity, advice: &str) -> Finding {
        let Self { column, problem, action, count, first_row } = self;
        let rows = Unit::Rows.of(file);
        let count_of = grouped((*count).into());
        let message = format!("{column}: {problem}: {count_of} of {rows} {action}, first at row {first_row}");
        let rows = format!(
            "from stg_census_issues where action = {} and column_name = {} and problem = {}",
            literal(action),
            literal(column),
            literal(problem)
        );
        probe.finding(severity, *count, message, advice).rows(&rows)
    }
}

const REJECTED: &str = "rejected";
