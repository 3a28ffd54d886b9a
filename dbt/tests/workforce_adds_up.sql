-- Opening - leavers + hires - new hires who leave = target; the snapshot's actives are as many, and open the next year.
with counted as (
    select
        scenario_id, plan_design_id, simulation_year,
        count(*) filter (employment_status = 'active') as closing,
        count(*) filter (detailed_status_code = 'experienced_termination') as leavers,
        count(*) filter (detailed_status_code like 'new_hire%') as hires,
        count(*) filter (detailed_status_code = 'new_hire_termination') as new_hire_leavers
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
    or counted.closing is distinct from opening - counted.leavers + counted.hires - counted.new_hire_leavers
    or prior_closing != opening
