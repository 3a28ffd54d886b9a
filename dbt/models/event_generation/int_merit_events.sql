-- Who gets a raise this year?
-- Grain: one row per raise, combining merit and the cost-of-living adjustment. Input: the year's pay changes.
-- A view over all years that shows the rows of int_compensation_changes as events.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    'raise'::{{ label('event_type') }} as event_type,
    'raise'::{{ label('event_category') }} as event_category,
    raise_date as effective_date,
    'Merit and cost of living' as event_details,
    raise_pay as compensation_amount,
    raise_previous_pay as previous_compensation,
    raise_level_id as level_id,
    employee_birth_date,
    employee_hire_date
from {{ ref('int_compensation_changes').include(database=false) }}
where raise_date is not null
