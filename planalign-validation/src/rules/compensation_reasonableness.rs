//! `compensation_reasonableness`: pay is such as people have, and changes as it does.

use std::sync::Arc;

use planalign_config::{DatabaseError, Row, Tables, Value};

use crate::counts::{Probe, Unit, cannot_run, count, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Annual rates of pay on Jan 1: each between two bounds, and their average not far from that of the year before.
#[derive(Clone, Debug)]
pub struct CompensationReasonablenessRule(pub(super) Arc<RuleSettings>);

/// The year before, if it was simulated, and the year.
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

const ADVICE: &str = "see employee_compensation in int_employee_compensation_by_year; validation.compensation_reasonableness \
                      has the thresholds";

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
            return Err(cannot_run("there is nobody in int_employee_compensation_by_year"));
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
                findings.push(probe.finding(Severity::Error, count, message, ADVICE).about(&rows));
            }
        }
        // Averages as fractions with one denominator, so that nothing is rounded.
        let now = pay * i128::from(people_before);
        let before = pay_before * i128::from(people);
        let allowed = before * limits.maximum_average_change.units();
        if people_before > 0 && (now - before).abs() * 1_000_000 > allowed {
            // A share, no amounts: where few people are, an average tells what they earn.
            let tenths = (now - before) * 1000 / before.max(1);
            let (direction, tenths) = if tenths < 0 { ("falls", -tenths) } else { ("rises", tenths) };
            let message = format!("the average pay {direction} by {}.{}% within a year", tenths / 10, tenths % 10);
            findings.push(probe.finding(Severity::Warning, people, message, ADVICE));
        }
        Ok(findings)
    }
}

/// All pay of a year, exactly; amounts have two digits after the point.
fn cents(row: &Row) -> Result<i128, DatabaseError> {
    Ok(match row.value("pay")? {
        Value::Decimal { units, .. } => *units,
        _ => 0,
    })
}
