-- Opening - terminations + hires - new-hire terminations = target = active in the snapshot = next year's opening.
with counted as (
    select
        scenario_id, plan_design_id, simulation_year,
        count(*) filter (employment_status = 'active') as closing,
        count(*) filter (detailed_status_code = 'experienced_termination') as terminations,
        count(*) filter (detailed_status_code like 'new_hire%') as hires,
        count(*) filter (detailed_status_code = 'new_hire_termination') as new_hire_terminations
    from {{ ref('fct_workforce_snapshot') }}
    group by all
),

opened as (
    select scenario_id, plan_design_id, simulation_year, count(*) as opening
    from {{ ref('int_employee_compensation_by_year') }}
    group by all
)

select *
from {{ ref('int_workforce_needs') }} as needs
left join counted using (scenario_id, plan_design_id, simulation_year)
left join opened using (scenario_id, plan_design_id, simulation_year)
left join (select * replace (simulation_year + 1 as simulation_year), closing as prior_closing from counted) as prior
    using (scenario_id, plan_design_id, simulation_year)
where opening is distinct from opening_headcount
    or counted.closing is distinct from target_headcount
    or counted.closing is distinct from expected_closing_headcount
    or counted.closing is distinct from opening - counted.terminations + counted.hires - counted.new_hire_terminations
    or prior_closing != opening
