-- Each event starts from the current pay or rate, as set by the opening state, a hire, or the previous event.
-- The last one ends at the value in the snapshot.
with steps as (
    select scenario_id, plan_design_id, simulation_year, employee_id, 'pay' as chain, 0 as position, null as previous_value, employee_compensation::decimal(18, 6) as value
    from {{ ref('int_employee_compensation_by_year') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, 'rate', 0, null, deferral_rate::decimal(18, 6)
    from {{ ref('int_employee_compensation_by_year') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, 'rate', 0, null, 0
    from {{ ref('int_hiring_events') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, 'pay', event_sequence, previous_compensation, compensation_amount
    from {{ ref('fct_yearly_events') }}
    where compensation_amount is not null
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, 'rate', event_sequence, prev_employee_deferral_rate, employee_deferral_rate
    from {{ ref('fct_yearly_events') }}
    where employee_deferral_rate is not null
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, 'pay', 9999, current_compensation, null
    from {{ ref('fct_workforce_snapshot') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, 'rate', 9999, current_deferral_rate, null
    from {{ ref('fct_workforce_snapshot') }}
)

select *
from (
    select
        *,
        lag(value) over (partition by scenario_id, plan_design_id, simulation_year, employee_id, chain order by position) as value_in_force
    from steps
)
where previous_value is distinct from value_in_force
