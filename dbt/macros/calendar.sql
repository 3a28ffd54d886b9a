{% macro simulation_year() -%}
{{ return(var('simulation_year') | int) }}
{%- endmacro %}

{% macro start_year() -%}
{{ return(var('start_year') | int) }}
{%- endmacro %}

{% macro is_start_year() -%}
{{ return(simulation_year() == start_year()) }}
{%- endmacro %}

{% macro is_leap_year(year) -%}
{{ return(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) }}
{%- endmacro %}

{% macro days_in_year(year=none) -%}
{{ return(366 if is_leap_year(simulation_year() if year is none else year) else 365) }}
{%- endmacro %}

{% macro first_day() -%}
date '{{ simulation_year() }}-01-01'
{%- endmacro %}

{% macro last_day() -%}
date '{{ simulation_year() }}-12-31'
{%- endmacro %}

{# The last year of config_irs_limits, which a test checks. Later years are projected. #}
{% macro last_published_year() -%}
{{ return(2026) }}
{%- endmacro %}

{# The day before the simulation begins. #}
{% macro census_date() -%}
date '{{ start_year() - 1 }}-12-31'
{%- endmacro %}

{# The date in this year of a day given as MM-DD; Feb 29 becomes Feb 28 in common years. #}
{% macro plan_day(day) -%}
date '{{ simulation_year() }}-{{ "02-28" if day == "02-29" and not is_leap_year(simulation_year()) else day }}'
{%- endmacro %}

{# Completed years between two dates, counting birthdays or anniversaries without division. #}
{% macro completed_years(since, until) -%}
date_sub('year', {{ since }}, {{ until }})
{%- endmacro %}

{# Completed years on Dec 31 of a year, when everyone has had that year's birthday. #}
{% macro completed_years_at_end_of(year, since) -%}
({{ year }} - year({{ since }}))::integer
{%- endmacro %}

{# Completed years on Jan 1 of a year. A Jan 1 birthday counts as if it were the day before. #}
{% macro completed_years_at_start_of(year, since) -%}
{{ completed_years_at_end_of(year - 1, since ~ ' - 1') }}
{%- endmacro %}

{# The month that a draw selects, given twelve shares. `bits` is a column of draw_bits. #}
{% macro drawn_month(bits, shares) -%}
{%- set total = shares | sum -%}
{%- set ns = namespace(reached=0) -%}
case
    {% for share in shares -%}
    {%- set ns.reached = ns.reached + share / total -%}
    {%- if not loop.last -%}
    when {{ bits }} < {{ (ns.reached * 4294967296) | round | int }} then {{ loop.index }}
    {% endif -%}
    {%- endfor -%}
    else 12
end
{%- endmacro %}

{# A uniformly drawn day of the month; `shorter` drops days from its end. #}
{% macro drawn_day(key, purpose, month, shorter=0) -%}
{%- set first = 'make_date(' ~ simulation_year() ~ ', ' ~ month ~ ', 1)' -%}
({{ first }} + {{ draw_integer(key, purpose, 'day(last_day(' ~ first ~ ')) - ' ~ shorter) }}::integer)::date
{%- endmacro %}
