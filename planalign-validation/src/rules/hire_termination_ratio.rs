//! `hire_termination_ratio`: hires and terminations are in proportion, and planned ones happened.

use std::sync::Arc;

use planalign_config::Tables;
use planalign_config::fixed::grouped;

use crate::counts::{Probe, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Compares the year's events with its plan, and checks their ratio if headcount is nearly flat.
#[derive(Clone, Debug)]
pub struct HireTerminationRatioRule(pub(super) Arc<RuleSettings>);

const MOVES: &str = "
    with hired as (
        select count(*) as people from int_hiring_events
        where simulation_year = $1
    ),
    experienced as (
        select count(*) as people from int_termination_events
        where simulation_year = $1
    ),
    new_hires as (
        select count(*) as people from int_new_hire_termination_events
        where simulation_year = $1
    )
    select
        opening_headcount,
        target_headcount,
        hires as planned_hires,
        experienced_terminations + reduction_in_force + new_hire_terminations as planned_terminations,
        hired.people as hires_now,
        experienced.people + new_hires.people as terminations_now
    from int_workforce_needs, hired, experienced, new_hires
    where simulation_year = $1";

impl Rule for HireTerminationRatioRule {
    fn name(&self) -> &'static str {
        "hire_termination_ratio"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let row = probe.row(MOVES)?;
        let [opening, target] = counts(&row, ["opening_headcount", "target_headcount"])?;
        let [planned_hires, planned_terminations] = counts(&row, ["planned_hires", "planned_terminations"])?;
        let [hires, terminations] = counts(&row, ["hires_now", "terminations_now"])?;
        let warning = |count, message, advice| probe.finding(Severity::Warning, count, message, advice);
        let mut findings = Vec::new();
        for (what, planned, actual) in
            [("hires", planned_hires, hires), ("terminations", planned_terminations, terminations)]
        {
            if planned > 0 && actual == 0 {
                let message = format!("no {what}, though {} were planned", grouped(planned.into()));
                findings.push(warning(planned, message, "likely a bug in the event models"));
            }
        }
        let limits = &self.0.hire_termination;
        let share = |number: u64, millionths: i128| i128::from(number) * millionths;
        let is_steady = share(opening.abs_diff(target), 1_000_000) <= share(opening, limits.steady_growth.units());
        let is_out = share(hires, 1_000_000) < share(terminations, limits.minimum_ratio.units())
            || share(hires, 1_000_000) > share(terminations, limits.maximum_ratio.units());
        if is_steady && hires > 0 && terminations > 0 && is_out {
            let counted = [hires, terminations].map(|count| grouped(count.into()));
            let message =
                format!("{} hires for {} terminations, though headcount is nearly flat", counted[0], counted[1]);
            let advice = "check the termination rates under `workforce`, or adjust the thresholds under \
                          `validation.hire_termination_ratio`";
            findings.push(warning(hires.abs_diff(terminations), message, advice));
        }
        Ok(findings)
    }
}
