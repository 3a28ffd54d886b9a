//! A row of the census file, as text.

use super::person::Person;

/// The columns of the file, in order, and their types in Parquet.
pub(crate) const COLUMNS: [(&str, &str); 10] = [
    ("employee_id", "varchar"),
    ("employee_ssn", "varchar"),
    ("employee_birth_date", "date"),
    ("employee_hire_date", "date"),
    ("employee_termination_date", "date"),
    ("employee_gross_compensation", "decimal(12, 2)"),
    ("employee_deferral_rate", "decimal(7, 5)"),
    ("scheduled_hours_per_week", "decimal(5, 2)"),
    ("auto_escalation_opt_out", "boolean"),
    ("eligibility_override", "boolean"),
];

/// The fields of a row as text; empty if missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Unique, unless the row is meant to be defective.
    pub(crate) id: String,
    /// From an area never issued, and a group not used for taxpayer numbers.
    pub(crate) ssn: String,
    /// Date of birth.
    pub(crate) birth: String,
    /// Date of hire.
    pub(crate) hire: String,
    /// Last day of work.
    pub(crate) termination: String,
    /// Annual pay in dollars and cents.
    pub(crate) pay: String,
    /// Deferral as a fraction of pay.
    pub(crate) deferral_rate: String,
    /// Scheduled hours per week.
    pub(crate) weekly_hours: String,
    /// `true` for those who opted out of automatic increases.
    pub(crate) declines_escalation: String,
    /// `false` for those excluded from the plan, otherwise empty.
    pub(crate) eligibility: String,
}

impl Row {
    /// Creates a person's row with this number.
    pub(crate) fn new(number: u32, person: &Person) -> Self {
        Self {
            id: format!("EMP_{number:06}"),
            ssn: ssn(number),
            birth: person.birth.to_string(),
            hire: person.hire.to_string(),
            termination: person.termination.map(|day| day.to_string()).unwrap_or_default(),
            pay: format!("{}.{:02}", person.pay_cents / 100, person.pay_cents % 100),
            deferral_rate: format!("0.{:02}", person.deferral_percent),
            weekly_hours: person.weekly_hours.to_string(),
            declines_escalation: person.declines_escalation.to_string(),
            eligibility: if person.is_excluded { "false".to_owned() } else { String::new() },
        }
    }

    /// Returns the fields in column order.
    pub(crate) fn fields(&self) -> [&str; COLUMNS.len()] {
        [
            &self.id,
            &self.ssn,
            &self.birth,
            &self.hire,
            &self.termination,
            &self.pay,
            &self.deferral_rate,
            &self.weekly_hours,
            &self.declines_escalation,
            &self.eligibility,
        ]
    }
}

/// Areas from 900 were never issued; with groups up to 49, they aren't taxpayer numbers either.
fn ssn(number: u32) -> String {
    let area = 900 + number % 100;
    let group = 1 + number / 100 % 49;
    let serial = number / 4900 % 10_000;
    format!("{area}-{group:02}-{serial:04}")
}
