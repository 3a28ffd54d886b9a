-- Who is promoted this year?
-- Grain: one row per promotion. Input: the year's pay changes.
-- A view over all years that shows the rows of int_compensation_changes as events.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    'promotion'::{{ label('event_type') }} as event_type,
    'promotion'::{{ label('event_category') }} as event_category,
    promotion_date as effective_date,
    'Promoted from level ' || opening_level_id || ' to ' || promotion_level_id as event_details,
    promotion_pay as compensation_amount,
    promotion_previous_pay as previous_compensation,
    promotion_level_id as level_id,
    promotion_probability as event_probability,
    employee_birth_date,
    employee_hire_date
from {{ ref('int_compensation_changes').include(database=false) }}
where promotion_date is not null
