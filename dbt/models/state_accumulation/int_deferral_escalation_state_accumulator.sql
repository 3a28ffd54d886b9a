-- How often and by how much has each deferral rate increased automatically to date?
-- Grain: one row per person present in the year.
-- A view over all years of columns of int_workforce_state.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    auto_escalation_opt_out,
    total_deferral_escalations,
    total_escalation_amount,
    last_escalation_date
from {{ ref('int_workforce_state').include(database=false) }}
