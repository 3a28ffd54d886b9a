//! `yearly_jumps`: totals and averages that change a lot from one year to the next.

use std::sync::Arc;

use std::collections::BTreeMap;

use planalign_config::{DatabaseError, Row, Tables, Value};

use crate::counts::{Probe, cannot_run};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Compares the snapshot with the prior year's; skipped in the start year.
#[derive(Clone, Debug)]
pub struct YearlyJumpsRule(pub(super) Arc<RuleSettings>);

/// Headcount and sums of pay, rates, and contributions, by year, active status, and enrollment.
const SUMS: &str = "
    select
        simulation_year,
        employment_status = 'active' as is_active,
        is_enrolled_flag as is_enrolled,
        count(*) as people,
        sum(current_compensation) as pay,
        sum(current_deferral_rate) as rates,
        sum(prorated_annual_contributions) as contributions,
        sum(total_employer_contributions) as employer
    from fct_workforce_snapshot
    where simulation_year between $1 - 1 and $1
    group by all";

/// What is compared: a total, divided by another one for averages.
const MEASURES: [(&str, usize, Option<usize>); 6] = [
    ("headcount", 0, None),
    ("average pay", 1, Some(0)),
    ("enrollment rate", 2, Some(0)),
    ("average deferral rate", 3, Some(2)),
    ("employee contributions", 4, None),
    ("employer contributions", 5, None),
];

impl Rule for YearlyJumpsRule {
    fn name(&self) -> &'static str {
        "yearly_jumps"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let mut totals: BTreeMap<Option<i64>, [i128; 6]> = BTreeMap::new();
        for row in &probe.rows(SUMS)?.rows {
            add(totals.entry(row.integer("simulation_year")?).or_default(), row)?;
        }
        let of = |year: i32| totals.get(&Some(i64::from(year)));
        let (before, now) = match (of(year - 1), of(year)) {
            (Some(before), Some(now)) => (before, now),
            (None, Some(_)) if year == self.0.start_year => return Ok(Vec::new()),
            _ => return Err(cannot_run("`fct_workforce_snapshot` is missing this year or the prior year")),
        };
        let allowed = self.0.yearly_jumps.maximum_change.units();
        let mut findings = Vec::new();
        for (what, column, per) in MEASURES {
            // Averages as fractions with a common denominator, so nothing is rounded.
            let scale = |totals: &[i128; 6]| per.map_or(1, |per| totals[per]);
            let (was, is) = (before[column] * scale(now), now[column] * scale(before));
            if (is - was).abs() * 1_000_000 <= was * allowed {
                continue;
            }
            let advice = "compare both years in `fct_workforce_snapshot`, or adjust the threshold under \
                          `validation.yearly_jumps`";
            findings.push(probe.finding(Severity::Info, 1, jump(what, was, is), advice));
        }
        Ok(findings)
    }
}

/// A percentage, not amounts: in a small group, an average reveals what people earn.
fn jump(what: &str, was: i128, is: i128) -> String {
    if was == 0 {
        return format!("{what} rose from zero");
    }
    let tenths = (is - was) * 1000 / was;
    let direction = if tenths < 0 { "fell" } else { "rose" };
    format!("{what} {direction} {}.{}% from the prior year", tenths.abs() / 10, tenths.abs() % 10)
}

/// Adds a row to the totals of its year, in cents and millionths.
fn add(totals: &mut [i128; 6], row: &Row) -> Result<(), DatabaseError> {
    let units = |column| match row.value(column)? {
        Value::Integer(units) | Value::Decimal { units, .. } => Ok(*units),
        _ => Ok::<_, DatabaseError>(0),
    };
    let is_active = row.boolean("is_active")? == Some(true);
    if is_active {
        totals[0] += units("people")?;
        totals[1] += units("pay")?;
    }
    if is_active && row.boolean("is_enrolled")? == Some(true) {
        totals[2] += units("people")?;
        totals[3] += units("rates")?;
    }
    totals[4] += units("contributions")?;
    totals[5] += units("employer")?;
    Ok(())
}
