//! `event_sequence`: events lie within the year and within employment, and each starts from the value in force.

use crate::counts::{Check, CountRule, Probe, Unit};

/// Looks at every event once, person by person. Only people with several changes of pay, or of the rate, need an order.
pub(super) fn rule(probe: Probe) -> CountRule {
    CountRule { probe, sql: SQL.to_owned(), looked_at: "people in int_employee_compensation_by_year", checks: CHECKS }
}

const SQL: &str = "
    with happened as materialized (
        select
            employee_id, event_type, effective_date, event_sequence,
            compensation_amount as pay, previous_compensation as previous_pay,
            employee_deferral_rate as rate, prev_employee_deferral_rate as previous_rate
        from fct_yearly_events
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    told as materialized (
        select
            employee_id,
            min(effective_date) as first_day,
            max(effective_date) as last_day,
            max(effective_date) filter (event_type = 'hire') as hired_on,
            max(effective_date) filter (event_type = 'termination') as left_on,
            count(*) filter (event_type = 'hire') as hires,
            count(*) filter (event_type = 'termination') as leavings,
            count(pay) as pay_changes,
            count(rate) as rate_changes,
            -- A hire starts from no pay.
            arg_min(coalesce(previous_pay, -1), event_sequence) filter (pay is not null) as first_pay,
            arg_min(coalesce(previous_rate, -1), event_sequence) filter (rate is not null) as first_rate
        from happened
        group by employee_id
    ),
    opening as (
        select employee_id, employee_hire_date, employee_compensation, deferral_rate
        from int_employee_compensation_by_year
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    later_pay as (
        select count(distinct employee_id) as people
        from (
            select
                employee_id, previous_pay,
                lag(pay) over chain as pay_in_force,
                row_number() over chain as position
            from happened
            where pay is not null and employee_id in (select employee_id from told where pay_changes > 1)
            window chain as (partition by employee_id order by event_sequence)
        )
        where position > 1 and previous_pay is distinct from pay_in_force
    ),
    later_rate as (
        select count(distinct employee_id) as people
        from (
            select
                employee_id, previous_rate,
                lag(rate) over chain as rate_in_force,
                row_number() over chain as position
            from happened
            where rate is not null and employee_id in (select employee_id from told where rate_changes > 1)
            window chain as (partition by employee_id order by event_sequence)
        )
        where position > 1 and previous_rate is distinct from rate_in_force
    )
    select
        (select count(*) from opening),
        count(*) filter (first_day < make_date($3, 1, 1) or last_day > make_date($3, 12, 31)),
        count(*) filter (opening.employee_id is null and hired_on is null),
        count(*) filter (first_day < coalesce(hired_on, employee_hire_date)),
        count(*) filter (last_day > left_on),
        count(*) filter (hires > 1 or leavings > 1 or hires > 0 and opening.employee_id is not null),
        (select people from later_pay)
        + count(*) filter (pay_changes > 0 and first_pay != coalesce(employee_compensation, -1)),
        (select people from later_rate)
        + count(*) filter (rate_changes > 0 and first_rate != coalesce(deferral_rate, 0))
    from told
    left join opening on told.employee_id = opening.employee_id";

const ADVICE: &str = "see fct_yearly_events: this is a defect of the event models, or of rows changed by hand";

const CHECKS: &[Check] = &[
    Check { unit: Unit::People, message: "events outside the year in fct_yearly_events", advice: ADVICE },
    Check { unit: Unit::People, message: "events of people who are not employed in the year", advice: ADVICE },
    Check { unit: Unit::People, message: "events before the hire", advice: ADVICE },
    Check { unit: Unit::People, message: "events after the termination", advice: ADVICE },
    Check { unit: Unit::People, message: "more than one hire or termination", advice: ADVICE },
    Check { unit: Unit::People, message: "an event does not start from the pay in force", advice: ADVICE },
    Check { unit: Unit::People, message: "an event does not start from the deferral rate in force", advice: ADVICE },
];
