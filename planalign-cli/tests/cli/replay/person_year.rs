//! Compares one person's year with every table that contains it.

use super::earnings::Earnings;
use super::employer::Employer;
use super::findings::Findings;
use super::limits::limits;
use super::settings::Settings;
use super::tables::Tables;
use super::year::PersonYear;
use super::{closing, participation, pay};

/// Checks everything the database contains about a person's year.
pub(super) fn check(life: &mut PersonYear, tables: &Tables, settings: &Settings, findings: &mut Findings) {
    pay::check_person(life, settings, findings);
    participation::check(life, settings, findings);
    check_termination(life, tables, findings);
    let limits = limits(life.year, settings.irs_limits.index_rate);
    let earnings = Earnings::of(life, &limits, settings);
    let employer = Employer::of(life, &earnings, &limits, settings);
    check_invariants(life, &earnings, &employer, findings);
    check_state(life, tables, findings);
    let id = life.id;
    let whole_rows = [
        ("int_employee_contributions", earnings.row(life, &limits), &tables.contributions[id]),
        ("int_employer_eligibility", employer.eligibility_row(), &tables.eligibility[id]),
        ("fct_workforce_snapshot", closing::snapshot(life, &earnings, &employer), &tables.snapshot[id]),
    ];
    for (table, expected, found) in whole_rows {
        findings.whole_row(&place(life, table), &expected, &[], found);
    }
    let optional_rows = [
        ("fct_employer_match_events", employer.match_row(life, settings), tables.matches.get(id)),
        ("int_employer_core_contributions", employer.core_row(settings), tables.core.get(id)),
    ];
    for (table, expected, found) in optional_rows {
        match (expected, found) {
            (Some(expected), Some(found)) => findings.whole_row(&place(life, table), &expected, &["event_id"], found),
            (expected, found) => findings.require(expected.is_none() && found.is_none(), || {
                format!("{}: expected {expected:?}, found {found:?}", place(life, table))
            }),
        }
    }
    life.closing.earned_last_year = Some(earnings.pay);
    life.closing.pending = participation::pending(life, &tables.enrollment[id], settings, findings);
}

fn place(life: &PersonYear, table: &str) -> String {
    format!("{}, {}, {table}", life.year, life.id)
}

/// Checks the state and the accumulators.
fn check_state(life: &PersonYear, tables: &Tables, findings: &mut Findings) {
    // These depend on draws; the next year's check follows up on them.
    let pending = [
        "pending_enrollment_date",
        "pending_enrollment_method",
        "pending_deferral_rate",
        "pending_enrollment_probability",
        "pending_opt_out_date",
        "pending_opt_out_probability",
    ];
    let not_replayed = [&pending[..], &["employee_key"]].concat();
    let rows = [
        ("int_workforce_state", closing::state(life), &tables.state, &not_replayed[..]),
        ("int_enrollment_state_accumulator", closing::enrollment(life), &tables.enrollment, &pending),
        ("int_deferral_rate_state_accumulator", closing::deferral(life), &tables.deferral, &[]),
        ("int_deferral_escalation_state_accumulator", closing::escalation(life), &tables.escalation, &[]),
    ];
    for (table, expected, people, others) in rows {
        findings.whole_row(&place(life, table), &expected, others, &people[life.id]);
    }
}

/// Known terminations happen on their day and no other; those of new hires happen after their hire date.
fn check_termination(life: &PersonYear, tables: &Tables, findings: &mut Findings) {
    let (year, id, termination) = (life.year, life.id, life.termination);
    if let Some(known) = life.opening.known_termination {
        let expected = (known.year() == year).then_some(known);
        findings.equal(&format!("{year}, {id}, known termination"), &expected.into(), &termination.into());
    }
    if life.is_new {
        let stayed = termination.is_none_or(|day| day > life.opening.hire);
        findings.require(stayed, || format!("{year}, {id}: left on the first day"));
        let is_planned = tables.hires[id].truth("leaves_in_hire_year");
        findings
            .require(is_planned == termination.is_some(), || format!("{year}, {id}: planned to leave: {is_planned}"));
    }
    let category = life.event("termination").map(|e| e.category.as_str());
    let expected = termination.map(|_| if life.is_new { "new_hire_termination" } else { "termination" });
    findings.require(category == expected, || format!("{year}, {id}: {category:?}, not {expected:?}"));
}

/// Checks what must hold with any settings.
fn check_invariants(life: &PersonYear, earnings: &Earnings, employer: &Employer, findings: &mut Findings) {
    let has_employer_money = employer.matched.amount + employer.core > 0;
    let holds = [
        ("deferrals without entering the plan", earnings.contributed() == 0 || employer.is_in_plan),
        ("employer money without entering the plan", !has_employer_money || employer.is_in_plan),
        ("a match without deferrals", employer.matched.amount == 0 || earnings.contributed() > 0),
    ];
    for (what, holds) in holds {
        findings.require(holds, || format!("{}, {}: {what}", life.year, life.id));
    }
}
