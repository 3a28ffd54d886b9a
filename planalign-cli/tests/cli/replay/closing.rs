//! The expected rows of the tables that store how a year opened and closed.

use super::calendar::{completed_years, first_day, last_day};
use super::earnings::Earnings;
use super::employer::Employer;
use super::person::{Person, age_band, tenure_band};
use super::records::{Fact, money, rate};
use super::year::PersonYear;

type Row = Vec<(&'static str, Fact)>;

fn status(life: &PersonYear) -> (&'static str, &'static str) {
    match (life.is_new, life.termination) {
        (false, None) => ("active", "continuous_active"),
        (false, Some(_)) => ("terminated", "experienced_termination"),
        (true, None) => ("active", "new_hire_active"),
        (true, Some(_)) => ("terminated", "new_hire_termination"),
    }
}

/// `int_employee_compensation_by_year`, as far as it follows from the prior year and the census.
pub(super) fn opening(year: i16, person: &Person) -> Row {
    vec![
        ("employee_birth_date", person.birth.into()),
        ("employee_hire_date", person.hire.into()),
        ("known_termination_date", person.known_termination.into()),
        ("employee_compensation", money(person.pay)),
        ("prior_year_compensation", person.earned_last_year.map_or(Fact::Nothing, money)),
        ("level_id", person.level.into()),
        ("plan_entry_date", person.entry.into()),
        ("is_grandfathered", person.is_grandfathered.into()),
        ("is_enrolled", person.is_enrolled().into()),
        ("ever_opted_out", person.opt_out.is_some().into()),
        ("deferral_rate", Fact::Millionths(person.rate)),
        ("total_deferral_escalations", person.increases.into()),
        ("is_experienced", (person.hire < first_day(year - 1)).into()),
        ("enrollment_date", person.enrollment.as_ref().map(|(day, _)| *day).into()),
        ("rate_source", person.rate_source.into()),
        ("last_escalation_date", person.last_increase.into()),
        ("current_age", completed_years(person.birth, first_day(year)).into()),
        ("current_tenure", completed_years(person.hire, first_day(year)).into()),
    ]
}

/// The columns that the state and the snapshot share.
fn common(life: &PersonYear) -> Row {
    let person = &life.closing;
    let age = completed_years(person.birth, last_day(life.year));
    let tenure = completed_years(person.hire, life.last_day());
    vec![
        ("employee_birth_date", person.birth.into()),
        ("employee_hire_date", person.hire.into()),
        ("employment_status", status(life).0.into()),
        ("detailed_status_code", status(life).1.into()),
        ("termination_date", life.termination.into()),
        ("current_compensation", money(person.pay)),
        ("current_age", age.into()),
        ("current_tenure", tenure.into()),
        ("level_id", person.level.into()),
        ("age_band", age_band(age).into()),
        ("tenure_band", tenure_band(tenure).into()),
        ("scheduled_hours_per_week", Fact::Hundredths(person.weekly_hours)),
    ]
}

/// `int_workforce_state`.
pub(super) fn state(life: &PersonYear) -> Row {
    let mut row = common(life);
    row.extend([
        ("known_termination_date", life.opening.known_termination.into()),
        ("plan_entry_date", life.opening.entry.into()),
        ("is_grandfathered", life.opening.is_grandfathered.into()),
    ]);
    row.extend(enrollment(life));
    row.extend(deferral(life));
    row.extend(escalation(life));
    row
}

/// `int_enrollment_state_accumulator`.
pub(super) fn enrollment(life: &PersonYear) -> Row {
    let person = &life.closing;
    vec![
        ("is_enrolled", person.is_enrolled().into()),
        ("enrollment_date", person.enrollment.as_ref().map(|(day, _)| *day).into()),
        ("enrollment_method", person.enrollment.as_ref().map(|(_, method)| method.as_str()).into()),
        ("ever_opted_out", person.opt_out.is_some().into()),
        ("opt_out_date", person.opt_out.into()),
    ]
}

/// `int_deferral_rate_state_accumulator`.
pub(super) fn deferral(life: &PersonYear) -> Row {
    vec![
        ("current_deferral_rate", rate(life.closing.rate)),
        ("original_deferral_rate", life.closing.original_rate.map_or(Fact::Nothing, rate)),
        ("rate_source", life.closing.rate_source.into()),
        ("rate_change_date", life.last_rate_change.into()),
    ]
}

/// `int_deferral_escalation_state_accumulator`.
pub(super) fn escalation(life: &PersonYear) -> Row {
    let mut row = increases(life);
    row.push(("auto_escalation_opt_out", life.opening.refuses_increases.into()));
    row
}

fn increases(life: &PersonYear) -> Row {
    vec![
        ("total_deferral_escalations", life.closing.increases.into()),
        ("total_escalation_amount", rate(life.closing.increased_by)),
        ("last_escalation_date", life.closing.last_increase.into()),
    ]
}

/// `fct_workforce_snapshot`.
pub(super) fn snapshot(life: &PersonYear, earnings: &Earnings, employer: &Employer) -> Row {
    let person = &life.closing;
    let eligibility = match (employer.is_in_plan, person.entry) {
        (true, _) => "eligible",
        (false, None) => "ineligible",
        (false, Some(_)) => "pending",
    };
    let participation = match &person.enrollment {
        Some((_, method)) if person.is_enrolled() => method,
        _ if person.opt_out.is_some() => "opted_out",
        _ if !employer.is_in_plan => "not_eligible",
        _ => "not_enrolled",
    };
    let mut row = common(life);
    row.extend(increases(life));
    row.extend([
        ("prorated_annual_compensation", money(earnings.pay)),
        ("annual_hours_worked", Fact::Hundredths(employer.hours)),
        ("employee_eligibility_date", person.entry.into()),
        ("current_eligibility_status", eligibility.into()),
        ("is_enrolled_flag", person.is_enrolled().into()),
        ("employee_enrollment_date", person.enrollment.as_ref().map(|(day, _)| *day).into()),
        ("current_deferral_rate", rate(person.rate)),
        ("participation_status", if person.is_enrolled() { "participating" } else { "not_participating" }.into()),
        ("participation_status_detail", participation.into()),
        ("original_deferral_rate", person.original_rate.map_or(Fact::Nothing, rate)),
        ("prorated_annual_contributions", money(earnings.contributed())),
        ("catch_up_deferrals", money(earnings.catch_up)),
        ("irs_limit_reached", earnings.is_limit_reached().into()),
        ("employer_match_amount", money(employer.matched.amount)),
        ("employer_core_amount", money(employer.core)),
        ("total_employer_contributions", money(employer.matched.amount + employer.core)),
    ]);
    row
}
