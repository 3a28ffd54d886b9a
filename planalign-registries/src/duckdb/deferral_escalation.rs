//! Deferral rates and their automatic increases, derived from the events.

use planalign_config::Database;
use planalign_config::Value;

use super::registry_table::{Differences, RegistryTable, unsigned};
use crate::registry::{Disagreement, Registry, RegistryError, RegistrySnapshot};

/// Tracks deferral rates and their automatic increases. One row per person employed during the year (terminations with their
/// state at termination) in `planalign.deferral_escalation_registry`, which [`DuckRunStore::open`](super::DuckRunStore::open)
/// creates.
#[derive(Debug)]
pub struct DeferralEscalationRegistry {
    table: RegistryTable,
}

/// A person's state at the end of a year. Rates are fractions of pay with six decimals, such as `0.060000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferralState {
    /// Whether the person opted out of automatic increases, according to the census.
    pub opted_out: bool,
    /// First deferral rate, from the census or the first enrollment; `None`: never deferred.
    pub original_rate: Option<String>,
    /// Current deferral rate; zero for people who don't defer.
    pub current_rate: String,
    /// Number of automatic increases so far.
    pub escalations: u64,
    /// Sum of the increases.
    pub escalation_amount: String,
    /// Date of the last increase.
    pub last_escalation_date: Option<String>,
}

const NAME: &str = "deferral_escalation";

/// People in the census.
const OPENING_OF_START_YEAR: &str = "
    select employee_id, auto_escalation_opt_out as opted_out,
        case when is_enrolled_at_census then census_deferral_rate end as original_rate, census_deferral_rate as current_rate,
        0 as escalations, 0::decimal(9, 6) as escalation_amount, null::date as last_escalation_date
    from {main}.int_baseline_workforce where simulation_year = {year}";

/// People who hadn't terminated.
const OPENING_OF_LATER_YEARS: &str = "
    select employee_id, opted_out, original_rate, current_rate, escalations, escalation_amount,
        last_escalation_date
    from {planalign}.deferral_escalation_registry where simulation_year = {last_year} and left_on is null";

/// Opening state, hires, and each person's last events.
const UPDATE: &str = "
with events as not materialized (
    select * from {main}.fct_yearly_events
    where simulation_year = {year} and event_type in ('hire', 'enrollment', 'enrollment_change', 'deferral_escalation', 'termination')
), people as (
    {opening}
    union all
    select employee_id, false, null, 0, 0, 0, null from events where event_type = 'hire'
), changes as (
    select employee_id,
        arg_max(employee_deferral_rate, event_sequence) filter (event_type <> 'termination') as last_rate,
        arg_min(employee_deferral_rate, event_sequence) filter (event_type = 'enrollment') as first_rate,
        count(*) filter (event_type = 'deferral_escalation') as increases,
        sum(employee_deferral_rate - prev_employee_deferral_rate) filter (event_type = 'deferral_escalation') as increase,
        max(effective_date) filter (event_type = 'deferral_escalation') as increased_on,
        max(effective_date) filter (event_type = 'termination') as left_on
    from events where event_type <> 'hire' group by employee_id
)
select {year}, employee_id, opted_out, coalesce(original_rate, first_rate), current_rate,
    coalesce(last_rate, current_rate), escalations + coalesce(increases, 0), escalation_amount + coalesce(increase, 0),
    coalesce(increased_on, last_escalation_date), left_on
from people left join changes using (employee_id)";

const SUMS: &str = "
select true as is_ours, count(*) as people, sum(hash(employee_id, current_rate, original_rate)),
    sum(hash(employee_id, escalations, escalation_amount, last_escalation_date, opted_out))
from {planalign}.deferral_escalation_registry where simulation_year = {year}
union all
select false, count(*), sum(hash(employee_id, current_deferral_rate, original_deferral_rate)), null
from {main}.int_deferral_rate_state_accumulator where simulation_year = {year}
union all
select false, count(*), null,
    sum(hash(employee_id, total_deferral_escalations, total_escalation_amount, last_escalation_date, auto_escalation_opt_out))
from {main}.int_deferral_escalation_state_accumulator where simulation_year = {year}";

