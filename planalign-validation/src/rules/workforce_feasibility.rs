//! `workforce_feasibility`: the year's planned terminations and hires are possible, checked before they happen.

use std::sync::Arc;

use planalign_config::Tables;
use planalign_config::fixed::grouped;

use crate::counts::{Probe, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Fatal if there are more terminations than employees or the target can't be met; a warning for unusually many hires.
#[derive(Clone, Debug)]
pub struct WorkforceFeasibilityRule(pub(super) Arc<RuleSettings>);

const NEEDS: &str = "
    select
        opening_headcount,
        experienced_terminations + reduction_in_force as terminations,
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
        let [terminations, hires, new_hire_terminations] =
            counts(&row, ["terminations", "hires", "new_hire_terminations"])?;
        let number = |count: u64| grouped(count.into());
        let fatal = |count, message, advice| probe.finding(Severity::Fatal, count, message, advice);
        let mut findings = Vec::new();
        if terminations > opening {
            let message =
                format!("{} terminations planned, but opening headcount is {}", number(terminations), number(opening));
            findings.push(fatal(terminations - opening, message, "lower `workforce.total_termination_rate`"));
        }
        if new_hire_terminations > hires {
            let message = format!(
                "{} new-hire terminations planned, but only {} hires",
                number(new_hire_terminations),
                number(hires)
            );
            let advice = "lower `workforce.new_hire_termination_rate`";
            findings.push(fatal(new_hire_terminations - hires, message, advice));
        }
        if closing != target {
            let message = format!("planned closing headcount is {}; target is {}", number(closing), number(target));
            let advice =
                "change `simulation.target_growth_rate`: too few employees can be terminated to reach the target";
            findings.push(fatal(closing.abs_diff(target), message, advice));
        }
        let remarkable = self.0.maximum_hire_share.units();
        if i128::from(hires) * 1_000_000 > i128::from(opening) * remarkable {
            let message = format!("{} hires planned for an opening headcount of {}", number(hires), number(opening));
            let advice = "check `simulation.target_growth_rate` and the termination rates under `workforce`";
            findings.push(probe.finding(Severity::Warning, hires, message, advice));
        }
        Ok(findings)
    }
}
