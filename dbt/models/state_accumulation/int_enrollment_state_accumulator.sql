-- Who is enrolled at year end, since when, and how?
-- Grain: one row per person employed during the year (as of termination for those who left).
-- A view over all years of columns of int_workforce_state.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    is_enrolled,
    enrollment_date,
    enrollment_method,
    ever_opted_out,
    opt_out_date,
    pending_enrollment_date,
    pending_enrollment_method,
    pending_deferral_rate,
    pending_enrollment_probability,
    pending_opt_out_date,
    pending_opt_out_probability
from {{ ref('int_workforce_state').include(database=false) }}