const DIFFERENCES: &[Differences] = &[
    Differences {
        compared: "
with ours as (from {planalign}.deferral_escalation_registry where simulation_year = {year}),
theirs as (from {main}.int_deferral_rate_state_accumulator where simulation_year = {year}),
people as (
    select employee_id, theirs.employee_id is null as is_missing, ours.employee_id is null as is_new,
        row_number() over (partition by employee_id) > 1 as is_duplicate,
        ours.current_rate <> theirs.current_deferral_rate as other_rate,
        not is_missing and not is_new and ours.original_rate is distinct from theirs.original_deferral_rate as other_origin
    from ours full join theirs using (employee_id)
)",
        kinds: &[
            ("people in the registry but not in int_deferral_rate_state_accumulator", "is_missing"),
            ("people in int_deferral_rate_state_accumulator but not in the census or hires", "is_new"),
            ("duplicate people in the registry or in int_deferral_rate_state_accumulator", "is_duplicate"),
            ("different deferral rate in int_deferral_rate_state_accumulator", "other_rate"),
            ("different original deferral rate in int_deferral_rate_state_accumulator", "other_origin"),
        ],
    },
    Differences {
        compared: "
with ours as (from {planalign}.deferral_escalation_registry where simulation_year = {year}),
theirs as (from {main}.int_deferral_escalation_state_accumulator where simulation_year = {year}),
people as (
    select employee_id, theirs.employee_id is null as is_missing, ours.employee_id is null as is_new,
        row_number() over (partition by employee_id) > 1 as is_duplicate,
        ours.escalations <> theirs.total_deferral_escalations as other_number,
        ours.escalation_amount <> theirs.total_escalation_amount as other_sum,
        not is_missing and not is_new and ours.last_escalation_date is distinct from theirs.last_escalation_date as other_date,
        not is_missing and not is_new and ours.opted_out is distinct from theirs.auto_escalation_opt_out as other_refusal
    from ours full join theirs using (employee_id)
)",
        kinds: &[
            ("people in the registry but not in int_deferral_escalation_state_accumulator", "is_missing"),
            ("people in int_deferral_escalation_state_accumulator but not in the census or hires", "is_new"),
            ("duplicate people in the registry or in int_deferral_escalation_state_accumulator", "is_duplicate"),
            ("different number of increases in int_deferral_escalation_state_accumulator", "other_number"),
            ("different sum of increases in int_deferral_escalation_state_accumulator", "other_sum"),
            ("different date of the last increase in int_deferral_escalation_state_accumulator", "other_date"),
            ("different opt-out from increases in int_deferral_escalation_state_accumulator", "other_refusal"),
        ],
    },
];

impl DeferralEscalationRegistry {
    /// Opens the registry of a database that has its table.
    pub fn new(db: Database) -> Result<Self, RegistryError> {
        Ok(Self { table: RegistryTable::new(db, NAME, "deferral_escalation_registry")? })
    }

    /// Returns a person's number of automatic increases through the end of the year; `None` if the person isn't in the registry.
    pub fn escalations(&self, employee_id: &str, year: i32) -> Result<Option<u64>, RegistryError> {
        Ok(self.state_of(employee_id, year)?.map(|s| s.escalations))
    }

    /// Returns the number of people with an increase in the year.
    pub fn escalated_in(&self, year: i32) -> Result<u64, RegistryError> {
        let sql = "select count(*) from {planalign}.deferral_escalation_registry
            where simulation_year = {year} and year(last_escalation_date) = {year}";
        self.table.number(year, "count increases", sql)
    }

    /// Returns a person's state at the end of the year; `None` if the person isn't in the registry.
    pub fn state_of(&self, employee_id: &str, year: i32) -> Result<Option<DeferralState>, RegistryError> {
        let sql = "select opted_out, original_rate, current_rate, escalations, escalation_amount, last_escalation_date
            from {planalign}.deferral_escalation_registry where simulation_year = {year} and employee_id = ?";
        self.table.one(year, "look a person up", sql, &[Value::from(employee_id)], |row| {
            Ok(DeferralState {
                opted_out: row.boolean("opted_out")? == Some(true),
                original_rate: row.text("original_rate")?,
                current_rate: row.text("current_rate")?.unwrap_or_default(),
                escalations: unsigned(row.value("escalations")?),
                escalation_amount: row.text("escalation_amount")?.unwrap_or_default(),
                last_escalation_date: row.text("last_escalation_date")?,
            })
        })
    }
}

impl Registry for DeferralEscalationRegistry {
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
