-- How many terminations and hires close the year at its target?
-- Grain: one row. Input: the opening workforce. All counts are computed in integers:
--   target = round(opening x (1 + growth)), at least 1;
--   terminations = round(experienced x rate) + round(first year x first-year rate), or the known ones if there are more;
--   hires fill the gap, plus new-hire terminations; a surplus causes more terminations.
{% set leaving = millionths(var('workforce_total_termination_rate')) %}
{% set new_hire_leaving = millionths(var('workforce_new_hire_termination_rate')) %}
{% set first_year_rate = var('workforce_first_full_year_rate') %}
{% set first_year_leaving = new_hire_leaving if first_year_rate is none else millionths(first_year_rate) %}
{% set staying = 1000000 - new_hire_leaving %}
with counted as (
    select
        count(*) as opening_headcount,
        count(*) filter (is_experienced) as experienced_headcount,
        count(*) filter (not is_experienced) as first_year_headcount,
        count(*) filter (year(known_termination_date) = {{ simulation_year() }}) as known_leavers,
        count(*) filter (is_experienced and year(known_termination_date) = {{ simulation_year() }}) as experienced_known_leavers,
        -- People with a known termination date, in this year or later, are never drawn.
        count(*) filter (is_experienced and known_termination_date is null) as experienced_drawable,
        count(*) filter (not is_experienced and known_termination_date is null) as first_year_drawable,
        coalesce(sum({{ cents('employee_compensation') }}), 0)::bigint as opening_payroll_cents
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
),

expected as (
    select
        *,
        greatest({{ divide('opening_headcount * ' ~ (1000000 + millionths(var('target_growth_rate'))), 1000000) }}, 1) as target_headcount,
        {{ divide('experienced_headcount * ' ~ leaving, 1000000) }} as experienced_quota,
        {{ divide('first_year_headcount * ' ~ first_year_leaving, 1000000) }} as first_year_quota
    from counted
),

leaving as (
    select
        *,
        least(
            greatest(experienced_quota + first_year_quota, known_leavers),
            known_leavers + experienced_drawable + first_year_drawable
        ) as terminations
    from expected
),

missing as (
    select
        *,
        target_headcount - (opening_headcount - terminations) as net_need,
        -- Known terminations fill their group's quota first; the rest are drawn from whichever group has people left.
        greatest(
            least(greatest(experienced_quota - experienced_known_leavers, 0), terminations - known_leavers, experienced_drawable),
            terminations - known_leavers - first_year_drawable
        ) as experienced_drawn
    from leaving
),

solved as (
    select
        *,
        least(greatest(-net_need, 0), experienced_drawable + first_year_drawable - (terminations - known_leavers)) as reduction_in_force,
        (greatest(net_need, 0) * 1000000 + {{ staying - 1 }}) // {{ staying }} as hires
    from missing
)

select
    {{ keys() }},
    opening_headcount,
    experienced_headcount,
    first_year_headcount,
    opening_payroll_cents,
    target_headcount,
    known_leavers,
    terminations as experienced_terminations,
    experienced_drawn,
    terminations - known_leavers - experienced_drawn as first_year_drawn,
    reduction_in_force,
    hires,
    hires - greatest(net_need, 0) as new_hire_terminations,
    opening_headcount - terminations - reduction_in_force + greatest(net_need, 0) as expected_closing_headcount
from solved
