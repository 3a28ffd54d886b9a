//! `workforce_feasibility`: the year's leavers and hires are possible, before anybody is hired or leaves.

use crate::counts::Probe;
use crate::rule::{Finding, Rule, RuleError, Severity};
use crate::settings::millionths;

/// Fatal if more would leave than are there, or if the target cannot be met; a warning if very many would be hired.
#[derive(Debug)]
pub(super) struct WorkforceFeasibility(pub(super) Probe);

const NEEDS: &str = "
    select
        opening_headcount,
        experienced_terminations + reduction_in_force as leavers,
        hires,
        new_hire_terminations,
        expected_closing_headcount,
        target_headcount
    from int_workforce_needs
    where simulation_year = $1";

impl Rule for WorkforceFeasibility {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let counts = self.0.counts(&self.0.row(NEEDS, year)?, year)?;
        let [opening, leavers, hires, new_hire_leavers, closing, target] = counts[..] else {
            return Err(self.0.cannot_run(year, "its query has other columns"));
        };
        let fatal = |count, message, advice| self.0.finding(year, Severity::Fatal, count, message, advice);
        let mut findings = Vec::new();
        if leavers > opening {
            let message = format!("{leavers} of {opening} people would leave");
            findings.push(fatal(leavers - opening, message, "lower workforce.total_termination_rate"));
        }
        if new_hire_leavers > hires {
            let message = format!("{new_hire_leavers} of {hires} hires would leave in the year of their hire");
            let advice = "lower workforce.new_hire_termination_rate";
            findings.push(fatal(new_hire_leavers - hires, message, advice));
        }
        if closing != target {
            let message = format!("the year would close with {closing} people; {target} are wanted");
            let advice = "change simulation.target_growth_rate: not enough people may be chosen to leave";
            findings.push(fatal(closing.abs_diff(target), message, advice));
        }
        let remarkable = i128::from(millionths(self.0.settings.remarkable_hire_share));
        if i128::from(hires) * 1_000_000 > i128::from(opening) * remarkable {
            let message = format!("{hires} hires to {opening} people at the beginning of the year");
            let advice = "look at simulation.target_growth_rate and at the termination rates under workforce";
            findings.push(self.0.finding(year, Severity::Warning, hires, message, advice));
        }
        Ok(findings)
    }
}
