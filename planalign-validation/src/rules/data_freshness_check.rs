//! `data_freshness_check`: staging holds the census of this run, as of the day before its first year.

use std::sync::Arc;

use planalign_config::settings::census;

use planalign_config::Tables;

use crate::counts::{Probe, Unit, cannot_run, count};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Looks at the file again after it has been staged, and for people who were not there on the census date.
#[derive(Clone, Debug)]
pub struct DataFreshnessRule(pub(super) Arc<RuleSettings>);

impl Rule for DataFreshnessRule {
    fn name(&self) -> &'static str {
        "data_freshness_check"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let error = |count, message, advice| probe.finding(Severity::Error, count, message, advice);
        let mut findings = Vec::new();
        if let Some(origin) = &self.0.census {
            let file = origin.path.display();
            let advice = "keep the file as it is while a run reads it, and start again with --restart";
            match census::digest(&origin.path) {
                Ok(now) if now == origin.sha256 => {}
                Ok(_) => findings.push(error(1, format!("{file} has changed since the run began"), advice)),
                Err(e) => findings.push(error(1, format!("it cannot be told whether {file} has changed: {e}"), advice)),
            }
        }
        let start_year = self.0.start_year;
        let hired_later = format!(
            "select count(*) as people, count(*) filter (employee_hire_date >= make_date({start_year}, 1, 1)) as hired_later
            from stg_census_data"
        );
        let row = probe.row(&hired_later)?;
        if count(&row, "people")? == 0 {
            return Err(cannot_run("stg_census_data is empty"));
        }
        let later = count(&row, "hired_later")?;
        if later > 0 {
            let day = format!("{}-12-31", start_year - 1);
            let message = format!("stg_census_data is not as of {day}: {} hired after it", Unit::People.of(later));
            findings.push(error(later, message, "start again with --restart, and the census of that day"));
        }
        Ok(findings)
    }
}
