{#
  The date on which a person may enter the plan, or null if never. A person who has met the age and service requirements
  (IRC 410(a)(1)) enters on the next entry date, never later than IRC 410(a)(4) allows. People scheduled for fewer hours
  than the plan requires, but for at least 500 a year, may defer after two years of service
  (long-term part-time employees, SECURE 2.0 s.125, plan years from 2025).
#}
{% macro plan_entry_date(birth_date, hire_date, weekly_hours, is_excluded) -%}
{%- set age_met = birth_date ~ ' + interval ' ~ var('plan_eligibility_minimum_age') ~ ' year' -%}
{%- set minimum_hours = var('plan_eligibility_minimum_hours_annual') -%}
case
    when {{ is_excluded }} then null
    when {{ weekly_hours }} * 52 >= {{ minimum_hours }} then {{ next_entry_date('greatest(' ~ age_met ~ ', ' ~ hire_date ~ ' + interval ' ~ var('plan_eligibility_waiting_period_days') ~ ' day, ' ~ hire_date ~ ' + interval ' ~ var('plan_eligibility_waiting_period_months') ~ ' month)') }}
    {% if minimum_hours > 500 -%}
    when {{ weekly_hours }} * 52 >= 500 then {{ next_entry_date('greatest(' ~ age_met ~ ', ' ~ hire_date ~ " + interval 2 year, timestamp '2025-01-01')") }}
    {%- endif %}
end
{%- endmacro %}

{% macro next_entry_date(met) -%}
{%- set entry_dates = var('plan_eligibility_entry_dates') -%}
{%- set day_before = '(' ~ met ~ ' - interval 1 day)' -%}
{%- if entry_dates == 'monthly' -%}
(date_trunc('month', {{ day_before }}) + interval 1 month)::date
{%- elif entry_dates == 'quarterly' -%}
(date_trunc('quarter', {{ day_before }}) + interval 3 month)::date
{%- elif entry_dates == 'semi_annual' -%}
(date_trunc('year', {{ day_before }}) + case when month({{ day_before }}) <= 6 then interval 6 month else interval 12 month end)::date
{%- else -%}
({{ met }})::date
{%- endif -%}
{%- endmacro %}
