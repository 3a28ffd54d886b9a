-- How often, and by how much, has a person's deferral rate been raised automatically so far?
-- Grain: one row per person present in the year. Inputs: last year's state, which is part of the opening workforce, and
-- the year's events.
with people as (
    select employee_id, auto_escalation_opt_out, total_deferral_escalations, total_escalation_amount, last_escalation_date
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
    union all
    select employee_id, false, 0, 0, null
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }}
),

escalations as (
    select employee_id, effective_date, employee_deferral_rate - prev_employee_deferral_rate as increase
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type = 'deferral_escalation'
)

select
    {{ keys() }},
    people.employee_id,
    auto_escalation_opt_out,
    total_deferral_escalations + (increase is not null)::integer as total_deferral_escalations,
    (total_escalation_amount + coalesce(increase, 0))::decimal(9, 6) as total_escalation_amount,
    coalesce(effective_date, last_escalation_date) as last_escalation_date
from people
left join escalations on people.employee_id = escalations.employee_id
