-- Whose pay changes this year, when, from what, and to what?
-- Grain: one row per person with a promotion, a raise, or both. Inputs: the opening workforce, the year's terminations,
-- and the job level parameters. Promotions and raises are computed together because each builds on the pay after the
-- other: the earlier one applies first, the promotion if they share a date. None occur on or after termination.
{% set fixed_day = var('compensation_raise_timing_method') == 'fixed_day' %}
{% set raise_may_come_first = not fixed_day or var('compensation_raise_timing_day') < var('compensation_promotion_day') %}
{% set spread = millionths(var('compensation_promotion_compensation_distribution_range')) %}
{% set base_increase = millionths(var('compensation_promotion_compensation_base_increase_pct')) %}
{% set distribution = var('compensation_promotion_compensation_distribution_type') %}
{% set overrides = var('compensation_promotion_compensation_level_overrides') or {} %}
{% set merit_budget = var('compensation_merit_budget') %}
with terminations as (
    select employee_id, effective_date as termination_date from {{ ref('int_termination_events') }} where {{ of_year() }}
),

parameters as (
    from {{ ref('int_effective_parameters') }} where {{ of_year() }}
),

people as (
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, termination_date, level_id,
        employee_compensation as opening_pay,
        least(promotion_rate_millionths * {{ millionths(var('compensation_promotion_rate_multiplier')) }} // 1000000, 1000000) as promotion_probability,
        {% if fixed_day -%}
        {{ plan_day(var('compensation_raise_timing_day')) }} as raise_day
        {%- else -%}
        {{ draw_bits('employee_key', 'raise_month') }} as month_bits
        {%- endif %}
    from {{ ref('int_employee_compensation_by_year') }}
    left join terminations using (employee_id)
    where {{ of_year() }}
        -- People with less than a year of service at year end get neither.
        and employee_hire_date <= {{ last_day() }} - interval 1 year
),

decided as (
    select
        *,
        promotion_day < coalesce(termination_date, date '9999-12-31')
        and employee_hire_date + interval 1 year <= promotion_day
        and {{ draw_below('employee_key', 'promotion', 'promotion_probability') }} as is_promoted,
        raise_day < coalesce(termination_date, date '9999-12-31')
        and employee_hire_date + interval 1 year <= raise_day as is_raised,
        raise_day < promotion_day as raise_comes_first
    from (
        select *, {{ plan_day(var('compensation_promotion_day')) }} as promotion_day
            {%- if not fixed_day %}, {{ drawn_day('employee_key', 'raise_day', 'raise_month') }} as raise_day{% endif %}
        from {% if fixed_day %}people{% else %}(select *, {{ drawn_month('month_bits', var('compensation_raise_timing_monthly_shares')) }} as raise_month from people){% endif %}
    )
),

promotions as (
    select
        employee_id,
        opening_pay,
        next_level.band_min_compensation as next_level_minimum,
        {% if overrides -%}
        case decided.level_id {% for level, increase in overrides | items %}when {{ level }} then {{ millionths(increase) }} {% endfor %}else
        {%- endif %}
        {% if distribution == 'uniform' -%}
        {{ base_increase - spread }} + {{ draw_integer('employee_key', 'promotion_increase', 2 * spread + 1) }}
        {%- elif distribution == 'normal' -%}
        {{ base_increase }} + {{ millionths(var('compensation_promotion_compensation_normal_std_dev')) }}::bigint * z_millionths // 1000000
        {%- else -%}
        {{ base_increase }}
        {%- endif %}
        {% if overrides %}end {% endif %}as increase_millionths
    from decided
    inner join parameters as next_level on decided.level_id + 1 = next_level.level_id
    {% if distribution == 'normal' -%}
    inner join {{ ref('config_normal_quantiles') }} on {{ draw_integer('employee_key', 'promotion_increase', 1024) }} = quantile_index
    {%- endif %}
    where is_promoted
),

promoted as (
    select employee_id, increase_millionths, next_level_minimum, {{ promoted_pay('opening_pay') }} as pay_if_promoted_first
    from promotions
),

-- Pay and level on the day of the raise, before it.
before_raise as (
    select
        decided.* exclude (is_promoted),
        promoted.employee_id is not null as is_promoted,
        increase_millionths,
        next_level_minimum,
        pay_if_promoted_first,
        case when promoted.employee_id is not null and not raise_comes_first then pay_if_promoted_first else opening_pay end as pay_before_raise,
        case when promoted.employee_id is not null and not raise_comes_first then decided.level_id + 1 else decided.level_id end as level_at_raise
    from decided
    left join promoted using (employee_id)
    where is_raised or promoted.employee_id is not null
),

-- The merit rate of each level in billionths. With a budget, the rates are scaled proportionally so that the raises of
-- those still employed add up to the budget.
merit_rates as (
    select
        level_id,
        cola_rate,
        {% if merit_budget is none -%}
        {{ rate_in_millionths('merit_rate') }} * 1000 as merit_billionths
        {%- else -%}
        {{ divide(rate_in_millionths('merit_rate') ~ '::hugeint * opening_payroll_cents * ' ~ (millionths(merit_budget) * 1000), 'greatest(at_unscaled_rates, 1)') }}::bigint as merit_billionths
        {%- endif %}
    from parameters
    {%- if merit_budget is not none %}
    cross join (select opening_payroll_cents from {{ ref('int_workforce_needs') }} where {{ of_year() }}) as needs
    cross join (
        select coalesce(sum({{ cents('pay_before_raise') }} * {{ rate_in_millionths('merit_rate') }}), 0) as at_unscaled_rates
        from before_raise
        inner join parameters on level_at_raise = parameters.level_id
        where is_raised
    ) as unscaled
    {%- endif %}
),

raised as (
    select
        before_raise.*,
        case when is_raised then pay_before_raise
            + {{ dollars(divide(cents('pay_before_raise') ~ ' * merit_billionths', 1000000000)) }}
            + {{ money('pay_before_raise', rate_in_millionths('cola_rate')) }}
        end::decimal(12, 2) as pay_after_raise
    from before_raise
    inner join merit_rates on level_at_raise = merit_rates.level_id
)

select
    {{ keys() }},
    employee_id,
    employee_birth_date,
    employee_hire_date,
    level_id as opening_level_id,
    opening_pay,
    case when is_promoted then promotion_day end as promotion_date,
    case when is_promoted then level_id + 1 end as promotion_level_id,
    case when is_promoted then coalesce(case when raise_comes_first then pay_after_raise end, opening_pay) end as promotion_previous_pay,
    case
        {% if raise_may_come_first -%}
        when is_promoted and raise_comes_first and is_raised then {{ promoted_pay('pay_after_raise') }}
        {% endif -%}
        when is_promoted then pay_if_promoted_first
    end as promotion_pay,
    {{ rate_from_millionths('promotion_probability') }} as promotion_probability,
    case when is_raised then raise_day end as raise_date,
    case when is_raised then level_at_raise end as raise_level_id,
    case when is_raised then pay_before_raise end as raise_previous_pay,
    pay_after_raise as raise_pay
from raised
