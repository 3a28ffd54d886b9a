-- What happened this year?
-- Grain: one row per event. Inputs: the year's event models. Age, service, level, and (for terminations) pay are as of the
-- event date. event_id is the MD5 of the event's key, so it's the same in every run.
with events as (
    {% set none_of_pay = 'null::decimal(12, 2) as compensation_amount, null::decimal(12, 2) as previous_compensation' %}
    {% set none_of_rates = 'null::decimal(9, 6) as employee_deferral_rate, null::decimal(9, 6) as prev_employee_deferral_rate' %}
    {% set facts = 'employee_id, event_type, event_category, effective_date, event_details, employee_birth_date, employee_hire_date' %}
    select {{ facts }}, compensation_amount, null::decimal(12, 2) as previous_compensation, {{ none_of_rates }}, level_id, null::decimal(9, 6) as event_probability, 1 as type_order
    from {{ ref('int_hiring_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, {{ none_of_pay }}, {{ none_of_rates }}, null, null, 2
    from {{ ref('int_eligibility_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, {{ none_of_pay }}, employee_deferral_rate, prev_employee_deferral_rate, null, event_probability, case event_type when 'enrollment' then 3 else 4 end
    from {{ ref('int_enrollment_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, {{ none_of_pay }}, employee_deferral_rate, prev_employee_deferral_rate, null, null, 5
    from {{ ref('int_deferral_escalation_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, compensation_amount, previous_compensation, {{ none_of_rates }}, level_id, event_probability, 6
    from {{ ref('int_promotion_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, compensation_amount, previous_compensation, {{ none_of_rates }}, level_id, null, 7
    from {{ ref('int_merit_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, {{ none_of_pay }}, {{ none_of_rates }}, null, null, 8
    from {{ ref('int_termination_events') }} where {{ of_year() }}
    union all
    select {{ facts }}, {{ none_of_pay }}, {{ none_of_rates }}, null, null, 8
    from {{ ref('int_new_hire_termination_events') }} where {{ of_year() }}
),

-- Opening pay and level, and how they change; one row per person.
pay as (
    select
        people.employee_id, people.level_id as opening_level_id, promotion_date, promotion_level_id,
        case when raise_date >= promotion_date or promotion_date is null then raise_pay end as later_raise_pay,
        coalesce(later_raise_pay, promotion_pay, employee_compensation) as closing_pay
    from (from {{ ref('int_employee_compensation_by_year') }} where {{ of_year() }}) as people
    left join (from {{ ref('int_compensation_changes') }} where {{ of_year() }}) as changes on people.employee_id = changes.employee_id
    union all
    select employee_id, level_id, null, null, null, compensation_amount
    from {{ ref('int_hiring_events') }} where {{ of_year() }}
),

described as (
    select
        events.* exclude (compensation_amount, previous_compensation, level_id),
        case when type_order = 8 then closing_pay else compensation_amount end as compensation_amount,
        case when type_order = 8 then closing_pay else previous_compensation end as previous_compensation,
        coalesce(events.level_id, case when promotion_date <= effective_date then promotion_level_id end, opening_level_id) as level_id,
        {{ completed_years('employee_birth_date', 'effective_date') }}::integer as employee_age,
        {{ completed_years('employee_hire_date', 'effective_date') }}::integer as employee_tenure
    from events
    inner join pay on events.employee_id = pay.employee_id
)

select
    md5(concat({{ quoted(var('scenario_id') ~ '|' ~ var('plan_design_id') ~ '|') }}, employee_id, '|', event_type, '|', effective_date)) as event_id,
    {{ keys() }},
    employee_id,
    event_type,
    event_category,
    effective_date,
    event_details,
    compensation_amount,
    previous_compensation,
    employee_deferral_rate,
    prev_employee_deferral_rate,
    employee_age,
    employee_tenure,
    level_id,
    age_band,
    tenure_band,
    event_probability,
    -- Orders a person's events by day, then by the order of event types within a day.
    dayofyear(effective_date)::integer * 10 + type_order as event_sequence
from described
inner join {{ ref('stg_age_bands') }} as ages on employee_age = ages.age
inner join {{ ref('stg_tenure_bands') }} as tenures on employee_tenure = tenures.tenure
