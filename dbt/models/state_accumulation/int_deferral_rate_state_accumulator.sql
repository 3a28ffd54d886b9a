-- What is each person's deferral rate at year end?
-- Grain: one row per person employed during the year (as of termination for those who left).
-- A view over all years of columns of int_workforce_state.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    current_deferral_rate,
    original_deferral_rate,
    rate_source,
    rate_change_date
from {{ ref('int_workforce_state').include(database=false) }}
