-- Who is hired this year?
-- Grain: one row per hire, numbered consecutively by level. Inputs: the year's needs, in total and by level, and the job
-- level parameters. Hires who terminate in the same year are drawn first, so their hire date leaves a day for it.
{% set monthly_shares = var('hiring_monthly_shares') %}
with numbered as (
    select
        hire_number,
        'NH_{{ simulation_year() }}_' || lpad(hire_number::varchar, 6, '0') as employee_id,
        md5_number_lower('NH_{{ simulation_year() }}_' || lpad(hire_number::varchar, 6, '0'))::ubigint as employee_key,
        new_hire_terminations
    from (select unnest(range(1, hires + 1)) as hire_number, new_hire_terminations from {{ ref('int_workforce_needs') }} where {{ of_year() }})
),

drawn as (
    select
        *,
        row_number() over (order by {{ draw_bits('employee_key', 'new_hire_termination') }}, employee_id) <= new_hire_terminations as leaves_in_hire_year,
        {{ draw_bits('employee_key', 'hire_age') }} as age_bits,
        {%- if monthly_shares is not none %}
        {{ draw_bits('employee_key', 'hire_month') }} as month_bits,
        {%- endif %}
        {{ draw_integer('employee_key', 'hire_pay', 1024) }} as pay_quantile
    from numbered
),

dated as (
    select
        *,
        {% if monthly_shares is none -%}
        ({{ first_day() }} + {{ draw_integer('employee_key', 'hire_date', days_in_year() ~ ' - leaves_in_hire_year::integer') }}::integer)::date as employee_hire_date,
        {%- else -%}
        {{ drawn_day('employee_key', 'hire_date', 'hire_month', '(leaves_in_hire_year and hire_month = 12)::integer') }} as employee_hire_date,
        {%- endif %}
        -- The first age whose cumulative share of the distribution exceeds the draw.
        {% set ages = var('new_hire_age_distribution') -%}
        {%- set ns = namespace(total=0.0, reached=0.0) -%}
        {%- for entry in ages -%}{%- set ns.total = ns.total + entry.weight -%}{%- endfor -%}
        case
            {% for entry in ages -%}
            {%- set ns.reached = ns.reached + entry.weight / ns.total -%}
            {%- if not loop.last -%}
            when age_bits < {{ (ns.reached * 4294967296) | round | int }} then {{ entry.age }}
            {% endif -%}
            {%- endfor -%}
            else {{ (ages | last).age }}
        end as hire_age
    from {% if monthly_shares is none %}drawn{% else %}(select *, {{ drawn_month('month_bits', monthly_shares) }} as hire_month from drawn){% endif %}
),

-- A uniformly drawn birth date among those that give this age on the hire date.
born as (
    select
        * exclude (last_birth_date, days_of_birth),
        (last_birth_date - {{ draw_integer('employee_key', 'birth_date', 'days_of_birth') }}::integer)::date as employee_birth_date
    from (
        select
            *,
            (employee_hire_date - to_years(hire_age))::date as last_birth_date,
            (employee_hire_date - to_years(hire_age))::date - (employee_hire_date - to_years(hire_age + 1))::date as days_of_birth
        from dated
    )
),

placed as (
    select
        born.*,
        levels.level_id,
        -- Position in the hiring range: truncated normal around the level's percentile, clamped to the range.
        least(greatest({{ rate_in_millionths('hiring_percentile') }} * 1000000 + {{ millionths(var('new_hire_range_position_std_dev')) }}::bigint * z_millionths, 0) // 1000000, 1000000) as position_millionths,
        hiring_min_compensation,
        hiring_max_compensation,
        market_adjustment,
        case when {{ draw_below('employee_key', 'part_time', millionths(var('workforce_part_time_new_hire_pct'))) }} then 20 else 40 end::decimal(5, 2) as scheduled_hours_per_week,
        {{ draw_below('employee_key', 'plan_exclusion', millionths(var('plan_eligibility_new_hire_ineligible_pct'))) }} as is_plan_excluded
    from born
    inner join (from {{ ref('int_workforce_needs_by_level') }} where {{ of_year() }}) as levels
        on hire_number > last_hire_number - levels.hires and hire_number <= last_hire_number
    inner join (from {{ ref('int_effective_parameters') }} where {{ of_year() }}) as parameters on levels.level_id = parameters.level_id
    inner join {{ ref('config_normal_quantiles') }} on pay_quantile = quantile_index
),

priced as (
    select
        *,
        (hiring_min_compensation + {{ money('(hiring_max_compensation - hiring_min_compensation)', 'position_millionths') }})::decimal(12, 2) as range_pay
    from placed
)

select
    {{ keys() }},
    employee_id,
    'hire'::{{ label('event_type') }} as event_type,
    'hire'::{{ label('event_category') }} as event_category,
    employee_hire_date as effective_date,
    'Hired at level ' || level_id as event_details,
    least(greatest({{ money('range_pay', rate_in_millionths('market_adjustment')) }}, hiring_min_compensation), hiring_max_compensation)::decimal(12, 2) as compensation_amount,
    level_id,
    employee_key,
    employee_birth_date,
    employee_hire_date,
    scheduled_hours_per_week,
    is_plan_excluded,
    {{ plan_entry_date('employee_birth_date', 'employee_hire_date', 'scheduled_hours_per_week', 'is_plan_excluded') }} as plan_entry_date,
    leaves_in_hire_year
from priced
