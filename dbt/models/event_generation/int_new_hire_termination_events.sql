-- When do new hires who terminate in their hire year leave?
-- Grain: one row per new-hire termination. Input: the year's hires, already marked as leaving or staying. All days after
-- the hire date are equally likely.
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
