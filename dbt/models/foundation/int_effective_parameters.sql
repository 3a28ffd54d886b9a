-- Which parameters apply to each job level this year?
-- Grain: one row per level. Inputs: the job level seed and the configuration, which takes precedence.
{% set market = {'conservative': -50000, 'baseline': 0, 'competitive': 50000, 'aggressive': 100000}[var('new_hire_market_scenario')] %}
with own_ranges as (
    select null::integer as level_id, null::decimal(12, 2) as own_min, null::decimal(12, 2) as own_max where false
    {% for range in var('new_hire_job_level_compensation') or [] -%}
    union all select {{ range.level }}, {{ range.min_compensation }}, {{ range.max_compensation }}
    {% endfor %}
)

select
    {{ keys() }},
    levels.level_id,
    level_name,
    band_min_compensation,
    band_max_compensation,
    coalesce(own_min, hiring_min_compensation) as hiring_min_compensation,
    coalesce(own_max, hiring_max_compensation) as hiring_max_compensation,
    hiring_percentile,
    {{ rate_from_millionths(1000000 + market) }} as market_adjustment,
    -- Before scaling to the merit budget.
    merit_rate,
    {{ rate_from_millionths(millionths(var('compensation_cola_rate'))) }} as cola_rate,
    promotion_rate,
    termination_multiplier
from {{ ref('config_job_levels') }} as levels
left join own_ranges on levels.level_id = own_ranges.level_id
