-- At what rate does a person defer at the end of the year?
-- Grain: one row per person present in the year (for leavers: when they left).
-- A view of all years: columns of int_workforce_state.
-- It names no database, so that it also works in a renamed copy of the file.
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
