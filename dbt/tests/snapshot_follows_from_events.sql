-- Status, level, enrollment, and escalations in the snapshot follow from the opening state and the year's events, computed
-- differently than in the models.
with opening as (
    select scenario_id, plan_design_id, simulation_year, employee_id, level_id, is_enrolled, total_deferral_escalations, false as is_new_hire
    from {{ ref('int_employee_compensation_by_year') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, level_id, false, 0, true
    from {{ ref('fct_yearly_events') }}
    where event_type = 'hire'
),

derived as (
    select
        opening.*,
        (select max(effective_date) from {{ ref('fct_yearly_events') }} as e where e.scenario_id = opening.scenario_id and e.plan_design_id = opening.plan_design_id and e.simulation_year = opening.simulation_year and e.employee_id = opening.employee_id and event_type = 'termination') as left_on,
        (select max(level_id) from {{ ref('fct_yearly_events') }} as e where e.scenario_id = opening.scenario_id and e.plan_design_id = opening.plan_design_id and e.simulation_year = opening.simulation_year and e.employee_id = opening.employee_id and event_type = 'promotion') as promoted_to,
        (select count(*) from {{ ref('fct_yearly_events') }} as e where e.scenario_id = opening.scenario_id and e.plan_design_id = opening.plan_design_id and e.simulation_year = opening.simulation_year and e.employee_id = opening.employee_id and event_type = 'enrollment') as enrollments,
        (select count(*) from {{ ref('fct_yearly_events') }} as e where e.scenario_id = opening.scenario_id and e.plan_design_id = opening.plan_design_id and e.simulation_year = opening.simulation_year and e.employee_id = opening.employee_id and event_type = 'enrollment_change') as opt_outs,
        (select count(*) from {{ ref('fct_yearly_events') }} as e where e.scenario_id = opening.scenario_id and e.plan_design_id = opening.plan_design_id and e.simulation_year = opening.simulation_year and e.employee_id = opening.employee_id and event_type = 'deferral_escalation') as escalations
    from opening
)

select derived.*
from derived
full join {{ ref('fct_workforce_snapshot') }} as snapshot using (scenario_id, plan_design_id, simulation_year, employee_id)
where left_on is distinct from termination_date
    or coalesce(promoted_to, derived.level_id) is distinct from snapshot.level_id
    or is_enrolled::integer + enrollments - opt_outs is distinct from is_enrolled_flag::integer
    or derived.total_deferral_escalations + escalations is distinct from snapshot.total_deferral_escalations
    or case when is_new_hire then 'new_hire_' when left_on is null then 'continuous_' else 'experienced_' end
    || case when left_on is null then 'active' else 'termination' end is distinct from detailed_status_code
