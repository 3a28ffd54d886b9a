//! `compensation_reasonableness`: pay is plausible, and average pay changes plausibly.

use std::sync::Arc;

use planalign_config::fixed::grouped;
use planalign_config::{DatabaseError, Row, Tables, Value};

use crate::counts::{Probe, Unit, cannot_run, count, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Checks annual pay on Jan 1 against two bounds, and the average against the prior year's.
#[derive(Clone, Debug)]
pub struct CompensationReasonablenessRule(pub(super) Arc<RuleSettings>);

/// The year, and the prior year if it was simulated.
const PAY: &str = "
    select
        simulation_year,
        count(*) as people,
        coalesce(sum(employee_compensation), 0) as pay,
        count(*) filter (coalesce(employee_compensation <= 0, true)) as not_positive,
        count(*) filter (employee_compensation > 0 and employee_compensation < {minimum}) as low,
        count(*) filter (employee_compensation > {maximum}) as high
    from int_employee_compensation_by_year
    where simulation_year between $1 - 1 and $1
    group by simulation_year";

const ADVICE: &str = "check `employee_compensation` in `int_employee_compensation_by_year`, or adjust the thresholds under \
                      `validation.compensation_reasonableness`";

impl Rule for CompensationReasonablenessRule {
    fn name(&self) -> &'static str {
        "compensation_reasonableness"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let limits = &self.0.compensation;
        let (minimum, maximum) = (limits.minimum_compensation, limits.maximum_compensation);
        let sql = PAY.replace("{minimum}", &minimum.to_string()).replace("{maximum}", &maximum.to_string());
        let years = probe.rows(&sql)?.rows;
        let of = |year: i32| {
            years.iter().find(|row| matches!(row.integer("simulation_year"), Ok(Some(of)) if of == i64::from(year)))
        };
        let Some(now) = of(year) else {
            return Err(cannot_run("`int_employee_compensation_by_year` has no rows for the year"));
        };
        let (people, pay) = (count(now, "people")?, cents(now)?);
        let (people_before, pay_before) = match of(year - 1) {
            Some(before) => (count(before, "people")?, cents(before)?),
            None => (0, 0),
        };
        let [not_positive, low, high] = counts(now, ["not_positive", "low", "high"])?;
        let mut findings = Vec::new();
        for (count, what, which) in [
            (
                not_positive,
                "pay missing, zero, or negative".to_owned(),
                "coalesce(employee_compensation <= 0, true)".to_owned(),
            ),
            (
                low,
                format!("pay below ${}", grouped(minimum.into())),
                format!("employee_compensation > 0 and employee_compensation < {minimum}"),
            ),
            (high, format!("pay above ${}", grouped(maximum.into())), format!("employee_compensation > {maximum}")),
        ] {
            if count > 0 {
                let message = format!("{what}: {}", Unit::People.of(count));
                let rows = format!("from int_employee_compensation_by_year where simulation_year = $1 and {which}");
                findings.push(probe.finding(Severity::Error, count, message, ADVICE).rows(&rows));
            }
        }
        // Averages as fractions with a common denominator, so nothing is rounded.
        let now = pay * i128::from(people_before);
        let before = pay_before * i128::from(people);
        let allowed = before * limits.maximum_average_change.units();
        if people_before > 0 && (now - before).abs() * 1_000_000 > allowed {
            // A percentage, not amounts: in a small group, an average reveals what people earn.
            let tenths = (now - before) * 1000 / before.max(1);
            let (direction, tenths) = if tenths < 0 { ("fell", -tenths) } else { ("rose", tenths) };
            let message = format!("average pay {direction} {}.{}% from the prior year", tenths / 10, tenths % 10);
            findings.push(probe.finding(Severity::Warning, people, message, ADVICE));
        }
        Ok(findings)
    }
}

/// Returns a year's total pay in cents; amounts have two decimals.
fn cents(row: &Row) -> Result<i128, DatabaseError> {
    Ok(match row.value("pay")? {
        Value::Decimal { units, .. } => *units,
        _ => 0,
    })
}
