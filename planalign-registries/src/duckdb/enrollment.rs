//! Enrollments and opt-outs, derived from the events.

use planalign_config::Database;
use planalign_config::Value;

use super::registry_table::{Differences, RegistryTable};
use crate::registry::{Disagreement, Registry, RegistryError, RegistrySnapshot};

/// Tracks enrollments and opt-outs. One row per person employed during the year (terminations with their state at termination)
/// in `planalign.enrollment_registry`, which [`DuckRunStore::open`](super::DuckRunStore::open) creates.
#[derive(Debug)]
pub struct EnrollmentRegistry {
    table: RegistryTable,
}

/// A person's state at the end of a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentState {
    /// Whether the person is enrolled and deferring.
    pub is_enrolled: bool,
    /// How the person last enrolled: `census`, `auto_enrollment`, or `voluntary_enrollment`; `None`: never.
    pub source: Option<String>,
    /// Date of the first simulated enrollment; the census has no dates.
    pub first_enrollment_date: Option<String>,
    /// Date of the latest simulated enrollment.
    pub enrollment_date: Option<String>,
    /// Date of the last opt-out.
    pub opt_out_date: Option<String>,
    /// Termination date, if in the year.
    pub left_on: Option<String>,
}

const NAME: &str = "enrollment";

/// People in the census.
const OPENING_OF_START_YEAR: &str = "
    select employee_id, is_enrolled_at_census as is_enrolled, null::date as first_enrollment_date,
        null::date as enrollment_date, case when is_enrolled_at_census then 'census' end as source, null::date as opt_out_date
    from {main}.int_baseline_workforce where simulation_year = {year}";

/// People who hadn't terminated.
const OPENING_OF_LATER_YEARS: &str = "
    select employee_id, is_enrolled, first_enrollment_date, enrollment_date, source, opt_out_date
    from {planalign}.enrollment_registry where simulation_year = {last_year} and left_on is null";

/// Opening state, hires, and each person's last events.
const UPDATE: &str = "
with events as not materialized (
    select * from {main}.fct_yearly_events
    where simulation_year = {year} and event_type in ('hire', 'enrollment', 'enrollment_change', 'termination')
), people as (
    {opening}
    union all
    select employee_id, false, null, null, null, null from events where event_type = 'hire'
), changes as (
    select employee_id,
        arg_max(event_type, event_sequence) filter (event_type in ('enrollment', 'enrollment_change')) as last_change,
        min(effective_date) filter (event_type = 'enrollment') as first_enrolled_on,
        max(effective_date) filter (event_type = 'enrollment') as enrolled_on,
        arg_max(event_category, event_sequence) filter (event_type = 'enrollment') as method,
        max(effective_date) filter (event_type = 'enrollment_change') as opted_out_on,
        max(effective_date) filter (event_type = 'termination') as left_on
    from events where event_type <> 'hire' group by employee_id
)
select {year}, employee_id, is_enrolled, coalesce(last_change = 'enrollment', is_enrolled),
    coalesce(first_enrollment_date, first_enrolled_on), coalesce(enrolled_on, enrollment_date), coalesce(method, source),
    coalesce(opted_out_on, opt_out_date), left_on
from people left join changes using (employee_id)";

/// The accumulator assigns dates to enrollments from the census, which has none.
const SUMS: &str = "
select true as is_ours, count(*) as people, sum(hash(employee_id, is_enrolled, enrollment_date, source::varchar, opt_out_date))
from {planalign}.enrollment_registry where simulation_year = {year}
union all
select false, count(*), sum(hash(employee_id, is_enrolled,
    case when enrollment_method is distinct from 'census' then enrollment_date end, enrollment_method::varchar, opt_out_date))
from {main}.int_enrollment_state_accumulator where simulation_year = {year}";

