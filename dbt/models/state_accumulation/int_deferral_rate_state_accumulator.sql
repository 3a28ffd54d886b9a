-- At what rate does a person defer at the end of the year?
-- Grain: one row per person present in the year (for leavers: when they left). Inputs: last year's state, which is part
-- of the opening workforce, and the year's events.
with people as (
    select employee_id, deferral_rate, original_deferral_rate, rate_source
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
    union all
    select employee_id, 0, null, 'none'
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }}
),

changes as (
    select
        employee_id,
        arg_max(employee_deferral_rate, event_sequence) as last_rate,
        arg_max(event_type, event_sequence) as last_change,
        max(effective_date) as last_change_date,
        max(employee_deferral_rate) filter (event_type = 'enrollment') as enrollment_rate
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type in ('enrollment', 'enrollment_change', 'deferral_escalation')
    group by employee_id
)

select
    {{ keys() }},
    people.employee_id,
    coalesce(last_rate, deferral_rate)::decimal(9, 6) as current_deferral_rate,
    coalesce(original_deferral_rate, enrollment_rate) as original_deferral_rate,
    case last_change
        when 'enrollment' then 'enrollment'
        when 'enrollment_change' then 'opt_out'
        when 'deferral_escalation' then 'escalation'
        else rate_source
    end as rate_source,
    last_change_date as rate_change_date
from people
left join changes on people.employee_id = changes.employee_id
