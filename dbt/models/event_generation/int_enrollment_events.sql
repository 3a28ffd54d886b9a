-- Who enrolls this year, and who opts out?
-- Grain: one row per enrollment (voluntary or automatic) and per opt-out. Input: the year's participation changes.
-- A view over all years that shows the rows of int_participation_changes as events.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    'enrollment'::{{ label('event_type') }} as event_type,
    enrollment_method::{{ label('event_category') }} as event_category,
    enrollment_date as effective_date,
    case enrollment_method when 'auto_enrollment' then 'Enrolled automatically' else 'Enrolled by own choice' end as event_details,
    enrollment_rate as employee_deferral_rate,
    0::decimal(9, 6) as prev_employee_deferral_rate,
    enrollment_probability as event_probability,
    employee_birth_date,
    employee_hire_date
from {{ ref('int_participation_changes').include(database=false) }}
where enrollment_date is not null

union all

select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    'enrollment_change'::{{ label('event_type') }} as event_type,
    'enrollment_opt_out'::{{ label('event_category') }} as event_category,
    opt_out_date as effective_date,
    'Opted out after automatic enrollment' as event_details,
    0::decimal(9, 6) as employee_deferral_rate,
    opt_out_previous_rate as prev_employee_deferral_rate,
    opt_out_probability as event_probability,
    employee_birth_date,
    employee_hire_date
from {{ ref('int_participation_changes').include(database=false) }}
where opt_out_date is not null