const DIFFERENCES: &[Differences] = &[Differences {
    compared: "
with ours as (from {planalign}.enrollment_registry where simulation_year = {year}),
theirs as (from {main}.int_enrollment_state_accumulator where simulation_year = {year}),
people as (
    select employee_id, theirs.employee_id is null as is_missing, ours.employee_id is null as is_new,
        row_number() over (partition by employee_id) > 1 as is_duplicate,
        ours.is_enrolled and not theirs.is_enrolled as only_ours, not ours.is_enrolled and theirs.is_enrolled as only_theirs,
        not is_missing and not is_new and ours.enrollment_date is distinct from theirs.enrollment_date
            and theirs.enrollment_method is distinct from 'census' as other_date,
        not is_missing and not is_new and ours.source is distinct from theirs.enrollment_method as other_method,
        not is_missing and not is_new and ours.opt_out_date is distinct from theirs.opt_out_date as other_opt_out
    from ours full join theirs using (employee_id)
)",
    kinds: &[
        ("people in the registry but not in int_enrollment_state_accumulator", "is_missing"),
        ("people in int_enrollment_state_accumulator but not in the census or hires", "is_new"),
        ("duplicate people in the registry or in int_enrollment_state_accumulator", "is_duplicate"),
        ("enrolled by the events but not in int_enrollment_state_accumulator", "only_ours"),
        ("enrolled in int_enrollment_state_accumulator but not by the events", "only_theirs"),
        ("different enrollment date in int_enrollment_state_accumulator", "other_date"),
        ("different enrollment method in int_enrollment_state_accumulator", "other_method"),
        ("different opt-out date in int_enrollment_state_accumulator", "other_opt_out"),
    ],
}];

impl EnrollmentRegistry {
    /// Opens the registry of a database that has its table.
    pub fn new(db: Database) -> Result<Self, RegistryError> {
        Ok(Self { table: RegistryTable::new(db, NAME, "enrollment_registry")? })
    }

    /// Returns the number of people enrolled at the end of the year, without terminations.
    pub fn enrolled_in(&self, year: i32) -> Result<u64, RegistryError> {
        let sql = "select count(*) from {planalign}.enrollment_registry
            where simulation_year = {year} and is_enrolled and left_on is null";
        self.table.number(year, "count the enrolled", sql)
    }

    /// Returns the sorted IDs of people enrolled at the end of the year, without terminations.
    pub fn people_enrolled_in(&self, year: i32) -> Result<Vec<String>, RegistryError> {
        let sql = "select employee_id from {planalign}.enrollment_registry
            where simulation_year = {year} and is_enrolled and left_on is null order by employee_id";
        self.table.texts(year, "list the enrolled", sql, "employee_id")
    }

    /// Returns whether a person is enrolled at the end of the year; `None` if the person isn't in the registry.
    pub fn is_enrolled(&self, employee_id: &str, year: i32) -> Result<Option<bool>, RegistryError> {
        Ok(self.state_of(employee_id, year)?.map(|s| s.is_enrolled))
    }

    /// Returns a person's state at the end of the year; `None` if the person isn't in the registry.
    pub fn state_of(&self, employee_id: &str, year: i32) -> Result<Option<EnrollmentState>, RegistryError> {
        let sql = "select is_enrolled, source, first_enrollment_date, enrollment_date, opt_out_date, left_on
            from {planalign}.enrollment_registry where simulation_year = {year} and employee_id = ?";
        self.table.one(year, "look a person up", sql, &[Value::from(employee_id)], |row| {
            Ok(EnrollmentState {
                is_enrolled: row.boolean("is_enrolled")? == Some(true),
                source: row.text("source")?,
                first_enrollment_date: row.text("first_enrollment_date")?,
                enrollment_date: row.text("enrollment_date")?,
                opt_out_date: row.text("opt_out_date")?,
                left_on: row.text("left_on")?,
            })
        })
    }
}

impl Registry for EnrollmentRegistry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn update(&mut self, year: i32, start_year: i32) -> Result<u64, RegistryError> {
        let opening = if year == start_year { OPENING_OF_START_YEAR } else { OPENING_OF_LATER_YEARS };
        self.table.replace(year, &UPDATE.replace("{opening}", opening))
    }

    fn check(&self, year: i32) -> Result<Vec<Disagreement>, RegistryError> {
        self.table.disagreements(year, SUMS, DIFFERENCES)
    }

    fn snapshot(&self, year: i32) -> Result<RegistrySnapshot, RegistryError> {
        self.table.snapshot(year)
    }

    fn restore(&mut self, year: Option<i32>) -> Result<(), RegistryError> {
        self.table.restore(year)
    }
}

#[cfg(test)]
mod tests;
