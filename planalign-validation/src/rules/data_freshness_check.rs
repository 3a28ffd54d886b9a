//! `data_freshness_check`: staging matches the run's census, dated the day before the first year.

use std::sync::Arc;

use planalign_config::{Tables, census};

use crate::counts::{Probe, Unit, count};
use crate::rule::{CheckError, Finding, Rule, Severity};
use crate::settings::RuleSettings;

/// Rereads the census file after staging, and looks for people hired after the census date.
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
            let advice = "don't change the file during a run; start over with `--restart`";
            match census::digest(&origin.path) {
                Ok(now) if now == origin.sha256 => {}
                Ok(_) => findings.push(error(1, format!("`{file}` changed since the run started"), advice)),
                Err(e) => findings.push(error(1, format!("cannot check whether `{file}` changed: {e}"), advice)),
            }
        }
        let start_year = self.0.start_year;
        let hired_later = format!(
            "select count(*) as people, count(*) filter (employee_hire_date >= make_date({start_year}, 1, 1)) as hired_later
            from stg_census_data"
        );
        let row = probe.row(&hired_later)?;
        let summary = probe.row("select accepted_rows from stg_census_summary")?;
        // Without accepted rows, `census_acceptance` says why.
        if count(&row, "people")? == 0 && count(&summary, "accepted_rows")? > 0 {
            findings.push(error(
                1,
                "`stg_census_data` is empty, but rows were accepted".to_owned(),
                "start over with `--restart`",
            ));
        }
        let later = count(&row, "hired_later")?;
        if later > 0 {
            let day = format!("{}-12-31", start_year - 1);
            let message = format!("`stg_census_data` isn't as of {day}: {} hired later", Unit::People.of(later));
            findings.push(error(later, message, "start over with `--restart` and a census as of that date"));
        }
        Ok(findings)
    }
}
