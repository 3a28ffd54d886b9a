//! `hire_termination_ratio`: hires and leavers are in proportion, and there are some where some were planned.

use std::sync::Arc;

use planalign_config::Tables;

use crate::counts::{Probe, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// The events of the year against its plan; their ratio, if the headcount hardly changes.
#[derive(Clone, Debug)]
pub struct HireTerminationRatioRule(pub(super) Arc<RuleSettings>);

const MOVES: &str = "
    with hired as (
        select count(*) as people from int_hiring_events
        where simulation_year = $1
    ),
    leaving as (
        select count(*) as people from int_termination_events
        where simulation_year = $1
    ),
    leaving_again as (
        select count(*) as people from int_new_hire_termination_events
        where simulation_year = $1
    )
    select
        opening_headcount,
        target_headcount,
        hires as planned_hires,
        experienced_terminations + reduction_in_force + new_hire_terminations as planned_leavers,
        hired.people as hires_now,
        leaving.people + leaving_again.people as leavers_now
    from int_workforce_needs, hired, leaving, leaving_again
    where simulation_year = $1";

impl Rule for HireTerminationRatioRule {
    fn name(&self) -> &'static str {
        "hire_termination_ratio"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let row = probe.row(MOVES)?;
        let [opening, target] = counts(&row, ["opening_headcount", "target_headcount"])?;
        let [planned_hires, planned_leavers] = counts(&row, ["planned_hires", "planned_leavers"])?;
        let [hires, leavers] = counts(&row, ["hires_now", "leavers_now"])?;
        let warning = |count, message, advice| probe.finding(Severity::Warning, count, message, advice);
        let mut findings = Vec::new();
        for (what, planned, happening) in [("hires", planned_hires, hires), ("leavers", planned_leavers, leavers)] {
            if planned > 0 && happening == 0 {
                let message = format!("{planned} {what} are planned, and there are none");
                findings.push(warning(planned, message, "this is a defect of the event models"));
            }
        }
        let limits = &self.0.hire_termination;
        let share = |number: u64, millionths: i128| i128::from(number) * millionths;
        let is_steady = share(opening.abs_diff(target), 1_000_000) <= share(opening, limits.steady_growth.units());
        let is_out = share(hires, 1_000_000) < share(leavers, limits.minimum_ratio.units())
            || share(hires, 1_000_000) > share(leavers, limits.maximum_ratio.units());
        if is_steady && hires > 0 && leavers > 0 && is_out {
            let message = format!("{hires} hires to {leavers} leavers, though the headcount hardly changes");
            let advice =
                "look at the termination rates under workforce; validation.hire_termination_ratio has the thresholds";
            findings.push(warning(hires.abs_diff(leavers), message, advice));
        }
        Ok(findings)
    }
}
