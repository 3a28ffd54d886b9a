-- What does the employer match this year?
-- Grain: one row per person with a match. Inputs: the year's contributions, eligibility, and limits. The match is computed
-- once, on the whole year, so it includes any true-up. Each tier applies its rate to deferrals above the previous tier's
-- bound and up to its own; pay counts up to the IRC 401(a)(17) limit. Computed in integers, with deferrals in cents,
-- bounds in hundred-thousandths of pay, rates in millionths, and one division.
{% set from_entry = var('employer_match_compensation') == 'from_entry' %}
{% set matched = 'annual_contribution_amount' if var('employer_match_match_catch_up') else 'regular_deferrals' %}
{% set cap = var('employer_match_match_cap_percent') %}
with {% if from_entry -%}
-- Pay earned since plan entry, for people who enter during the year.
since_entry as (
    select
        employee_id,
        {{ dollars(divide("sum(pay_change * greatest(coalesce(termination_date, " ~ last_day() ~ ") - greatest(pay_date, plan_entry_date) + 1, 0))::bigint", days_in_year())) }} as compensation_from_entry
    from (
        select employee_id, {{ first_day() }} as pay_date, {{ cents('employee_compensation') }} as pay_change
        from {{ ref('int_employee_compensation_by_year') }}
        where {{ of_year() }}
        union all
        select employee_id, effective_date, {{ cents('compensation_amount') }} - {{ cents('coalesce(previous_compensation, 0)') }}
        from {{ ref('fct_yearly_events') }}
        where {{ of_year() }} and event_type in ('hire', 'promotion', 'raise')
    ) as pay_steps
    inner join (from {{ ref('int_workforce_state') }} where {{ of_year() }} and plan_entry_date > {{ first_day() }} and not is_grandfathered) as state
        using (employee_id)
    group by employee_id
),

{% endif -%}
eligible as (
    select
        contributions.employee_id,
        least({{ 'coalesce(compensation_from_entry, prorated_annual_compensation)' if from_entry else 'prorated_annual_compensation' }}, compensation_limit) as eligible_compensation,
        {{ matched }} as deferrals_considered,
        {{ cents('eligible_compensation') }} as pay_cents,
        {{ cents('deferrals_considered') }} * 100000 as deferral_units
    from (from {{ ref('int_employee_contributions') }} where {{ of_year() }} and annual_contribution_amount > 0) as contributions
    inner join (from {{ ref('int_employer_eligibility') }} where {{ of_year() }} and is_eligible_for_match) as eligibility
        on contributions.employee_id = eligibility.employee_id
    {% if from_entry -%}
    left join since_entry on contributions.employee_id = since_entry.employee_id
    {% endif -%}
    cross join (select compensation_limit from {{ ref('int_irs_limits') }} where {{ of_year() }}) as limits
    {% if var('employer_match_active_formula') == 'none' -%}
    where false
    {%- endif %}
),

tiered as (
    select
        *,
        {% set ns = namespace(below=0) -%}
        {% for tier in var('employer_match_tiers') -%}
        {{ millionths(tier.rate) }} * (least(deferral_units, pay_cents * {{ millionths(tier.up_to) // 10 }}) - least(deferral_units, pay_cents * {{ ns.below }})) +
        {% set ns.below = millionths(tier.up_to) // 10 -%}
        {% endfor -%}
        0 as match_units
    from eligible
),

rounded as (
    select
        *,
        {{ dollars(divide('match_units', 100000000000)) }} as uncapped_match,
        {% if cap is none -%}
        uncapped_match as amount
        {%- else -%}
        least(uncapped_match, {{ dollars(divide('pay_cents * ' ~ millionths(cap), 1000000)) }}) as amount
        {%- endif %}
    from tiered
)

select
    md5(concat({{ quoted(var('scenario_id') ~ '|' ~ var('plan_design_id') ~ '|') }}, employee_id, '|employer_match|{{ simulation_year() }}')) as event_id,
    {{ keys() }},
    employee_id,
    'employer_match'::{{ label(['employer_match']) }} as event_type,
    {{ last_day() }} as effective_date,
    {{ quoted(var('employer_match_active_formula')) }}::{{ label([var('employer_match_active_formula')]) }} as formula,
    eligible_compensation::decimal(12, 2) as eligible_compensation,
    deferrals_considered,
    uncapped_match,
    amount::decimal(12, 2) as amount,
    amount < uncapped_match as is_capped
from rounded
where amount > 0
