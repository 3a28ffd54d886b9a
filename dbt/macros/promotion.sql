{#
  Pay after a promotion: increased at least to the minimum of the new level, limited by the caps, and never lowered.
  Reads the columns increase_millionths and next_level_minimum.
#}
{% macro promoted_pay(pay) -%}
greatest({{ pay }}, least(
    greatest({{ money(pay, '1000000 + increase_millionths') }}, next_level_minimum),
    {{ money(pay, 1000000 + millionths(var('compensation_promotion_compensation_max_cap_pct'))) }},
    {{ pay }} + {{ var('compensation_promotion_compensation_max_cap_amount') }}
))::decimal(12, 2)
{%- endmacro %}
