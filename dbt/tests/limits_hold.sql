-- Deferrals stay within 402(g) and catch-up for the age on Dec 31, pay for employer contributions within 401(a)(17),
-- deferral rates within the plan maximum, and automatic increases within theirs.
select employee_id, simulation_year, 'deferrals' as what
from {{ ref('fct_workforce_snapshot') }}
inner join {{ ref('int_irs_limits') }} as limits using (scenario_id, plan_design_id, simulation_year)
where prorated_annual_contributions > deferral_limit + case
        when simulation_year - year(employee_birth_date) < 50 then 0
        when simulation_year - year(employee_birth_date) between 60 and 63 then super_catch_up_limit
        else catch_up_limit
    end
    or catch_up_deferrals > greatest(prorated_annual_contributions - deferral_limit, 0)
    or current_deferral_rate > {{ var('deferrals_maximum_rate') }}

union all

select employee_id, simulation_year, 'pay for employer contributions'
from (
    select scenario_id, plan_design_id, simulation_year, employee_id, eligible_compensation from {{ ref('fct_employer_match_events') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, eligible_compensation from {{ ref('int_employer_core_contributions') }}
)
inner join {{ ref('int_irs_limits') }} using (scenario_id, plan_design_id, simulation_year)
where eligible_compensation > compensation_limit

union all

select employee_id, simulation_year, 'automatic increase'
from {{ ref('fct_yearly_events') }}
where event_type = 'deferral_escalation'
    and (employee_deferral_rate > {{ var('deferral_auto_escalation_maximum_rate') }} or employee_deferral_rate <= prev_employee_deferral_rate)
