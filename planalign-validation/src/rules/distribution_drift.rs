//! `distribution_drift`: the mix of the workforce shifted from the prior year.

use std::sync::Arc;

use std::collections::BTreeMap;

use planalign_config::Tables;

use crate::counts::{Probe, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Compares level, age, and tenure with the prior year by population stability index (PSI); skipped in the start year.
#[derive(Clone, Debug)]
pub struct DistributionDriftRule(pub(super) Arc<RuleSettings>);

/// Headcount by year and all three. There are few groups, so counting once and adding up here is cheaper.
const GROUPS: &str = "
    select simulation_year, level_id, age_band, tenure_band, count(*) as people
    from fct_workforce_snapshot
    where simulation_year between $1 - 1 and $1 and employment_status = 'active'
    group by all";

/// Columns and what to call them.
const GROUPINGS: [(&str, &str); 3] = [("level_id", "level"), ("age_band", "age"), ("tenure_band", "tenure")];

impl Rule for DistributionDriftRule {
    fn name(&self) -> &'static str {
        "distribution_drift"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        // Headcount of the prior year and this one, by grouping and group.
        let mut groups: BTreeMap<(&str, String), [u64; 2]> = BTreeMap::new();
        for row in &probe.rows(GROUPS)?.rows {
            let is_now = row.integer("simulation_year")? == Some(year.into());
            let people = count(row, "people")?;
            for (grouping, _) in GROUPINGS {
                let key = (grouping, row.text(grouping)?.unwrap_or_default());
                groups.entry(key).or_default()[usize::from(is_now)] += people;
            }
        }
        let mut findings = Vec::new();
        for (grouping, what) in GROUPINGS {
            let of_this = groups.iter().filter(|((g, _), _)| *g == grouping);
            let people: Vec<[u64; 2]> = of_this.map(|(_, people)| *people).collect();
            let totals = [0, 1].map(|which| people.iter().map(|people| people[which]).sum::<u64>());
            match totals {
                [0, now] if now > 0 && year == self.0.start_year => return Ok(Vec::new()),
                [0, _] | [_, 0] => {
                    return Err(cannot_run(
                        "`fct_workforce_snapshot` has no active employees this year or the prior year",
                    ));
                }
                _ => {}
            }
            let index = stability_index(&people, totals);
            if index > self.0.distribution_drift.maximum_stability_index.to_f64() {
                let message = format!("{what} distribution shifted from the prior year (PSI {index:.2})");
                let advice = "compare both years in `fct_workforce_snapshot`, or adjust the threshold under \
                              `validation.distribution_drift`";
                findings.push(probe.finding(Severity::Info, totals[1], message, advice));
            }
        }
        Ok(findings)
    }
}

/// Sums (share now - share before) x ln(share now / share before) over all groups. A group that is empty in one year counts as
/// half a person, since the logarithm of zero is undefined.
fn stability_index(groups: &[[u64; 2]], totals: [u64; 2]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "headcounts are far below 2^52")]
    let share = |people: u64, total: u64| (people as f64).max(0.5) / total as f64;
    let part = |[before, now]: &[u64; 2]| {
        let (before, now) = (share(*before, totals[0]), share(*now, totals[1]));
        (now - before) * (now / before).ln()
    };
    groups.iter().map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_matches_the_textbook_formula() {
        assert_eq!(stability_index(&[[10, 20], [30, 60]], [40, 80]).to_bits(), 0.0_f64.to_bits(), "the same shares");
        // (0.4 - 0.5) ln(0.4 / 0.5) + (0.6 - 0.5) ln(0.6 / 0.5) = 0.02231 + 0.01823
        let index = stability_index(&[[50, 40], [50, 60]], [100, 100]);
        assert!((index - 0.040_546_5).abs() < 1e-6, "{index}");
        assert!(stability_index(&[[0, 50], [100, 50]], [100, 100]).is_finite());
    }
}
