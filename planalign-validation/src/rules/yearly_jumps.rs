//! `yearly_jumps`: totals and averages that change much from one year to the next.

use planalign_config::database::{Row, Value};

use crate::counts::Probe;
use crate::rule::{Finding, Rule, RuleError, Severity};
use crate::settings::millionths;

/// Compares the snapshot with that of the year before; the start year has none.
#[derive(Debug)]
pub(super) struct YearlyJumps(pub(super) Probe);

/// One row per year: people, and sums in cents and millionths.
const TOTALS: &str = "
    select
        simulation_year,
        count(*) filter (employment_status = 'active'),
        (sum(current_compensation) filter (employment_status = 'active') * 100)::hugeint,
        count(*) filter (employment_status = 'active' and is_enrolled_flag),
        (sum(current_deferral_rate) filter (employment_status = 'active' and is_enrolled_flag) * 1000000)::hugeint,
        (sum(prorated_annual_contributions) * 100)::hugeint,
        (sum(total_employer_contributions) * 100)::hugeint
    from fct_workforce_snapshot
    where simulation_year between $1 - 1 and $1
    group by simulation_year
    order by simulation_year";

/// What is compared: a column of the totals, in relation to another if it is an average.
const MEASURES: [(&str, usize, Option<usize>); 6] = [
    ("the headcount", 1, None),
    ("the average pay", 2, Some(1)),
    ("the share of people who take part", 3, Some(1)),
    ("the average deferral rate", 4, Some(3)),
    ("what employees contribute", 5, None),
    ("what the employer contributes", 6, None),
];

impl Rule for YearlyJumps {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let totals = self.0.rows(TOTALS, year)?.rows;
        let (before, now) = match &totals[..] {
            [before, now] => (before, now),
            [now] if year == self.0.settings.start_year && now.integer(0) == Some(year.into()) => return Ok(Vec::new()),
            _ => return Err(self.0.cannot_run(year, "fct_workforce_snapshot lacks the year or the one before")),
        };
        let allowed = i128::from(millionths(self.0.settings.yearly_jumps.maximum_change));
        let mut findings = Vec::new();
        for (what, column, per) in MEASURES {
            // Averages as fractions with one denominator, so that nothing is rounded.
            let scale = |row: &Row| per.map_or(1, |per| whole(row, per));
            let (was, is) = (whole(before, column) * scale(now), whole(now, column) * scale(before));
            if (is - was).abs() * 1_000_000 <= was * allowed {
                continue;
            }
            let advice = "see fct_workforce_snapshot of both years for what is behind it; validation.yearly_jumps has the \
                          threshold";
            findings.push(self.0.finding(year, Severity::Info, 1, told(what, was, is), advice));
        }
        Ok(findings)
    }
}

/// A share, no amounts: where few people are, an average tells what they earn.
fn told(what: &str, was: i128, is: i128) -> String {
    if was == 0 {
        return format!("{what}, nothing the year before, is something now");
    }
    let tenths = (is - was) * 1000 / was;
    let direction = if tenths < 0 { "falls" } else { "rises" };
    format!("{what} {direction} by {}.{} % within a year", tenths.abs() / 10, tenths.abs() % 10)
}

/// The sum over nothing is 0.
fn whole(row: &Row, column: usize) -> i128 {
    match row.value(column) {
        Value::Integer(n) => *n,
        _ => 0,
    }
}
