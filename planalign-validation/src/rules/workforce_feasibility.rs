//! `workforce_feasibility`: the year's leavers and hires are possible, before anybody is hired or leaves.

use std::sync::Arc;

use planalign_config::Tables;

use crate::counts::{Probe, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Fatal if more would leave than are there, or if the target cannot be met; a warning if very many would be hired.
#[derive(Clone, Debug)]
pub struct WorkforceFeasibilityRule(pub(super) Arc<RuleSettings>);

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

impl Rule for WorkforceFeasibilityRule {
    fn name(&self) -> &'static str {
        "workforce_feasibility"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let row = probe.row(NEEDS)?;
        let [opening, closing, target] =
            counts(&row, ["opening_headcount", "expected_closing_headcount", "target_headcount"])?;
        let [leavers, hires, new_hire_leavers] = counts(&row, ["leavers", "hires", "new_hire_terminations"])?;
        let fatal = |count, message, advice| probe.finding(Severity::Fatal, count, message, advice);
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
        let remarkable = self.0.remarkable_hire_share.units();
        if i128::from(hires) * 1_000_000 > i128::from(opening) * remarkable {
            let message = format!("{hires} hires to {opening} people at the beginning of the year");
            let advice = "look at simulation.target_growth_rate and at the termination rates under workforce";
            findings.push(probe.finding(Severity::Warning, hires, message, advice));
        }
        Ok(findings)
    }
}
