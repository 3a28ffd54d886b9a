-- What does the employer contribute whether or not a person defers?
-- Grain: one row per person with a core contribution. Inputs: the year's earnings, eligibility, and limits. The
-- contribution is a flat rate of the year's pay, up to the IRC 401(a)(17) limit.
with eligible as (
    select
        contributions.employee_id,
        least(prorated_annual_compensation, compensation_limit)::decimal(12, 2) as eligible_compensation
    from (from {{ ref('int_employee_contributions') }} where {{ of_year() }}) as contributions
    inner join (from {{ ref('int_employer_eligibility') }} where {{ of_year() }} and is_eligible_for_core) as eligibility
        on contributions.employee_id = eligibility.employee_id
    cross join (select compensation_limit from {{ ref('int_irs_limits') }} where {{ of_year() }}) as limits
    {% if var('employer_core_contribution_status') == 'none' -%}
    where false
    {%- endif %}
),

contributed as (
    select *, {{ money('eligible_compensation', millionths(var('employer_core_contribution_contribution_rate'))) }} as employer_core_amount
    from eligible
)

select
    {{ keys() }},
    employee_id,
    {{ quoted(var('employer_core_contribution_status')) }}::{{ label([var('employer_core_contribution_status')]) }} as formula,
    eligible_compensation,
    {{ rate_from_millionths(millionths(var('employer_core_contribution_contribution_rate'))) }} as core_rate,
    employer_core_amount
from contributed
where employer_core_amount > 0
