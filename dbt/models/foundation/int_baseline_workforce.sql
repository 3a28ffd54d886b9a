-- Who is employed when the simulation starts?
-- Grain: one row per person, in the start year only. Input: the accepted census. The job level is derived from pay once;
-- after that, only promotions change it.
select
    {{ keys() }},
    census.employee_id,
    census.employee_key,
    census.employee_birth_date,
    census.employee_hire_date,
    census.employee_termination_date as known_termination_date,
    census.employee_gross_compensation as current_compensation,
    levels.level_id,
    census.scheduled_hours_per_week,
    census.auto_escalation_opt_out,
    census.is_plan_excluded,
    census.plan_entry_date,
    census.is_grandfathered,
    census.employee_deferral_rate > 0 as is_enrolled_at_census,
    census.employee_deferral_rate as census_deferral_rate
from {{ ref('stg_census_data') }} as census
inner join {{ ref('config_job_levels') }} as levels
    on census.employee_gross_compensation >= levels.band_min_compensation
    and census.employee_gross_compensation < coalesce(levels.band_max_compensation, 9999999999)
{% if not is_start_year() -%}
where false
{%- endif %}
