{#
  Exact arithmetic. Money is DECIMAL(12,2) in tables and whole cents (BIGINT) in calculations; rates are millionths.
  Products are computed in integers, divided once, and rounded half away from zero. An overflow raises an engine error,
  never a wrong amount; accepted pay (below 50 million) stays clear of it.
#}

{# A configured rate as an integer number of millionths. #}
{% macro millionths(rate) -%}
{{ return((rate * 1000000) | round | int) }}
{%- endmacro %}

{% macro cents(amount) -%}
(({{ amount }}) * 100)::bigint
{%- endmacro %}

{% macro dollars(cents) -%}
(({{ cents }})::decimal(12, 0) * 0.01)::decimal(12, 2)
{%- endmacro %}

{# A rate column in millionths, and the reverse. #}
{% macro rate_in_millionths(rate) -%}
(({{ rate }}) * 1000000)::bigint
{%- endmacro %}

{% macro rate_from_millionths(millionths) -%}
(({{ millionths }})::decimal(9, 0) * 0.000001)::decimal(9, 6)
{%- endmacro %}

{# The quotient of two nonnegative integers, rounded half away from zero. #}
{% macro divide(numerator, denominator) -%}
((2 * ({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }})))
{%- endmacro %}

{# An amount times a rate in millionths, prorated for `days` out of `of_days`. #}
{% macro money(amount, rate=1000000, days=1, of_days=1) -%}
{{ dollars(divide(cents(amount) ~ ' * (' ~ rate ~ ') * (' ~ days ~ ')', '1000000 * (' ~ of_days ~ ')')) }}
{%- endmacro %}
