//! `workforce_totals`: the year's headcount adds up and meets the target.

use planalign_config::Tables;
use planalign_config::fixed::grouped;

use crate::counts::{Probe, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};

/// Compares the snapshot with the opening workforce, the events, and the target.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkforceTotalsRule;

const HEADCOUNTS: &str = "
    with opening as (
        select count(*) as people
        from int_employee_compensation_by_year
        where simulation_year = $1
    ),
    moves as (
        select
            count(*) filter (event_type = 'hire') as hires,
            count(*) filter (event_category = 'termination') as terminations,
            count(*) filter (event_category = 'new_hire_termination') as new_hire_terminations
        from fct_yearly_events
        where simulation_year = $1
    ),
    closing as (
        select
            count(*) as present,
            count(*) filter (employment_status = 'active') as active,
            count(*) filter (detailed_status_code in ('continuous_active', 'new_hire_active')) as active_by_detail
        from fct_workforce_snapshot
        where simulation_year = $1
    )
    select
        opening.people as opening, moves.terminations, moves.hires, moves.new_hire_terminations,
        present, active, active_by_detail, needs.target_headcount
    from int_workforce_needs as needs, opening, moves, closing
    where simulation_year = $1";

const ADVICE: &str = "likely a bug in the models: restore the prior year's last checkpoint and rerun this year";

impl Rule for WorkforceTotalsRule {
    fn name(&self) -> &'static str {
        "workforce_totals"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let row = probe.row(HEADCOUNTS)?;
        let [opening, terminations, hires, new_hire_terminations] =
            counts(&row, ["opening", "terminations", "hires", "new_hire_terminations"])?;
        let [present, active, active_by_detail, target] =
            counts(&row, ["present", "active", "active_by_detail", "target_headcount"])?;
        let mut findings = Vec::new();
        let mut compare = |is: u64, should: u64, message: String| {
            if is != should {
                findings.push(probe.finding(Severity::Error, is.abs_diff(should), message, ADVICE));
            }
        };
        let number = |count: u64| grouped(count.into());
        let closing = format!("closing headcount is {}", number(active));
        compare(active, target, format!("{closing}; target is {}", number(target)));
        let bridge = (opening + hires).saturating_sub(terminations + new_hire_terminations);
        let [terminations, new_hire_terminations, sum] = [terminations, new_hire_terminations, bridge].map(number);
        let [at_opening, added] = [opening, hires].map(number);
        let sum = format!(
            "{at_opening} - {terminations} terminations + {added} hires - {new_hire_terminations} new-hire terminations = {sum}"
        );
        compare(active, bridge, format!("{closing}, but {sum}"));
        let in_snapshot = format!("{} people in the snapshot", number(present));
        compare(present, opening + hires, format!("{in_snapshot}, but {at_opening} at opening + {added} hires"));
        let active_employees = format!("{} active employees in the snapshot", number(active));
        let detail = format!("{active_employees}, but {} by detailed status", number(active_by_detail));
        compare(active_by_detail, active, detail);
        Ok(findings)
    }
}
