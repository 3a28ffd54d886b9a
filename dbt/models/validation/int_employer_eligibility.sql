-- Who is eligible for employer contributions this year?
-- Grain: one row per person employed during the year. Input: the closing state. The match and the core contribution have
-- separate settings for the same rules: in the plan by year end (or before termination), enough hours for the days
-- employed, enough service (a separate setting covers this year's hires), and, if required, still active on Dec 31.
{% set days = days_in_year() %}
{% set rules_of = {
    'match': {
        'minimum_tenure_years': var('employer_match_eligibility_minimum_tenure_years'),
        'minimum_hours_annual': var('employer_match_eligibility_minimum_hours_annual'),
        'require_active_at_year_end': var('employer_match_eligibility_require_active_at_year_end'),
        'allow_new_hires': var('employer_match_eligibility_allow_new_hires'),
        'allow_terminated_new_hires': var('employer_match_eligibility_allow_terminated_new_hires'),
        'allow_experienced_terminations': var('employer_match_eligibility_allow_experienced_terminations')
    },
    'core': {
        'minimum_tenure_years': var('employer_core_contribution_eligibility_minimum_tenure_years'),
        'minimum_hours_annual': var('employer_core_contribution_eligibility_minimum_hours_annual'),
        'require_active_at_year_end': var('employer_core_contribution_eligibility_require_active_at_year_end'),
        'allow_new_hires': var('employer_core_contribution_eligibility_allow_new_hires'),
        'allow_terminated_new_hires': var('employer_core_contribution_eligibility_allow_terminated_new_hires'),
        'allow_experienced_terminations': var('employer_core_contribution_eligibility_allow_experienced_terminations')
    }
} %}
with people as (
    select
        employee_id,
        detailed_status_code,
        current_tenure,
        scheduled_hours_per_week,
        coalesce(termination_date, {{ last_day() }}) - greatest(employee_hire_date, {{ first_day() }}) + 1 as days_employed,
        is_grandfathered or coalesce(plan_entry_date < coalesce(termination_date, {{ last_day() }} + 1), false) as is_in_plan
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
    {% for money, rules in rules_of | items -%}
    case
        when not is_in_plan then 'not_in_plan'
        when annual_hours_worked < {{ rules.minimum_hours_annual }} then 'insufficient_hours'
        {% if not rules.allow_new_hires -%}
        when starts_with(detailed_status_code, 'new_hire') then 'insufficient_tenure'
        {% endif -%}
        when not starts_with(detailed_status_code, 'new_hire') and current_tenure < {{ rules.minimum_tenure_years }} then 'insufficient_tenure'
        {% if rules.require_active_at_year_end -%}
        {% if not rules.allow_terminated_new_hires -%}
        when detailed_status_code = 'new_hire_termination' then 'inactive_eoy'
        {% endif -%}
        {% if not rules.allow_experienced_terminations -%}
        when detailed_status_code = 'experienced_termination' then 'inactive_eoy'
        {% endif -%}
        {% endif -%}
        else 'eligible'
    end::{{ label('eligibility_reason') }} as {{ money }}_eligibility_reason,
    {{ money }}_eligibility_reason = 'eligible' as is_eligible_for_{{ money }}{{ "," if not loop.last }}
    {% endfor %}
from worked
