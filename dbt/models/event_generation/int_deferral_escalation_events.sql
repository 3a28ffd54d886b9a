-- Whose deferral rate rises automatically this year?
-- Grain: one row per increase, at most one per person and year. Input: the year's participation changes.
-- A view over all years that shows the rows of int_participation_changes as events.
-- It names no database, so it also works in a renamed copy of the file.
{{ config(materialized='view') }}
select
    scenario_id,
    plan_design_id,
    simulation_year,
    employee_id,
    'deferral_escalation'::{{ label('event_type') }} as event_type,
    'deferral_escalation'::{{ label('event_category') }} as event_category,
    escalation_date as effective_date,
    'Automatic increase of the deferral rate' as event_details,
    escalation_rate as employee_deferral_rate,
    escalation_previous_rate as prev_employee_deferral_rate,
    employee_birth_date,
    employee_hire_date
from {{ ref('int_participation_changes').include(database=false) }}
where escalation_date is not null
