-- No enrollment before plan entry, no contributions without enrollment, no match without deferrals, and no employer
-- contributions outside the plan. Nobody reenrolls after opting out or gets an automatic increase they opted out of.
select employee_id, simulation_year, 'enrolled before entry' as what
from {{ ref('fct_yearly_events') }}
inner join {{ ref('fct_workforce_snapshot') }} using (scenario_id, plan_design_id, simulation_year, employee_id)
where event_type = 'enrollment' and coalesce(effective_date < employee_eligibility_date, true)

union all

select employee_id, simulation_year, 'contribution or match without eligibility'
from {{ ref('fct_workforce_snapshot') }}
inner join {{ ref('int_employer_eligibility') }} using (scenario_id, plan_design_id, simulation_year, employee_id)
where (prorated_annual_contributions > 0 and (employee_enrollment_date is null or not is_in_plan))
    or (employer_match_amount > 0 and (prorated_annual_contributions = 0 or not is_eligible_for_match))
    or (employer_core_amount > 0 and not is_eligible_for_core)

union all

select later.employee_id, later.simulation_year, 'reenrolled after opting out'
from {{ ref('fct_yearly_events') }} as later
inner join {{ ref('fct_yearly_events') }} as earlier using (scenario_id, plan_design_id, employee_id)
where later.event_type = 'enrollment' and earlier.event_category = 'enrollment_opt_out' and later.effective_date >= earlier.effective_date

union all

select employee_id, simulation_year, 'escalated despite opting out'
from {{ ref('fct_yearly_events') }}
inner join {{ ref('stg_census_data') }} using (employee_id)
where event_type = 'deferral_escalation' and auto_escalation_opt_out
