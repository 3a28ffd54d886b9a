//! Databases with handwritten versions of the model tables that registries read.

use planalign_config::{Database, DatabaseOptions};

use super::DuckRunStore;

pub(crate) fn options() -> DatabaseOptions {
    DatabaseOptions { threads: Some(2), ..DatabaseOptions::default() }
}

/// An in-memory database with the run record and empty model tables.
pub(crate) fn models() -> Database {
    let db = Database::in_memory(&options()).expect("open");
    DuckRunStore::open(db.clone()).expect("create");
    db.execute_batch(
        "create table int_baseline_workforce (
            scenario_id varchar, plan_design_id varchar, simulation_year integer, employee_id varchar,
            auto_escalation_opt_out boolean, is_enrolled_at_census boolean, census_deferral_rate decimal(9, 6));
        create table fct_yearly_events (
            scenario_id varchar, plan_design_id varchar, simulation_year integer, employee_id varchar,
            event_type varchar, event_category varchar, effective_date date,
            employee_deferral_rate decimal(9, 6), prev_employee_deferral_rate decimal(9, 6), event_sequence integer);
        create table int_enrollment_state_accumulator (
            scenario_id varchar, plan_design_id varchar, simulation_year integer, employee_id varchar,
            is_enrolled boolean, enrollment_date date, enrollment_method varchar, opt_out_date date);
        create table int_deferral_rate_state_accumulator (
            scenario_id varchar, plan_design_id varchar, simulation_year integer, employee_id varchar,
            current_deferral_rate decimal(9, 6), original_deferral_rate decimal(9, 6));
        create table int_deferral_escalation_state_accumulator (
            scenario_id varchar, plan_design_id varchar, simulation_year integer, employee_id varchar,
            auto_escalation_opt_out boolean, total_deferral_escalations integer, total_escalation_amount decimal(9, 6),
            last_escalation_date date);",
    )
    .expect("create tables");
    db
}

/// Adds an employee to the census.
pub(crate) fn census(db: &Database, employee: &str, rate: &str, opted_out: bool) {
    let sql = format!(
        "insert into int_baseline_workforce values ('s', 'd', 2025, '{employee}', {opted_out}, {rate} > 0, {rate})"
    );
    db.execute_batch(&sql).expect("census");
}

/// Adds an event on a day such as `2025-03-01`.
pub(crate) fn event(db: &Database, employee: &str, day: &str, event_type: &str, category: &str, from_to: (&str, &str)) {
    let order = match event_type {
        "hire" => 1,
        "enrollment" => 3,
        "enrollment_change" => 4,
        "deferral_escalation" => 5,
        _ => 8,
    };
    let (year, (from, to)) = (&day[..4], from_to);
    let sql = format!(
        "insert into fct_yearly_events values ('s', 'd', {year}, '{employee}', '{event_type}', '{category}', '{day}',
            {to}, {from}, dayofyear(date '{day}') * 10 + {order})"
    );
    db.execute_batch(&sql).expect("event");
}

/// Adds an event without rates.
pub(crate) fn plain(db: &Database, employee: &str, day: &str, event_type: &str) {
    event(db, employee, day, event_type, event_type, ("null", "null"));
}
