-- A person has at most one hire and one termination over all years. Every event falls in its year, not before the hire or
-- after the termination, and each event type occurs at most once per person and year.
with bounds as (
    select
        scenario_id, plan_design_id, employee_id,
        max(effective_date) filter (event_type = 'hire') as hired,
        max(effective_date) filter (event_type = 'termination') as left_on,
        count(*) filter (event_type = 'hire') as hires,
        count(*) filter (event_type = 'termination') as terminations
    from {{ ref('fct_yearly_events') }}
    group by all
)

select event_id
from {{ ref('fct_yearly_events') }}
inner join bounds using (scenario_id, plan_design_id, employee_id)
where year(effective_date) != simulation_year
    or effective_date < hired
    or effective_date > left_on
    or (effective_date = left_on and event_type != 'termination')
    or hires > 1
    or terminations > 1

union all

select min(event_id)
from {{ ref('fct_yearly_events') }}
group by scenario_id, plan_design_id, employee_id, simulation_year, event_type
having count(*) > 1
