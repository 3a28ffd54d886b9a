{#
  The segments that probabilities are configured by. `upper` gives the exclusive upper ages of young, mid-career, and
  mature.
#}
{% macro age_segment(age, upper) -%}
case when {{ age }} < {{ upper[0] }} then 'young' when {{ age }} < {{ upper[1] }} then 'mid_career' when {{ age }} < {{ upper[2] }} then 'mature' else 'senior' end
{%- endmacro %}

{% macro income_segment(pay) -%}
case when {{ pay }} < 50000 then 'low' when {{ pay }} < 100000 then 'moderate' when {{ pay }} < 200000 then 'high' else 'executive' end
{%- endmacro %}

{% macro job_segment(level) -%}
case when {{ level }} <= 2 then 'individual' when {{ level }} <= 4 then 'senior' when {{ level }} <= 6 then 'manager' else 'executive' end
{%- endmacro %}

{# The rate of a segment in a map, in millionths. #}
{% macro rate_of_segment(segment, rates) -%}
case {{ segment }}{% for name, rate in rates | items %} when {{ quoted(name) }} then {{ millionths(rate) }}{% endfor %} else 0 end
{%- endmacro %}
