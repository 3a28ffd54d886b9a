//! `compensation_reasonableness`: pay is such as people have, and changes as it does.

use planalign_config::database::{Row, Value};

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};
use crate::settings::millionths;

/// Annual rates of pay on Jan 1: each between two bounds, and their average not far from that of the year before.
#[derive(Debug)]
pub(super) struct CompensationReasonableness(pub(super) Probe);

/// The year before, if it was simulated, and the year.
const PAY: &str = "
    select
        simulation_year,
        count(*),
        coalesce(sum(employee_compensation), 0),
        count(*) filter (coalesce(employee_compensation <= 0, true)),
        count(*) filter (employee_compensation > 0 and employee_compensation < {minimum}),
        count(*) filter (employee_compensation > {maximum})
    from int_employee_compensation_by_year
    where simulation_year between $1 - 1 and $1
    group by simulation_year";

const ADVICE: &str = "see employee_compensation in int_employee_compensation_by_year; validation.compensation_reasonableness \
                      has the thresholds";

impl Rule for CompensationReasonableness {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let limits = &self.0.settings.compensation;
        let (minimum, maximum) = (limits.minimum_compensation, limits.maximum_compensation);
        let sql = PAY.replace("{minimum}", &minimum.to_string()).replace("{maximum}", &maximum.to_string());
        let years = self.0.rows(&sql, year)?.rows;
        let of = |year: i32| years.iter().find(|row| row.integer(0) == Some(year.into()));
        let Some(now) = of(year) else {
            return Err(self.0.cannot_run(year, "there is nobody in int_employee_compensation_by_year"));
        };
        let (people, pay) = (self.0.count(now, 1, year)?, cents(now));
        let (people_before, pay_before) = match of(year - 1) {
            Some(before) => (self.0.count(before, 1, year)?, cents(before)),
            None => (0, 0),
        };
        let [not_positive, low, high] = [3, 4, 5].map(|column| self.0.count(now, column, year));
        let mut findings = Vec::new();
        for (count, what, which) in [
            (
                not_positive?,
                "no pay, or none above zero".to_owned(),
                "coalesce(employee_compensation <= 0, true)".to_owned(),
            ),
            (
                low?,
                format!("pay below {minimum}"),
                format!("employee_compensation > 0 and employee_compensation < {minimum}"),
            ),
            (high?, format!("pay above {maximum}"), format!("employee_compensation > {maximum}")),
        ] {
            if count > 0 {
                let message = format!("{what}: {}", Unit::People.of(count));
                let rows = format!("from int_employee_compensation_by_year where simulation_year = $1 and {which}");
                findings.push(self.0.finding(year, Severity::Error, count, message, ADVICE).about(&rows));
            }
        }
        // Averages as fractions with one denominator, so that nothing is rounded.
        let now = pay * i128::from(people_before);
        let before = pay_before * i128::from(people);
        let allowed = before * i128::from(millionths(limits.maximum_average_change));
        if people_before > 0 && (now - before).abs() * 1_000_000 > allowed {
            // A share, no amounts: where few people are, an average tells what they earn.
            let tenths = (now - before) * 1000 / before.max(1);
            let (direction, tenths) = if tenths < 0 { ("falls", -tenths) } else { ("rises", tenths) };
            let message = format!("the average pay {direction} by {}.{} % within a year", tenths / 10, tenths % 10);
            findings.push(self.0.finding(year, Severity::Warning, people, message, ADVICE));
        }
        Ok(findings)
    }
}

/// All pay of a year, exactly; amounts have two digits after the point.
fn cents(row: &Row) -> i128 {
    match row.value(2) {
        Value::Decimal { units, .. } => *units,
        _ => 0,
    }
}
