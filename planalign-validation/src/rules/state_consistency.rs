//! `state_consistency`: opening state, events and accumulators agree on who is enrolled, at what rate, with how many increases.

use crate::counts::{Check, CountRule, Probe, Unit};

/// Adds up, person by person, the opening state and what the events change, and takes the accumulators off it: nothing is left.
pub(super) fn rule(probe: Probe) -> CountRule {
    CountRule { probe, sql: SQL.to_owned(), looked_at: "people in int_employee_compensation_by_year", checks: CHECKS }
}

const SQL: &str = "
    with opening as (
        select
            employee_id, is_enrolled::integer as enrolled, deferral_rate, total_deferral_escalations, total_escalation_amount
        from main.int_employee_compensation_by_year
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    changes as (
        select
            employee_id,
            count(*) filter (event_type = 'hire') as hires,
            count(*) filter (event_type = 'enrollment') - count(*) filter (event_type = 'enrollment_change') as enrolled,
            sum(employee_deferral_rate - prev_employee_deferral_rate) as rate,
            count(*) filter (event_type = 'deferral_escalation') as escalations,
            sum(employee_deferral_rate - prev_employee_deferral_rate) filter (event_type = 'deferral_escalation') as escalated
        from main.fct_yearly_events
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
            and event_type in ('hire', 'enrollment', 'enrollment_change', 'deferral_escalation')
        group by employee_id
    ),
    -- Where a table lacks a person, its value is null and differs from the sum; a person too many is counted apart.
    compared as (
        select
            (opening.employee_id is not null)::integer + coalesce(hires, 0) as presences,
            coalesce(opening.enrolled, 0) + coalesce(changes.enrolled, 0) is distinct from enrollment.is_enrolled::integer as enrollment_differs,
            coalesce(opening.deferral_rate, 0) + coalesce(changes.rate, 0) is distinct from rates.current_deferral_rate as rate_differs,
            coalesce(opening.total_deferral_escalations, 0) + coalesce(escalations, 0) is distinct from increases.total_deferral_escalations
            or coalesce(opening.total_escalation_amount, 0) + coalesce(escalated, 0) is distinct from increases.total_escalation_amount
            as escalation_differs
        from opening
        full join changes using (employee_id)
        full join (
            from main.int_enrollment_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as enrollment using (employee_id)
        full join (
            from main.int_deferral_rate_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as rates using (employee_id)
        full join (
            from main.int_deferral_escalation_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as increases using (employee_id)
    )
    select
        (select count(*) from opening),
        count(*) filter (presences != 1),
        count(*) filter (enrollment_differs),
        count(*) filter (rate_differs),
        count(*) filter (escalation_differs)
    from compared";

const ADVICE: &str =
    "this is a defect of the models or of rows changed by hand: roll back to the year before and run it again";

const CHECKS: &[Check] = &[
    Check {
        unit: Unit::People,
        message: "in an accumulator without being there in the year, or in it twice",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "int_enrollment_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "int_deferral_rate_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "int_deferral_escalation_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
    },
];
