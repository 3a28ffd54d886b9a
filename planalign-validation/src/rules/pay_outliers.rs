//! `pay_outliers`: people paid far more or less than others at their level.

use std::sync::Arc;

use planalign_config::{DatabaseError, Row, Tables};

use crate::counts::{Probe, Unit, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// The lowest and highest pay of each level almost always rule out outliers; people are compared only if they don't.
///
/// Uses robust z-scores: the distance from the median, which a few extreme values don't move, in median absolute deviations;
/// 1.4826 of them equal one standard deviation of a normal distribution.
#[derive(Clone, Debug)]
pub struct PayOutliersRule(pub(super) Arc<RuleSettings>);

/// A level where most people earn the same has no spread to measure against.
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

/// The bounds of each level's scores.
const LEVELS: &str = "
    select
        level_id,
        median(current_compensation) as middle,
        mad(current_compensation) as spread,
        min(current_compensation) as lowest,
        max(current_compensation) as highest
    from fct_workforce_snapshot
    where simulation_year = $1 and employment_status = 'active'
    group by level_id";

/// Returns whether a level can't have outliers. Medians may be rounded to the cent; a dollar is more than rounding can add.
fn is_within(level: &Row, maximum: f64) -> Result<bool, DatabaseError> {
    let (middle, spread) = (level.float("middle")?, level.float("spread")?);
    let (lowest, highest) = (level.float("lowest")?, level.float("highest")?);
    let (Some(middle), Some(spread), Some(lowest), Some(highest)) = (middle, spread, lowest, highest) else {
        return Ok(false);
    };
    Ok((highest - middle).max(middle - lowest) + 1.0 < maximum * 1.4826 * (spread - 1.0))
}

impl Rule for PayOutliersRule {
    fn name(&self) -> &'static str {
        "pay_outliers"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let maximum = self.0.pay_outliers.maximum_robust_z;
        let levels = probe.rows(LEVELS)?.rows;
        let within = levels.iter().map(|level| is_within(level, maximum.to_f64())).collect::<Result<Vec<_>, _>>()?;
        if !within.is_empty() && within.into_iter().all(|is_within| is_within) {
            return Ok(Vec::new());
        }
        let scores = SCORES.replace("{maximum}", &maximum.shortest());
        let counts = probe.row(&format!(
            "{scores} select count(*) as people, count(*) filter (is_outlier) as outliers from scores"
        ))?;
        if count(&counts, "people")? == 0 {
            return Err(cannot_run("`fct_workforce_snapshot` has no active employees"));
        }
        let people = count(&counts, "outliers")?;
        if people == 0 {
            return Ok(Vec::new());
        }
        let message = format!(
            "pay more than {} robust standard deviations from the level's median: {}",
            maximum.shortest(),
            Unit::People.of(people)
        );
        let advice = "compare `current_compensation` with others at the level in `fct_workforce_snapshot` (a census typo carries \
                      through every year), or adjust the threshold under `validation.pay_outliers`";
        let rows = format!("{scores} select employee_id, level_id from scores where is_outlier");
        Ok(vec![probe.finding(Severity::Info, people, message, advice).rows(&rows)])
    }
}

#[cfg(test)]
mod tests {
    use planalign_config::Value;

    use super::*;

    fn level(values: [Value; 4]) -> Row {
        ["middle", "spread", "lowest", "highest"].into_iter().zip(values).collect()
    }

    /// A level with a median of 100,000 and a spread of 1,000: 8 robust standard deviations are 11,860.80.
    #[test]
    fn a_level_is_checked_if_either_end_is_far_off() {
        let check = |lowest: f64, highest: f64, is_clean: bool| {
            let level = level([100_000.0, 1_000.0, lowest, highest].map(Value::Float));
            assert_eq!(is_within(&level, 8.0).expect("all columns"), is_clean, "{lowest} to {highest}");
        };
        check(88_200.0, 111_800.0, true);
        check(88_139.0, 100_000.0, false);
        check(100_000.0, 111_861.0, false);
        // So close that rounding the medians to the cent may matter.
        check(100_000.0, 111_860.0, false);
        let no_pay = level([const { Value::Null }; 4]);
        assert!(!is_within(&no_pay, 8.0).expect("all columns"));
        let no_spread = level([50.0, 0.0, 50.0, 50.0].map(Value::Float));
        assert!(!is_within(&no_spread, 8.0).expect("all columns"));
    }
}
