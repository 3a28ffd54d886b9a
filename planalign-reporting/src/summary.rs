//! The summary of several years, and its layout as CSV.

use serde::{Deserialize, Serialize};

use crate::year_audit::{LAYOUT_VERSION, YearAudit};

/// The years of a run, one audit each. As CSV: a row per year, a column per headline figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultiYearSummary {
    /// [`LAYOUT_VERSION`].
    pub layout_version: u32,
    /// The audits, by year.
    pub years: Vec<YearAudit>,
}

/// Types of simulation events that have a column whether or not the years have such events.
pub const EVENT_TYPES: [&str; 8] = [
    "hire",
    "termination",
    "promotion",
    "raise",
    "eligibility",
    "enrollment",
    "enrollment_change",
    "deferral_escalation",
];

impl MultiYearSummary {
    /// Puts audits together.
    #[must_use]
    pub fn new(years: Vec<YearAudit>) -> Self {
        Self { layout_version: LAYOUT_VERSION, years }
    }

    /// The CSV file: a header, and a row per year. Money has two decimals, rates have six; what does not exist is empty.
    /// Nothing in it differs between two runs of the same inputs.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let event_types = self.event_types();
        for (i, audit) in self.years.iter().enumerate() {
            let cells = cells(audit, &event_types);
            if i == 0 {
                writer.write_record(cells.iter().map(|(name, _)| name.as_str()))?;
            }
            writer.write_record(cells.iter().map(|(_, value)| value.as_str()))?;
        }
        writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
    }

    /// The known types first, then those that only some year has.
    fn event_types(&self) -> Vec<String> {
        let mut types: Vec<String> = EVENT_TYPES.map(str::to_owned).to_vec();
        for name in self.years.iter().flat_map(|y| y.events.keys()) {
            if !types.contains(name) {
                types.push(name.clone());
            }
        }
        types
    }
}

/// One row with the names of its columns.
fn cells(audit: &YearAudit, event_types: &[String]) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    let mut cell = |name: &str, value: &dyn ToString| cells.push((name.to_owned(), value.to_string()));
    cell("scenario_id", &audit.provenance.scenario_id);
    cell("plan_design_id", &audit.provenance.plan_design_id);
    cell("year", &audit.year);
    let headcount = &audit.headcount;
    cell("opening_headcount", &headcount.opening);
    cell("leavers", &headcount.leavers);
    cell("hires", &headcount.hires);
    cell("new_hire_leavers", &headcount.new_hire_leavers);
    cell("closing_headcount", &headcount.closing);
    cell("target_headcount", &headcount.target);
    cell("growth", &or_empty(headcount.growth));
    cell("hire_termination_ratio", &or_empty(headcount.hire_termination_ratio));
    for name in event_types {
        cell(&format!("events_{name}"), audit.events.get(name).unwrap_or(&0));
    }
    cell("payroll", &audit.pay.payroll);
    cell("average_pay", &or_empty(audit.pay.average));
    cell("earned_pay", &audit.pay.earned);
    let participation = &audit.participation;
    cell("eligible", &participation.eligible);
    cell("enrolled", &participation.enrolled);
    cell("participating", &participation.participating);
    cell("participation_rate", &or_empty(participation.participation_rate));
    cell("average_deferral_rate", &or_empty(participation.average_deferral_rate));
    cell("contributors", &audit.contributions.people);
    cell("employee_contributions", &audit.contributions.total);
    cell("catch_up_contributions", &audit.contributions.catch_up);
    cell("employer_match", &audit.employer.matched);
    cell("employer_core", &audit.employer.core);
    cell("employer_total", &audit.employer.total);
    cell("employer_share_of_earned", &or_empty(audit.employer.share_of_earned));
    cell("reached_402g", &audit.limits.reached_402g);
    let found = &audit.finding_counts;
    cell("findings_info", &found.info);
    cell("findings_warning", &found.warning);
    cell("findings_error", &found.error);
    cell("findings_fatal", &found.fatal);
    cell("layout_version", &audit.layout_version);
    cells
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}
