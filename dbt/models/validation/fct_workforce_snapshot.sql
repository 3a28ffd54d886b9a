-- What is the year-end state of everyone employed during the year?
-- Grain: one row per person employed during the year. Inputs: the closing state, and employee and employer contributions. The state of people who left is as of their last day, but their age is as of Dec 31, which the limits are based on.
select
    {{ keys() }},
    state.employee_id,
    employee_birth_date,
    employee_hire_date,
    employment_status,
    detailed_status_code,
    termination_date,
    current_compensation,
    prorated_annual_compensation,
    current_age,
    current_tenure,
    level_id,
    age_band,
    tenure_band,
    scheduled_hours_per_week,
    annual_hours_worked,
    plan_entry_date as employee_eligibility_date,
    case when is_in_plan then 'eligible' when plan_entry_date is null then 'ineligible' else 'pending' end::{{ label('eligibility_status') }} as current_eligibility_status,
    is_enrolled as is_enrolled_flag,
    enrollment_date as employee_enrollment_date,
    current_deferral_rate,
    case when current_deferral_rate > 0 then 'participating' else 'not_participating' end::{{ label('participation_status') }} as participation_status,
    case
        when current_deferral_rate > 0 then enrollment_method
        when ever_opted_out then 'opted_out'
        when not is_in_plan then 'not_eligible'
        else 'not_enrolled'
    end::{{ label('participation_status_detail') }} as participation_status_detail,
    original_deferral_rate,
    total_deferral_escalations,
    total_escalation_amount,
    last_escalation_date,
    annual_contribution_amount as prorated_annual_contributions,
    catch_up_deferrals,
    irs_limit_reached,
    coalesce(matches.amount, 0)::decimal(12, 2) as employer_match_amount,
    coalesce(employer_core_amount, 0)::decimal(12, 2) as employer_core_amount,
    (coalesce(matches.amount, 0) + coalesce(employer_core_amount, 0))::decimal(12, 2) as total_employer_contributions
from (from {{ ref('int_workforce_state') }} where {{ of_year() }}) as state
inner join (from {{ ref('int_employee_contributions') }} where {{ of_year() }}) as contributions on state.employee_id = contributions.employee_id
inner join (from {{ ref('int_employer_eligibility') }} where {{ of_year() }}) as eligibility on state.employee_id = eligibility.employee_id
left join (from {{ ref('fct_employer_match_events') }} where {{ of_year() }}) as matches on state.employee_id = matches.employee_id
left join (from {{ ref('int_employer_core_contributions') }} where {{ of_year() }}) as core on state.employee_id = core.employee_id
