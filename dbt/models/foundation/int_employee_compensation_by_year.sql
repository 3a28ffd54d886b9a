-- Who is active when the year opens, and in what state?
-- Grain: one row per person active at the end of the prior year or, in the start year, in the census. Inputs: the
-- census, or last year's closing state. This is the only model that reads another year.
-- depends_on: {{ ref('int_baseline_workforce') }}
{% set first_census_day = "date '" ~ (start_year() - 1) ~ "-01-01'" %}
with opening as (
    {% if is_start_year() -%}
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, known_termination_date,
        current_compensation as employee_compensation,
        -- The census doesn't give earnings, so they're its rate of pay for the days employed.
        {{ money('current_compensation', 1000000, census_date() ~ ' - greatest(employee_hire_date, ' ~ first_census_day ~ ') + 1', days_in_year(start_year() - 1)) }} as prior_year_compensation,
        level_id, scheduled_hours_per_week,
        auto_escalation_opt_out, plan_entry_date, is_grandfathered,
        is_enrolled_at_census as is_enrolled,
        case when is_enrolled_at_census then {{ census_date() }} end as enrollment_date,
        case when is_enrolled_at_census then 'census' end::{{ label('enrollment_method') }} as enrollment_method,
        false as ever_opted_out,
        null::date as opt_out_date,
        null::date as pending_enrollment_date,
        null::{{ label('enrollment_method') }} as pending_enrollment_method,
        null::decimal(9, 6) as pending_deferral_rate,
        null::decimal(9, 6) as pending_enrollment_probability,
        null::date as pending_opt_out_date,
        null::decimal(9, 6) as pending_opt_out_probability,
        census_deferral_rate as deferral_rate,
        case when is_enrolled_at_census then census_deferral_rate end as original_deferral_rate,
        case when is_enrolled_at_census then 'census' else 'none' end::{{ label('rate_source') }} as rate_source,
        0 as total_deferral_escalations,
        0::decimal(9, 6) as total_escalation_amount,
        null::date as last_escalation_date
    from {{ ref('int_baseline_workforce') }}
    where {{ of_year() }}
    {%- else -%}
    {%- set last_year = simulation_year() - 1 -%}
    select
        state.employee_id, employee_key, employee_birth_date, employee_hire_date, known_termination_date,
        current_compensation as employee_compensation, prorated_annual_compensation as prior_year_compensation,
        level_id, scheduled_hours_per_week,
        auto_escalation_opt_out, plan_entry_date, is_grandfathered,
        is_enrolled, enrollment_date, enrollment_method, ever_opted_out, opt_out_date,
        pending_enrollment_date, pending_enrollment_method, pending_deferral_rate, pending_enrollment_probability,
        pending_opt_out_date, pending_opt_out_probability,
        current_deferral_rate as deferral_rate, original_deferral_rate, rate_source,
        total_deferral_escalations, total_escalation_amount, last_escalation_date
    from (from {{ source('prior_year', 'int_workforce_state') }} where {{ of_year(last_year) }} and employment_status = 'active') as state
    left join (from {{ source('prior_year', 'int_employee_contributions') }} where {{ of_year(last_year) }}) as contributions
        on state.employee_id = contributions.employee_id
    {%- endif %}
),

aged as (
    select
        *,
        {{ completed_years_at_start_of(simulation_year(), 'employee_birth_date') }} as current_age,
        {{ completed_years_at_start_of(simulation_year(), 'employee_hire_date') }} as current_tenure
    from opening
)

select
    {{ keys() }},
    aged.*,
    -- Hired before Jan 1 of the prior year; the others are in their first full year.
    employee_hire_date < date '{{ simulation_year() - 1 }}-01-01' as is_experienced,
    -- Relative likelihood of termination: the product of three multipliers, each in thousandths.
    (ages.termination_multiplier * 1000)::bigint * (tenures.termination_multiplier * 1000)::bigint
    * (levels.termination_multiplier * 1000)::bigint as termination_hazard,
    -- Probability of promotion, in millionths, before the configured multiplier.
    {{ rate_in_millionths('levels.promotion_rate') }} * (ages.promotion_multiplier * 1000)::bigint
    * (tenures.promotion_multiplier * 1000)::bigint // 1000000 as promotion_rate_millionths
from aged
inner join {{ ref('stg_age_bands') }} as ages on current_age = ages.age
inner join {{ ref('stg_tenure_bands') }} as tenures on current_tenure = tenures.tenure
inner join {{ ref('config_job_levels') }} as levels on aged.level_id = levels.level_id
