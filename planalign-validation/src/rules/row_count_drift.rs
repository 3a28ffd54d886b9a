//! `row_count_drift`: nobody is lost or doubled between the file, staging, the baseline and the opening workforce.

use crate::counts::Probe;
use crate::rule::{Finding, Rule, RuleError, Severity};

/// In the start year from the census file to the opening workforce, later from last year's closing to it.
#[derive(Debug)]
pub(super) struct RowCountDrift(pub(super) Probe);

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
        select count(*) filter (employment_status = 'active') as people, count(*) as rows_of_year
        from int_workforce_state
        where simulation_year = $1 - 1
    ),
    opening as (
        select count(*) as people, count(distinct employee_id) as persons
        from int_employee_compensation_by_year
        where simulation_year = $1
    )
    select closing.people, opening.people, opening.persons, rows_of_year from closing, opening";

const ADVICE: &str =
    "this is a defect of the models or of the file's rows: roll back to the year before and run the year again";

impl Rule for RowCountDrift {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        if year == self.0.settings.start_year { self.against_census(year) } else { self.against_last_year(year) }
    }
}

impl RowCountDrift {
    fn against_census(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let counts = self.0.counts(&self.0.row(START_YEAR, year)?, year)?;
        let [file, accounted, accepted, staged, baseline, persons, opening] = counts[..] else {
            return Err(self.0.cannot_run(year, "its query has other columns"));
        };
        Ok(self.differences(
            year,
            &[
                ("rows of the census file", file, "accepted, rejected and left-out rows", accounted),
                ("accepted rows", accepted, "rows of stg_census_data", staged),
                ("accepted rows", accepted, "people in int_baseline_workforce", baseline),
                ("rows of int_baseline_workforce", baseline, "different people in it", persons),
                ("people in int_baseline_workforce", baseline, "people in int_employee_compensation_by_year", opening),
            ],
        ))
    }

    fn against_last_year(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let counts = self.0.counts(&self.0.row(LATER_YEAR, year)?, year)?;
        let [closing, opening, persons, rows_of_last_year] = counts[..] else {
            return Err(self.0.cannot_run(year, "its query has other columns"));
        };
        if rows_of_last_year == 0 {
            return Err(self.0.cannot_run(year, "int_workforce_state has no rows of the year before"));
        }
        Ok(self.differences(
            year,
            &[
                (
                    "people active at the end of the year before",
                    closing,
                    "people in int_employee_compensation_by_year",
                    opening,
                ),
                ("rows of int_employee_compensation_by_year", opening, "different people in it", persons),
            ],
        ))
    }

    fn differences(&self, year: i32, pairs: &[(&str, u64, &str, u64)]) -> Vec<Finding> {
        let differ = pairs.iter().filter(|(_, one, _, other)| one != other);
        let finding_of = |&(what, one, other_what, other): &(&str, u64, &str, u64)| {
            let message = format!("{one} {what}, but {other} {other_what}");
            self.0.finding(year, Severity::Error, one.abs_diff(other), message, ADVICE)
        };
        differ.map(finding_of).collect()
    }
}
