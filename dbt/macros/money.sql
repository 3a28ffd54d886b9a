{#
  Exact arithmetic. Money is DECIMAL(12,2) in tables and whole cents, as BIGINT, in between; rates are millionths. A
  product is formed in integers, divided once, and rounded half away from zero. An overflow is an error of the engine,
  never a wrong figure; accepted pay (below 50 million) leaves room for it.
#}

{# A rate of the configuration, as a whole number of millionths. #}
{% macro millionths(rate) -%}
{{ return((rate * 1000000) | round | int) }}
{%- endmacro %}

{% macro cents(amount) -%}
(({{ amount }}) * 100)::bigint
{%- endmacro %}

{% macro dollars(cents) -%}
(({{ cents }})::decimal(12, 0) * 0.01)::decimal(12, 2)
{%- endmacro %}

{# A column of rates, as millionths, and back. #}
{% macro rate_in_millionths(rate) -%}
(({{ rate }}) * 1000000)::bigint
{%- endmacro %}

{% macro rate_from_millionths(millionths) -%}
(({{ millionths }})::decimal(9, 0) * 0.000001)::decimal(9, 6)
{%- endmacro %}

{# A quotient of whole numbers that are not negative, rounded half away from zero. #}
{% macro divide(numerator, denominator) -%}
((2 * ({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }})))
{%- endmacro %}

{# An amount of money times a rate in millionths, for `days` of `of_days` days. #}
{% macro money(amount, rate=1000000, days=1, of_days=1) -%}
{{ dollars(divide(cents(amount) ~ ' * (' ~ rate ~ ') * (' ~ days ~ ')', '1000000 * (' ~ of_days ~ ')')) }}
{%- endmacro %}
