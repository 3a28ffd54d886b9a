//! `data_freshness_check`: staging holds the census of this run, as of the day before its first year.

use planalign_config::census;

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};

/// Looks at the file again after it has been staged, and for people who were not there on the census date.
#[derive(Debug)]
pub(super) struct DataFreshness(pub(super) Probe);

impl Rule for DataFreshness {
    fn name(&self) -> &str {
        &self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let error = |count, message, advice| self.0.finding(year, Severity::Error, count, message, advice);
        let mut findings = Vec::new();
        if let Some(origin) = &self.0.settings.census {
            let file = origin.path.display();
            let advice = "keep the file as it is while a run reads it, and start again with --restart";
            match census::digest(&origin.path) {
                Ok(now) if now == origin.sha256 => {}
                Ok(_) => findings.push(error(1, format!("{file} has changed since the run began"), advice)),
                Err(e) => findings.push(error(1, format!("it cannot be told whether {file} has changed: {e}"), advice)),
            }
        }
        let start_year = self.0.settings.start_year;
        let hired_later = format!(
            "select count(*), count(*) filter (employee_hire_date >= make_date({start_year}, 1, 1)) from stg_census_data"
        );
        let row = self.0.only_row(self.0.rows_of_all(&hired_later, year)?, year)?;
        if self.0.count(&row, 0, year)? == 0 {
            return Err(self.0.cannot_run(year, "stg_census_data is empty"));
        }
        let later = self.0.count(&row, 1, year)?;
        if later > 0 {
            let day = format!("{}-12-31", start_year - 1);
            let message = format!("stg_census_data is not as of {day}: {} hired after it", Unit::People.of(later));
            findings.push(error(later, message, "start again with --restart, and the census of that day"));
        }
        Ok(findings)
    }
}
