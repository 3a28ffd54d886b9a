//! `workforce_totals`: the headcount of the year adds up, and is the one that was wanted.

use planalign_config::Tables;

use crate::counts::{Probe, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};

/// Compares the snapshot with the opening workforce, the events and the target.
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
            count(*) filter (event_category = 'termination') as leavers,
            count(*) filter (event_category = 'new_hire_termination') as new_hire_leavers
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
        opening.people as opening, leavers, moves.hires, new_hire_leavers,
        present, active, active_by_detail, needs.target_headcount
    from int_workforce_needs as needs, opening, moves, closing
    where simulation_year = $1";

const ADVICE: &str = "this is a defect of the models: roll back to the year before and run the year again";

impl Rule for WorkforceTotalsRule {
    fn name(&self) -> &'static str {
        "workforce_totals"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let row = probe.row(HEADCOUNTS)?;
        let [opening, leavers, hires, new_hire_leavers] =
            counts(&row, ["opening", "leavers", "hires", "new_hire_leavers"])?;
        let [present, active, active_by_detail, target] =
            counts(&row, ["present", "active", "active_by_detail", "target_headcount"])?;
        let mut findings = Vec::new();
        let mut compare = |is: u64, should: u64, message: String| {
            if is != should {
                findings.push(probe.finding(Severity::Error, is.abs_diff(should), message, ADVICE));
            }
        };
        compare(active, target, format!("the snapshot closes with {active} people; the target is {target}"));
        let bridge = (opening + hires).saturating_sub(leavers + new_hire_leavers);
        let sum =
            format!("{opening} - {leavers} leavers + {hires} hires - {new_hire_leavers} new-hire leavers = {bridge}");
        compare(active, bridge, format!("the snapshot closes with {active} people, but {sum}"));
        compare(
            present,
            opening + hires,
            format!("{present} people in the snapshot, but {opening} + {hires} hires were there"),
        );
        let detail = format!("{active} people are active in the snapshot, {active_by_detail} by their detailed status");
        compare(active_by_detail, active, detail);
        Ok(findings)
    }
}
