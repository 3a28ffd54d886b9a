-- What are the IRS limits for this year?
-- Grain: one row. Input: the published limits. Years after the last published one are projected from it with
-- irs_limits.index_rate. Increases are rounded down to the statutory increment: 500 for elective deferrals and catch-up
-- (IRC 402(g)(4), 414(v)(2)(C)), 5,000 for pay, highly
-- compensated employees, and Roth catch-up (401(a)(17)(B), 414(q)(1), 414(v)(7)(E)), 1,000 for
-- annual additions (415(d)(4)), and 300 for the wage base (42 USC 430). A limit never decreases.
{% set last_published = last_published_year() %}
{% set factor = namespace(billionths=1000000000) %}
{% for year in range(last_published, simulation_year()) -%}
    {%- set factor.billionths = factor.billionths * (1000000 + millionths(var('irs_limits_index_rate') or 0)) // 1000000 -%}
{%- endfor %}
{% set steps = {'deferral_limit': 500, 'catch_up_limit': 500, 'super_catch_up_limit': 500, 'compensation_limit': 5000, 'annual_additions_limit': 1000, 'hce_threshold': 5000, 'roth_catch_up_threshold': 5000, 'social_security_wage_base': 300} %}
select
    {{ keys() }},
    {% for limit, step in steps | items -%}
    ({{ limit }}::bigint + greatest({{ limit }}::bigint * {{ factor.billionths - 1000000000 }} // 1000000000 // {{ step }}, 0) * {{ step }})::decimal(12, 2) as {{ limit }},
    {% endfor -%}
    {{ 'true' if simulation_year() > last_published else 'false' }} as is_estimated
from {{ ref('config_irs_limits') }}
where
    limit_year = {{ [simulation_year(), last_published] | min }}
    {% if var('irs_limits_index_rate') is none -%}
    -- Without an index rate, nothing is projected.
    and limit_year = {{ simulation_year() }}
    {%- endif %}
