-- Which employees active on Jan 1 terminate this year, and when?
-- Grain: one row per termination. Inputs: the opening workforce and the year's needs. Employees with a termination date
-- in the census leave on that date and are never drawn. The others are an exact weighted sample without replacement,
-- drawn separately from experienced employees and last year's hires: those with the smallest key = -ln(1 - u) / hazard
-- leave. In a reduction in force, the smallest keys among all who remain follow. `ln` affects only the order of people.
with people as (
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, is_experienced,
        -ln(1 - {{ draw('employee_key', 'termination') }}) / termination_hazard as leaving_key
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }} and known_termination_date is null
),

needs as (
    from {{ ref('int_workforce_needs') }} where {{ of_year() }}
),

ranked as (
    select
        people.*,
        row_number() over (partition by is_experienced order by leaving_key, employee_id)
        <= case when is_experienced then experienced_drawn else first_year_drawn end as is_drawn,
        reduction_in_force
    from people
    cross join needs
),

reduced as (
    select employee_id
    from ranked
    where not is_drawn and reduction_in_force > 0
    qualify row_number() over (order by leaving_key, employee_id) <= reduction_in_force
),

terminations as (
    select
        employee_id, employee_birth_date, employee_hire_date,
        ({{ first_day() }} + {{ draw_integer('employee_key', 'termination_date', days_in_year()) }}::integer)::date as effective_date,
        case when is_drawn then 'Left' else 'Reduction in force' end as event_details
    from ranked
    where is_drawn or employee_id in (from reduced)

    union all

    select employee_id, employee_birth_date, employee_hire_date, known_termination_date, 'Left on the date given by the census'
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }} and known_termination_date between {{ first_day() }} and {{ last_day() }}
)

select
    {{ keys() }},
    employee_id,
    'termination'::{{ label('event_type') }} as event_type,
    'termination'::{{ label('event_category') }} as event_category,
    effective_date,
    event_details,
    employee_birth_date,
    employee_hire_date
from terminations
