//! `pay_outliers`: people whose pay is far from that of their level.

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};

/// Robust z-scores: distances from the median, which a few wild values do not move, in median absolute deviations; 1.4826 of
/// them are a standard deviation where values are normally distributed.
#[derive(Debug)]
pub(super) struct PayOutliers(pub(super) Probe);

/// A level whose people mostly earn the same has no spread to measure by.
const SCORES: &str = "
    with pay as (
        select employee_id, level_id, (current_compensation * 100)::bigint as cents
        from fct_workforce_snapshot
        where simulation_year = $1 and employment_status = 'active'
    ),
    levels as (
        select level_id, median(cents) as middle, mad(cents) as spread
        from pay
        group by level_id
    ),
    scores as (
        select employee_id, pay.level_id, spread > 0 and abs(cents - middle) > {maximum} * 1.4826 * spread as is_outlier
        from pay
        inner join levels on pay.level_id = levels.level_id
    )";

impl Rule for PayOutliers {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let maximum = self.0.settings.pay_outliers.maximum_robust_z;
        let scores = SCORES.replace("{maximum}", &maximum.to_string());
        let counts =
            self.0.row(&format!("{scores} select count(*), count(*) filter (is_outlier) from scores"), year)?;
        if self.0.count(&counts, 0, year)? == 0 {
            return Err(self.0.cannot_run(year, "nobody is active in fct_workforce_snapshot"));
        }
        let people = self.0.count(&counts, 1, year)?;
        if people == 0 {
            return Ok(Vec::new());
        }
        let message = format!(
            "pay more than {maximum} robust standard deviations from the median of the level: {}",
            Unit::People.of(people)
        );
        let advice = "compare current_compensation with the level's in fct_workforce_snapshot: a typo in the census stays \
                      for all years; validation.pay_outliers has the threshold";
        let rows = format!("{scores} select employee_id, level_id from scores where is_outlier");
        Ok(vec![self.0.finding(year, Severity::Info, people, message, advice).about(&rows)])
    }
}
