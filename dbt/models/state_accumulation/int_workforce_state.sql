-- Who was there this year, and how did the year end for them?
-- Grain: one row per person present in the year. Inputs: the opening workforce and the year's hires, carried forward by
-- the year's events. Next year opens from the active rows.
with people as (
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, known_termination_date,
        employee_compensation as opening_pay, level_id as opening_level_id, scheduled_hours_per_week,
        plan_entry_date, is_grandfathered, auto_escalation_opt_out, false as is_new_hire
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
    union all
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, null,
        compensation_amount, level_id, scheduled_hours_per_week, plan_entry_date, false, false, true
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }}
),

changes as (
    select
        employee_id,
        max(effective_date) filter (event_type = 'termination') as termination_date,
        arg_max(compensation_amount, event_sequence) as closing_pay,
        arg_max(level_id, event_sequence) as closing_level_id
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type in ('promotion', 'raise', 'termination')
    group by employee_id
),

closing as (
    select
        people.*,
        termination_date,
        coalesce(closing_pay, opening_pay) as current_compensation,
        coalesce(closing_level_id, opening_level_id) as level_id,
        {{ completed_years_at_end_of(simulation_year(), 'employee_birth_date') }} as current_age,
        case when termination_date is null
            then {{ completed_years_at_end_of(simulation_year(), 'employee_hire_date') }}
            else {{ completed_years('employee_hire_date', 'termination_date') }}::integer
        end as current_tenure
    from people
    left join changes on people.employee_id = changes.employee_id
)

select
    {{ keys() }},
    employee_id,
    employee_key,
    employee_birth_date,
    employee_hire_date,
    known_termination_date,
    termination_date,
    case when termination_date is null then 'active' else 'terminated' end as employment_status,
    case
        when is_new_hire and termination_date is null then 'new_hire_active'
        when is_new_hire then 'new_hire_termination'
        when termination_date is null then 'continuous_active'
        else 'experienced_termination'
    end as detailed_status_code,
    current_compensation,
    level_id,
    scheduled_hours_per_week,
    plan_entry_date,
    is_grandfathered,
    auto_escalation_opt_out,
    current_age,
    current_tenure,
    age_band,
    tenure_band
from closing
inner join {{ ref('stg_age_bands') }} as ages on current_age = ages.age
inner join {{ ref('stg_tenure_bands') }} as tenures on current_tenure = tenures.tenure
