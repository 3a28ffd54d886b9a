-- Who is entitled to employer money this year?
-- Grain: one row per person present in the year. Input: the closing state. The match and the core contribution have
-- separate settings under one set of rules: in the plan by the end of the year, enough hours for the days employed, enough
-- service (of this year's hires a setting of its own decides), and, where the plan asks for it, still there on Dec 31.
{% set days = days_in_year() %}
with people as (
    select
        employee_id,
        detailed_status_code,
        current_tenure,
        scheduled_hours_per_week,
        coalesce(termination_date, {{ last_day() }}) - greatest(employee_hire_date, {{ first_day() }}) + 1 as days_employed,
        is_grandfathered or coalesce(plan_entry_date <= coalesce(termination_date, {{ last_day() }}), false) as is_in_plan
    from {{ ref('int_workforce_state') }}
    where {{ of_year() }}
),

worked as (
    select *, ({{ divide('(scheduled_hours_per_week * 100)::bigint * 52 * days_employed', days) }}::decimal(9, 0) * 0.01)::decimal(9, 2) as annual_hours_worked
    from people
)

select
    {{ keys() }},
    employee_id,
    annual_hours_worked,
    is_in_plan,
    {% for money, settings in {'match': 'employer_match_eligibility_', 'core': 'employer_core_contribution_eligibility_'} | items -%}
    case
        when not is_in_plan then 'not_in_plan'
        when annual_hours_worked < {{ var(settings ~ 'minimum_hours_annual') }} then 'insufficient_hours'
        {% if not var(settings ~ 'allow_new_hires') -%}
        when starts_with(detailed_status_code, 'new_hire') then 'insufficient_tenure'
        {% endif -%}
        when not starts_with(detailed_status_code, 'new_hire') and current_tenure < {{ var(settings ~ 'minimum_tenure_years') }} then 'insufficient_tenure'
        {% if var(settings ~ 'require_active_at_year_end') -%}
        {% if not var(settings ~ 'allow_terminated_new_hires') -%}
        when detailed_status_code = 'new_hire_termination' then 'inactive_eoy'
        {% endif -%}
        {% if not var(settings ~ 'allow_experienced_terminations') -%}
        when detailed_status_code = 'experienced_termination' then 'inactive_eoy'
        {% endif -%}
        {% endif -%}
        else 'eligible'
    end as {{ money }}_eligibility_reason,
    {{ money }}_eligibility_reason = 'eligible' as is_eligible_for_{{ money }}{{ "," if not loop.last }}
    {% endfor %}
from worked
