-- The year's pay and deferrals, summed over the intervals between events, match the contributions to the cent. The
-- intervals are built with window functions, while the model sums changes.
with facts as (
    select scenario_id, plan_design_id, simulation_year, employee_id, make_date(simulation_year, 1, 1) as since, 0 as position, employee_compensation as pay, deferral_rate as rate
    from {{ ref('int_employee_compensation_by_year') }}
    union all
    select scenario_id, plan_design_id, simulation_year, employee_id, effective_date, event_sequence, compensation_amount, case event_type when 'hire' then 0 else employee_deferral_rate end
    from {{ ref('fct_yearly_events') }}
),

stretches as (
    select
        facts.*,
        last_value(pay ignore nulls) over person as pay_in_force,
        last_value(rate ignore nulls) over person as rate_in_force,
        coalesce(lead(since) over person, coalesce(termination_date, make_date(simulation_year, 12, 31)) + 1) - since as days
    from facts
    inner join {{ ref('fct_workforce_snapshot') }} using (scenario_id, plan_design_id, simulation_year, employee_id)
    window person as (partition by scenario_id, plan_design_id, simulation_year, employee_id order by position)
),

added_up as (
    select
        scenario_id, plan_design_id, simulation_year, employee_id,
        sum((pay_in_force * 100)::hugeint * days) as cent_days,
        sum((pay_in_force * 100)::hugeint * days * (rate_in_force * 1000000)::hugeint) as unit_days,
        dayofyear(make_date(simulation_year, 12, 31)) as days_in_year
    from stretches
    group by all
)

select *
from added_up
full join {{ ref('int_employee_contributions') }} using (scenario_id, plan_design_id, simulation_year, employee_id)
where (prorated_annual_compensation * 100)::hugeint is distinct from (2 * cent_days + days_in_year) // (2 * days_in_year)
    or (elected_deferrals * 100)::hugeint is distinct from (2 * unit_days + 1000000 * days_in_year) // (2000000 * days_in_year)
