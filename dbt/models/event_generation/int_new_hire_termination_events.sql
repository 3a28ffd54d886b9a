-- When do the hires leave who do so in the year of their hire?
-- Grain: one row per such hire. Input: the year's hires, who know whether they leave. Any day after the hire date is as
-- likely as any other.
select
    {{ keys() }},
    employee_id,
    'termination'::{{ label('event_type') }} as event_type,
    'new_hire_termination'::{{ label('event_category') }} as event_category,
    (employee_hire_date + 1 + {{ draw_integer('employee_key', 'new_hire_termination_date', last_day() ~ ' - employee_hire_date') }}::integer)::date as effective_date,
    'Left in the year of hire' as event_details,
    employee_birth_date,
    employee_hire_date
from {{ ref('int_hiring_events') }}
where {{ of_year() }} and leaves_in_hire_year
