-- Who was employed this year, and what is their closing state?
-- Grain: one row per person employed during the year (as of the last day for those who left). Inputs: the opening
-- workforce and the year's hires, carried forward by the year's events. Participation changes already set for next year
-- are pending. The next year opens with the active rows; the state accumulators are views of this table.
with people as (
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, known_termination_date,
        employee_compensation as opening_pay, level_id as opening_level_id, scheduled_hours_per_week,
        plan_entry_date, is_grandfathered, false as is_new_hire,
        is_enrolled as was_enrolled, enrollment_date as earlier_enrollment_date, enrollment_method as earlier_enrollment_method,
        ever_opted_out as had_opted_out, opt_out_date as earlier_opt_out_date,
        deferral_rate as opening_rate, original_deferral_rate as earlier_original_rate, rate_source as opening_rate_source,
        auto_escalation_opt_out, total_deferral_escalations as earlier_escalations,
        total_escalation_amount as earlier_escalation_amount, last_escalation_date as earlier_escalation_date
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
    union all
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, null,
        compensation_amount, level_id, scheduled_hours_per_week,
        plan_entry_date, false, true,
        false, null, null, false, null,
        0, null, 'none'::{{ label('rate_source') }},
        false, 0, 0, null
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }}
),

changes as (
    select
        employee_id,
        max(effective_date) filter (event_type = 'termination') as termination_date,
        arg_max(compensation_amount, event_sequence) as closing_pay,
        arg_max(level_id, event_sequence) filter (compensation_amount is not null) as closing_level_id,
        arg_max(event_type, event_sequence) filter (event_type in ('enrollment', 'enrollment_change')) as last_participation,
        max(effective_date) filter (event_type = 'enrollment') as enrolled_on,
        arg_max(event_category, event_sequence) filter (event_type = 'enrollment') as enrolled_by,
        arg_min(employee_deferral_rate, event_sequence) filter (event_type = 'enrollment') as enrolled_at,
        max(effective_date) filter (event_type = 'enrollment_change') as opted_out_on,
        arg_max(employee_deferral_rate, event_sequence) as closing_rate,
        arg_max(event_type, event_sequence) filter (employee_deferral_rate is not null) as last_rate_change,
        max(effective_date) filter (employee_deferral_rate is not null) as last_rate_change_date,
        (count(*) filter (event_type = 'deferral_escalation'))::integer as escalations,
        sum(employee_deferral_rate - prev_employee_deferral_rate) filter (event_type = 'deferral_escalation') as escalated_by,
        max(effective_date) filter (event_type = 'deferral_escalation') as escalated_on
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type not in ('hire', 'eligibility')
    group by employee_id
),

pending as (
    select employee_id, pending_enrollment_date, pending_enrollment_method, pending_deferral_rate, pending_enrollment_probability, pending_opt_out_date, pending_opt_out_probability
    from {{ ref('int_participation_changes') }}
    where {{ of_year() }} and (pending_enrollment_date is not null or pending_opt_out_date is not null)
),

closing as (
    select
        people.*,
        changes.* exclude (employee_id),
        pending.* exclude (employee_id),
        {{ completed_years_at_end_of(simulation_year(), 'employee_birth_date') }} as current_age,
        case when termination_date is null
            then {{ completed_years_at_end_of(simulation_year(), 'employee_hire_date') }}
            else {{ completed_years('employee_hire_date', 'termination_date') }}::integer
        end as current_tenure
    from people
    left join changes on people.employee_id = changes.employee_id
    -- Pending changes lapse for people who have left.
    left join pending on case when termination_date is null then people.employee_id end = pending.employee_id
)

select
    {{ keys() }},
    employee_id,
    employee_key,
    employee_birth_date,
    employee_hire_date,
    known_termination_date,
    termination_date,
    case when termination_date is null then 'active' else 'terminated' end::{{ label('employment_status') }} as employment_status,
    case
        when is_new_hire and termination_date is null then 'new_hire_active'
        when is_new_hire then 'new_hire_termination'
        when termination_date is null then 'continuous_active'
        else 'experienced_termination'
    end::{{ label('detailed_status_code') }} as detailed_status_code,
    coalesce(closing_pay, opening_pay) as current_compensation,
    coalesce(closing_level_id, opening_level_id) as level_id,
    scheduled_hours_per_week,
    plan_entry_date,
    is_grandfathered,
    current_age,
    current_tenure,
    age_band,
    tenure_band,
    coalesce(last_participation = 'enrollment', was_enrolled) as is_enrolled,
    coalesce(enrolled_on, earlier_enrollment_date) as enrollment_date,
    coalesce(enrolled_by::{{ label('enrollment_method') }}, earlier_enrollment_method) as enrollment_method,
    had_opted_out or opted_out_on is not null as ever_opted_out,
    coalesce(opted_out_on, earlier_opt_out_date) as opt_out_date,
    pending_enrollment_date,
    pending_enrollment_method,
    pending_deferral_rate,
    pending_enrollment_probability,
    pending_opt_out_date,
    pending_opt_out_probability,
    coalesce(closing_rate, opening_rate)::decimal(9, 6) as current_deferral_rate,
    coalesce(earlier_original_rate, enrolled_at)::decimal(9, 6) as original_deferral_rate,
    case last_rate_change
        when 'enrollment' then 'enrollment'
        when 'enrollment_change' then 'opt_out'
        when 'deferral_escalation' then 'escalation'
        else opening_rate_source
    end::{{ label('rate_source') }} as rate_source,
    last_rate_change_date as rate_change_date,
    auto_escalation_opt_out,
    earlier_escalations + coalesce(escalations, 0) as total_deferral_escalations,
    (earlier_escalation_amount + coalesce(escalated_by, 0))::decimal(9, 6) as total_escalation_amount,
    coalesce(escalated_on, earlier_escalation_date) as last_escalation_date
from closing
inner join {{ ref('stg_age_bands') }} as ages on current_age = ages.age
inner join {{ ref('stg_tenure_bands') }} as tenures on current_tenure = tenures.tenure
