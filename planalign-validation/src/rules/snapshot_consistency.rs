//! `snapshot_consistency`: the snapshot shows what the accumulators, the contributions and the employer's money say.

use crate::counts::{Check, CountRule, Probe, Unit};

/// The snapshot is what users read; it must not tell another story than the tables that it is made from.
pub(super) fn rule(probe: Probe) -> CountRule {
    CountRule { probe, sql: SQL.to_owned(), looked_at: "rows of the year in fct_workforce_snapshot", checks: CHECKS }
}

const SQL: &str = "
    with snapshot as (
        select
            count(*) as people,
            count(*) filter (is_enrolled_flag) as enrolled,
            sum(current_deferral_rate) as rates,
            sum(total_deferral_escalations) as escalations,
            sum(prorated_annual_contributions) as contributions,
            sum(employer_match_amount) as matched,
            sum(employer_core_amount) as core,
            count(*) filter (total_employer_contributions != employer_match_amount + employer_core_amount) as wrong_totals
        from fct_workforce_snapshot
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    enrollment as (
        select count(*) as people, count(*) filter (is_enrolled) as enrolled
        from int_enrollment_state_accumulator
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    rates as (
        select sum(current_deferral_rate) as rates
        from int_deferral_rate_state_accumulator
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    escalation as (
        select sum(total_deferral_escalations) as escalations
        from int_deferral_escalation_state_accumulator
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    contributed as (
        select sum(annual_contribution_amount) as contributions
        from int_employee_contributions
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    matched as (
        select coalesce(sum(amount), 0) as matched
        from fct_employer_match_events
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    core as (
        select coalesce(sum(employer_core_amount), 0) as core
        from int_employer_core_contributions
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    )
    select
        snapshot.people,
        abs(snapshot.people - enrollment.people),
        abs(snapshot.enrolled - enrollment.enrolled),
        (snapshot.rates is distinct from rates.rates)::integer,
        (snapshot.escalations is distinct from escalation.escalations)::integer,
        (snapshot.contributions is distinct from contributed.contributions)::integer,
        (snapshot.matched is distinct from matched.matched)::integer,
        (snapshot.core is distinct from core.core)::integer,
        wrong_totals
    from snapshot, enrollment, rates, escalation, contributed, matched, core";

const ADVICE: &str = "fct_workforce_snapshot is not made from these rows: run the stage VALIDATION of the year again";

const CHECKS: &[Check] = &[
    Check {
        unit: Unit::People,
        message: "the snapshot and the accumulators hold different numbers of people",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "the snapshot and int_enrollment_state_accumulator differ in who is enrolled",
        advice: ADVICE,
    },
    Check {
        unit: Unit::Rows,
        message: "the deferral rates of the snapshot are not those of the accumulator",
        advice: ADVICE,
    },
    Check {
        unit: Unit::Rows,
        message: "the automatic increases of the snapshot are not those of the accumulator",
        advice: ADVICE,
    },
    Check {
        unit: Unit::Rows,
        message: "the contributions of the snapshot do not add up to int_employee_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::Rows,
        message: "the match of the snapshot does not add up to fct_employer_match_events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::Rows,
        message: "the core of the snapshot does not add up to int_employer_core_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "match and core do not add up to the employer's contributions",
        advice: ADVICE,
    },
];
