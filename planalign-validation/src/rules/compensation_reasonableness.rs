//! `compensation_reasonableness`: pay is such as people have, and changes as it does.

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};
use crate::settings::millionths;

/// Annual rates of pay on Jan 1: each between two bounds, and their average not far from that of the year before.
#[derive(Debug)]
pub(super) struct CompensationReasonableness(pub(super) Probe);

/// Pay in cents, as everywhere exact.
const PAY: &str = "
    with pay as (
        select simulation_year, (employee_compensation * 100)::bigint as cents
        from int_employee_compensation_by_year
        where simulation_year between $1 - 1 and $1
    )
    select
        count(*) filter (simulation_year = $1),
        count(*) filter (simulation_year = $1 and coalesce(cents <= 0, true)),
        count(*) filter (simulation_year = $1 and cents > 0 and cents < {minimum}),
        count(*) filter (simulation_year = $1 and cents > {maximum}),
        coalesce(sum(cents) filter (simulation_year = $1), 0),
        count(*) filter (simulation_year = $1 - 1),
        coalesce(sum(cents) filter (simulation_year = $1 - 1), 0)
    from pay";

const ADVICE: &str = "see employee_compensation in int_employee_compensation_by_year; validation.compensation_reasonableness \
                      has the thresholds";

impl Rule for CompensationReasonableness {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let limits = &self.0.settings.compensation;
        let (minimum, maximum) = (limits.minimum_compensation, limits.maximum_compensation);
        let cents = |dollars: u32| (u64::from(dollars) * 100).to_string();
        let sql = PAY.replace("{minimum}", &cents(minimum)).replace("{maximum}", &cents(maximum));
        let counts = self.0.counts(&self.0.row(&sql, year)?, year)?;
        let [people, not_positive, low, high, pay, people_before, pay_before] = counts[..] else {
            return Err(self.0.cannot_run(year, "its query has other columns"));
        };
        if people == 0 {
            return Err(self.0.cannot_run(year, "there is nobody in int_employee_compensation_by_year"));
        }
        let mut findings = Vec::new();
        for (count, what, which) in [
            (
                not_positive,
                "no pay, or none above zero".to_owned(),
                "coalesce(employee_compensation <= 0, true)".to_owned(),
            ),
            (
                low,
                format!("pay below {minimum}"),
                format!("employee_compensation > 0 and employee_compensation < {minimum}"),
            ),
            (high, format!("pay above {maximum}"), format!("employee_compensation > {maximum}")),
        ] {
            if count > 0 {
                let message = format!("{what}: {}", Unit::People.of(count));
                let rows = format!("from int_employee_compensation_by_year where simulation_year = $1 and {which}");
                findings.push(self.0.finding(year, Severity::Error, count, message, ADVICE).about(&rows));
            }
        }
        // Averages as fractions with one denominator, so that nothing is rounded.
        let now = i128::from(pay) * i128::from(people_before);
        let before = i128::from(pay_before) * i128::from(people);
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
