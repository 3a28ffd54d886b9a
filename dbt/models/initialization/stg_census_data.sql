-- Who is in the census?
-- Grain: one row per accepted person. Input: the checked rows of the census file.
select
    employee_id,
    employee_key,
    employee_birth_date,
    employee_hire_date,
    employee_service_date,
    employee_termination_date,
    employee_gross_compensation::decimal(12, 2) as employee_gross_compensation,
    employee_deferral_rate,
    scheduled_hours_per_week,
    auto_escalation_opt_out,
    is_plan_excluded,
    plan_entry_date,
    employee_deferral_rate > 0 and coalesce(plan_entry_date > {{ census_date() }}, true) as is_grandfathered
from {{ ref('stg_census_rows') }}
where row_status = 'accepted'
