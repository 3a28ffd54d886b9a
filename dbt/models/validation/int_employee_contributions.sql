-- What did each person earn and defer this year?
-- Grain: one row per person employed during the year. Inputs: the opening workforce, the year's events, the closing state,
-- and the year's limits. Pay and deferral rates are step functions of time: a change of d on day t applies from t through
-- the last day of employment. Earnings are therefore the sum of (pay change x days left), and deferrals the sum over pairs
-- of (pay change x rate change x days left from the later of the two), divided once by the days in the year.
-- Days left are the days employed since Jan 1 minus the days before t, so each sum has two parts: the changes, and the
-- changes x the days before them.
-- Deferrals are limited by IRC 402(g), plus catch-up contributions (414(v)) at age 50 or older on Dec 31 and the higher
-- amount for ages 60 to 63 (SECURE 2.0 s.109), if the plan allows them. From 2026, people who earned more than a
-- threshold in the prior year must make them as Roth contributions (414(v)(7)).
{% set days = days_in_year() %}
with opening as (
    select employee_id, {{ cents('employee_compensation') }} as pay_cents, deferral_rate, prior_year_compensation
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
),

events as (
    select
        employee_id, event_type, effective_date - {{ first_day() }} as days_before,
        compensation_amount, previous_compensation, employee_deferral_rate, prev_employee_deferral_rate
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type not in ('termination', 'eligibility')
),

pay_steps as (
    select employee_id, 0 as pay_days_before, pay_cents as pay_change, prior_year_compensation
    from opening
    union all
    select employee_id, days_before, {{ cents('compensation_amount') }} - {{ cents('coalesce(previous_compensation, 0)') }}, null
    from events
    where compensation_amount is not null
),

rate_steps as (
    select employee_id, 0 as rate_days_before, {{ rate_in_millionths('deferral_rate') }} as rate_change
    from opening
    where deferral_rate > 0
    union all
    select employee_id, days_before, {{ rate_in_millionths('employee_deferral_rate - prev_employee_deferral_rate') }}
    from events
    where employee_deferral_rate is not null
),

earned as (
    select
        employee_id,
        sum(pay_change)::bigint as changes,
        sum(pay_change * pay_days_before)::bigint as changes_by_days_before,
        max(prior_year_compensation) as prior_year_compensation
    from pay_steps
    group by employee_id
),

-- Each pair of a pay step and a rate step starts on the later of the two days.
pairs as (
    select pay_steps.employee_id, greatest(pay_days_before, rate_days_before) as days_before, pay_change * rate_change as pair_change
    from pay_steps
    inner join rate_steps on pay_steps.employee_id = rate_steps.employee_id
),

deferred as (
    select
        employee_id,
        sum(pair_change)::bigint as changes,
        sum(pair_change * days_before)::bigint as changes_by_days_before
    from pairs
    group by employee_id
),

limited as (
    select
        people.employee_id,
        {{ dollars(divide('earned.changes * days_employed - earned.changes_by_days_before', days)) }} as prorated_annual_compensation,
        prior_year_compensation,
        {{ dollars(divide('coalesce(deferred.changes * days_employed - deferred.changes_by_days_before, 0)', 1000000 * days)) }} as elected_deferrals,
        deferral_limit,
        roth_catch_up_threshold,
        case
            when not {{ var('deferrals_catch_up') | string | lower }} then 'base'
            when {{ var('deferrals_super_catch_up') | string | lower }} and current_age between 60 and 63 then 'super_catch_up'
            when current_age >= 50 then 'catch_up'
            else 'base'
        end::{{ label('limit_type') }} as limit_type,
        case limit_type when 'base' then 0 when 'catch_up' then limits.catch_up_limit else super_catch_up_limit end::decimal(12, 2) as catch_up_limit
    from (
        -- Days from Jan 1 to the last day of employment.
        select employee_id, current_age, coalesce(termination_date, {{ last_day() }}) - {{ first_day() }} + 1 as days_employed
        from {{ ref('int_workforce_state') }}
        where {{ of_year() }}
    ) as people
    inner join earned on people.employee_id = earned.employee_id
    left join deferred on people.employee_id = deferred.employee_id
    cross join (select deferral_limit, catch_up_limit, super_catch_up_limit, roth_catch_up_threshold from {{ ref('int_irs_limits') }} where {{ of_year() }}) as limits
),

-- The day on which deferrals reach the limit. After each step, deferrals grow by a constant amount per day; the right
-- day is the one computed from the last step that doesn't come after it.
pairs_to_limit as (
    select pairs.employee_id, days_before, pair_change, {{ cents('deferral_limit + catch_up_limit') }} * {{ 1000000 * days }} as limit_units
    from pairs
    inner join limited on pairs.employee_id = limited.employee_id
    where elected_deferrals >= deferral_limit + catch_up_limit
),

limit_days as (
    select employee_id, {{ first_day() }} + (arg_max(days_before_limit, days_before) filter (days_before_limit >= days_before))::integer as irs_limit_reached_date
    from (
        select
            latest.employee_id,
            latest.days_before,
            sum(earlier.pair_change)::bigint as daily,
            (any_value(latest.limit_units) + sum(earlier.pair_change * earlier.days_before)::bigint + daily - 1) // nullif(daily, 0) - 1 as days_before_limit
        from (select distinct employee_id, days_before, limit_units from pairs_to_limit) as latest
        inner join pairs_to_limit as earlier on latest.employee_id = earlier.employee_id and earlier.days_before <= latest.days_before
        group by latest.employee_id, latest.days_before
    )
    group by employee_id
)

select
    {{ keys() }},
    limited.employee_id,
    prorated_annual_compensation,
    elected_deferrals,
    deferral_limit as irs_402g_limit,
    catch_up_limit,
    limit_type,
    least(elected_deferrals, deferral_limit)::decimal(12, 2) as regular_deferrals,
    (least(elected_deferrals, deferral_limit + catch_up_limit) - least(elected_deferrals, deferral_limit))::decimal(12, 2) as catch_up_deferrals,
    least(elected_deferrals, deferral_limit + catch_up_limit)::decimal(12, 2) as annual_contribution_amount,
    elected_deferrals >= deferral_limit + catch_up_limit as irs_limit_reached,
    irs_limit_reached_date::date as irs_limit_reached_date,
    coalesce(catch_up_deferrals > 0 and prior_year_compensation > roth_catch_up_threshold, false) as catch_up_must_be_roth
from limited
left join limit_days on limited.employee_id = limit_days.employee_id
