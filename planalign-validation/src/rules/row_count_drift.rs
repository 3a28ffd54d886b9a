//! `row_count_drift`: no one is lost or duplicated between the file, staging, the baseline, and the opening workforce.

use std::sync::Arc;

use planalign_config::Tables;
use planalign_config::fixed::grouped;

use crate::counts::{Probe, cannot_run, counts};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Compares counts from the census file to the opening workforce in the start year, and with the prior year's closing later.
#[derive(Clone, Debug)]
pub struct RowCountDriftRule(pub(super) Arc<RuleSettings>);

const START_YEAR: &str = "
    with baseline as (
        select count(*) as people, count(distinct employee_id) as persons
        from int_baseline_workforce
        where simulation_year = $1
    ),
    opening as (
        select count(*) as people
        from int_employee_compensation_by_year
        where simulation_year = $1
    )
    select
        file_rows,
        accepted_rows + rejected_rows + left_out_rows as accounted_rows,
        accepted_rows,
        (select count(*) from stg_census_data) as staged,
        baseline.people as baseline,
        baseline.persons,
        opening.people as opening
    from stg_census_summary, baseline, opening";

const LATER_YEAR: &str = "
    with closing as (
        select count(*) filter (employment_status = 'active') as people, count(*) as rows_of_last_year
        from int_workforce_state
        where simulation_year = $1 - 1
    ),
    opening as (
        select count(*) as people, count(distinct employee_id) as persons
        from int_employee_compensation_by_year
        where simulation_year = $1
    )
    select closing.people as closing, opening.people as opening, opening.persons, rows_of_last_year
    from closing, opening";

const ADVICE: &str =
    "likely a bug in the models or in the file's rows: restore the prior year's last checkpoint and rerun this year";

impl Rule for RowCountDriftRule {
    fn name(&self) -> &'static str {
        "row_count_drift"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        if year == self.0.start_year { against_census(&probe) } else { against_last_year(&probe) }
    }
}

fn against_census(probe: &Probe<'_>) -> Result<Vec<Finding>, CheckError> {
    let row = probe.row(START_YEAR)?;
    let [file, accounted, accepted] = counts(&row, ["file_rows", "accounted_rows", "accepted_rows"])?;
    let [staged, baseline, persons, opening] = counts(&row, ["staged", "baseline", "persons", "opening"])?;
    Ok(differences(
        probe,
        &[
            ("rows in the census file", file, "accepted, rejected, or skipped", accounted),
            ("accepted rows", accepted, "in `stg_census_data`", staged),
            ("accepted rows", accepted, "in `int_baseline_workforce`", baseline),
            ("rows in `int_baseline_workforce`", baseline, "different people", persons),
            ("people in `int_baseline_workforce`", baseline, "in `int_employee_compensation_by_year`", opening),
        ],
    ))
}

fn against_last_year(probe: &Probe<'_>) -> Result<Vec<Finding>, CheckError> {
    let columns = ["closing", "opening", "persons", "rows_of_last_year"];
    let [closing, opening, persons, rows_of_last_year] = counts(&probe.row(LATER_YEAR)?, columns)?;
    if rows_of_last_year == 0 {
        return Err(cannot_run("`int_workforce_state` has no rows for the prior year"));
    }
    Ok(differences(
        probe,
        &[
            (
                "active employees at the end of the prior year",
                closing,
                "in `int_employee_compensation_by_year`",
                opening,
            ),
            ("rows in `int_employee_compensation_by_year`", opening, "different people", persons),
        ],
    ))
}

fn differences(probe: &Probe<'_>, pairs: &[(&str, u64, &str, u64)]) -> Vec<Finding> {
    let differ = pairs.iter().filter(|(_, one, _, other)| one != other);
    let finding_of = |&(what, one, other_what, other): &(&str, u64, &str, u64)| {
        let [first, second] = [one, other].map(|count| grouped(count.into()));
        let message = format!("{first} {what}, but {second} {other_what}");
        probe.finding(Severity::Error, one.abs_diff(other), message, ADVICE)
    };
    differ.map(finding_of).collect()
}
