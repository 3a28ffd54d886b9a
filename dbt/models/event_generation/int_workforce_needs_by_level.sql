-- How many of the year's hires join at each level?
-- Grain: one row per level. Inputs: the year's hires, the opening workforce, and the configured shares, if any. Uses the
-- largest remainder method: every level gets the integer part of its share, and the rest go to the levels with the
-- largest fractions (the lower level in a tie). A level without people keeps its fixed share.
{% set shares = var('hiring_level_shares') %}
with shares as (
    select levels.level_id, count(people.employee_id) as opening_headcount,
        {% if shares is none -%}
        count(people.employee_id) as share
        {%- else -%}
        case levels.level_id {% for share in shares %}when {{ loop.index }} then {{ millionths(share) }} {% endfor %}else 0 end as share
        {%- endif %}
    from {{ ref('config_job_levels') }} as levels
    left join (from {{ ref('int_employee_compensation_by_year') }} where {{ of_year() }}) as people
        on levels.level_id = people.level_id
    group by levels.level_id
),

split as (
    select
        shares.*,
        hires,
        hires * share // sum(share) over () as whole_part,
        hires * share % sum(share) over () as fraction
    from shares
    cross join (from {{ ref('int_workforce_needs') }} where {{ of_year() }}) as needs
),

assigned as (
    select
        level_id,
        opening_headcount,
        (whole_part + case when row_number() over (order by fraction desc, level_id) <= hires - sum(whole_part) over () then 1 else 0 end)::bigint as hires
    from split
)

select
    {{ keys() }},
    level_id,
    opening_headcount,
    hires,
    -- Hires are numbered consecutively by level; this is the level's last number.
    (sum(hires) over (order by level_id))::bigint as last_hire_number
from assigned
