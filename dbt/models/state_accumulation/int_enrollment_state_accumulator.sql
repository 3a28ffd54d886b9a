-- Who is in the plan at the end of the year, since when and how?
-- Grain: one row per person present in the year (for leavers: when they left). Inputs: last year's state, which is part
-- of the opening workforce, and the year's events. Dates settled this year that lie in the next wait as pending.
with people as (
    select employee_id, is_enrolled, enrollment_date, enrollment_method, ever_opted_out, opt_out_date
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
    union all
    select employee_id, false, null, null, false, null
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }}
),

enrollments as (
    select employee_id, effective_date, event_category
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type = 'enrollment'
),

opt_outs as (
    select employee_id, effective_date
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type = 'enrollment_change'
),

leavers as (
    select employee_id
    from {{ ref('fct_yearly_events') }}
    where {{ of_year() }} and event_type = 'termination'
),

pending as (
    select employee_id, pending_enrollment_date, pending_enrollment_method, pending_deferral_rate, pending_enrollment_probability, pending_opt_out_date, pending_opt_out_probability
    from {{ ref('int_participation_changes') }}
    where {{ of_year() }} and (pending_enrollment_date is not null or pending_opt_out_date is not null)
        and employee_id not in (from leavers)
)

select
    {{ keys() }},
    people.employee_id,
    (is_enrolled or enrollments.employee_id is not null) and opt_outs.employee_id is null as is_enrolled,
    coalesce(enrollments.effective_date, enrollment_date) as enrollment_date,
    coalesce(enrollments.event_category, enrollment_method) as enrollment_method,
    ever_opted_out or opt_outs.employee_id is not null as ever_opted_out,
    coalesce(opt_outs.effective_date, opt_out_date) as opt_out_date,
    pending_enrollment_date,
    pending_enrollment_method,
    pending_deferral_rate,
    pending_enrollment_probability,
    pending_opt_out_date,
    pending_opt_out_probability
from people
left join enrollments on people.employee_id = enrollments.employee_id
left join opt_outs on people.employee_id = opt_outs.employee_id
left join pending on people.employee_id = pending.employee_id
