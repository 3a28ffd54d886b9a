-- Who enters the plan this year?
-- Grain: one row per person with an entry date in this year who is still employed on it. Inputs: the opening workforce
-- and the year's hires and terminations. Census employees who entered before the simulation have the state but no event.
with terminations as (
    select employee_id, effective_date as termination_date from {{ ref('int_termination_events') }} where {{ of_year() }}
    union all
    select employee_id, effective_date from {{ ref('int_new_hire_termination_events') }} where {{ of_year() }}
),

entering as (
    select employee_id, employee_birth_date, employee_hire_date, plan_entry_date
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }} and plan_entry_date between {{ first_day() }} and {{ last_day() }}
    union all
    select employee_id, employee_birth_date, employee_hire_date, plan_entry_date
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }} and plan_entry_date between {{ first_day() }} and {{ last_day() }}
)

select
    {{ keys() }},
    employee_id,
    'eligibility'::{{ label('event_type') }} as event_type,
    'eligibility'::{{ label('event_category') }} as event_category,
    plan_entry_date as effective_date,
    'Entered the plan' as event_details,
    employee_birth_date,
    employee_hire_date
from entering
left join terminations using (employee_id)
where termination_date is null or plan_entry_date < termination_date
