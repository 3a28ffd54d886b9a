-- Whose plan participation changes this year, or is already set to change next year?
-- Grain: one row per such person. Inputs: the opening workforce and the year's hires and terminations. Each person's
-- window opens once, on the entry date (for census employees already in the plan, on the first day of the simulation).
-- All its draws are made then, keyed by that year; dates in the next year are carried over as pending. The earlier of
-- voluntary and automatic enrollment wins, and voluntary wins ties. Rates are computed together with the year's automatic
-- increase, so each change starts from the current rate.
{% set auto = var('enrollment_auto_enrollment_enabled') %}
{% set voluntary = var('enrollment_voluntary_enrollment_enabled') %}
{% set window_days = var('enrollment_auto_enrollment_window_days') | int %}
{% set grace = var('enrollment_auto_enrollment_opt_out_grace_period') | int %}
{% set auto_cutoff = var('enrollment_auto_enrollment_hire_date_cutoff') %}
{% set escalation_day = plan_day(var('deferral_auto_escalation_effective_day')) %}
{% set escalation_cutoff = var('deferral_auto_escalation_hire_date_cutoff') %}
{% set plan_maximum = var('deferrals_maximum_rate') %}
{% set never = "date '9999-12-31'" %}
with terminations as (
    select employee_id, effective_date as termination_date from {{ ref('int_termination_events') }} where {{ of_year() }}
    union all
    select employee_id, effective_date from {{ ref('int_new_hire_termination_events') }} where {{ of_year() }}
),

people as (
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, plan_entry_date, employee_compensation as pay, level_id,
        is_enrolled, enrollment_date, deferral_rate, ever_opted_out, auto_escalation_opt_out,
        pending_enrollment_date, pending_enrollment_method, pending_deferral_rate, pending_enrollment_probability,
        pending_opt_out_date, pending_opt_out_probability
    from {{ ref('int_employee_compensation_by_year') }}
    where {{ of_year() }}
    union all
    select
        employee_id, employee_key, employee_birth_date, employee_hire_date, plan_entry_date, compensation_amount, level_id,
        false, null, 0, false, false, null, null, null, null, null, null
    from {{ ref('int_hiring_events') }}
    where {{ of_year() }}
),

present as (
    select people.*, coalesce(termination_date, {{ never }}) as end_date
    from people
    left join terminations using (employee_id)
),

windows as (
    select
        employee_id, employee_key, employee_hire_date, end_date, level_id, pay, window_opens,
        {{ completed_years('employee_birth_date', 'window_opens') }} as age,
        {{ income_segment('pay') }} as income_segment
    from (select *, greatest(plan_entry_date, date '{{ start_year() }}-01-01') as window_opens from present where plan_entry_date is not null)
    where window_opens between {{ first_day() }} and {{ last_day() }} and window_opens < end_date
        and not is_enrolled and pending_enrollment_date is null and not ever_opted_out
),

segmented as (
    select
        *,
        {{ age_segment('age', [31, 46, 56]) }} as voluntary_age_segment,
        {{ age_segment('age', [30, 45, 60]) }} as opt_out_age_segment,
        {{ job_segment('level_id') }} as job_segment
    from windows
),

probable as (
    select
        *,
        least({{ rate_of_segment('voluntary_age_segment', var('enrollment_voluntary_enrollment_base_rates_by_age')) }}
            * {{ rate_of_segment('income_segment', var('enrollment_voluntary_enrollment_income_multipliers')) }}::bigint // 1000000
            * {{ rate_of_segment('job_segment', var('enrollment_voluntary_enrollment_job_level_multipliers')) }} // 1000000
            * {{ millionths(var('enrollment_voluntary_enrollment_voluntary_enrollment_rate')) }} // 1000000, 1000000)::bigint as voluntary_probability,
        least({{ millionths(var('enrollment_auto_enrollment_opt_out_rates_target')) }}::bigint
            * {{ rate_of_segment('opt_out_age_segment', var('enrollment_auto_enrollment_opt_out_rates_age_multipliers')) }} // 1000000
            * {{ rate_of_segment('income_segment', var('enrollment_auto_enrollment_opt_out_rates_income_multipliers')) }} // 1000000, 1000000)::bigint as opt_out_probability,
        case voluntary_age_segment
            {% for age, rates in var('enrollment_voluntary_enrollment_deferral_rates') | items -%}
            when '{{ age }}' then {{ rate_of_segment('income_segment', rates) }}
            {% endfor -%}
        end as voluntary_rate
    from segmented
),

decided as (
    select
        *,
        {% if voluntary -%}
        case when {{ draw_below('employee_key', 'voluntary_enrollment', 'voluntary_probability') }}
            then (window_opens + {{ draw_integer('employee_key', 'voluntary_enrollment_date', [window_days, 1] | max) }}::integer)::date
        end as voluntary_date,
        {%- else -%}
        null::date as voluntary_date,
        {%- endif %}
        {% if auto -%}
        case when true
            {%- if var('enrollment_auto_enrollment_scope') == 'new_hires_only' %} and employee_hire_date > {{ census_date() }}{% endif %}
            {%- if auto_cutoff is not none %} and employee_hire_date >= date '{{ auto_cutoff }}'{% endif %}
            then (window_opens + {{ window_days }})::date
        end as auto_date
        {%- else -%}
        null::date as auto_date
        {%- endif %}
    from probable
),

enrolled as (
    select
        employee_id,
        least(voluntary_date, auto_date) as enrollment_date,
        coalesce(voluntary_date <= auto_date, auto_date is null) as is_voluntary,
        case when is_voluntary then 'voluntary_enrollment' else 'auto_enrollment' end::{{ label('enrollment_method') }} as enrollment_method,
        case when is_voluntary
            then least(greatest({{ rate_from_millionths('voluntary_rate') }}, 0.01), {{ var('enrollment_voluntary_enrollment_max_deferral_rate') }}, {{ plan_maximum }})
            else least({{ var('enrollment_auto_enrollment_default_deferral_rate') }}, {{ plan_maximum }})
        end::decimal(9, 6) as enrollment_rate,
        case when is_voluntary then {{ rate_from_millionths('voluntary_probability') }} end as enrollment_probability,
        {% if grace > 0 -%}
        case when not is_voluntary and {{ draw_below('employee_key', 'opt_out', 'opt_out_probability') }}
            then (auto_date + 1 + {{ draw_integer('employee_key', 'opt_out_date', grace) }}::integer)::date
        end as opt_out_date,
        {%- else -%}
        null::date as opt_out_date,
        {%- endif %}
        {{ rate_from_millionths('opt_out_probability') }} as opt_out_probability
    from decided
    where voluntary_date is not null or auto_date is not null
),

-- Changes set for a person in this year or earlier that take effect this year or later.
settled as (
    select
        present.* exclude (enrollment_date),
        present.enrollment_date as earlier_enrollment_date,
        coalesce(pending_enrollment_date, enrolled.enrollment_date) as next_enrollment_date,
        coalesce(pending_enrollment_method, enrolled.enrollment_method) as next_enrollment_method,
        coalesce(pending_deferral_rate, enrolled.enrollment_rate) as next_deferral_rate,
        coalesce(pending_enrollment_probability, enrolled.enrollment_probability) as next_enrollment_probability,
        coalesce(pending_opt_out_date, enrolled.opt_out_date) as next_opt_out_date,
        case when next_opt_out_date is not null then coalesce(pending_opt_out_probability, enrolled.opt_out_probability) end as next_opt_out_probability
    from present
    left join enrolled using (employee_id)
    where present.is_enrolled or pending_enrollment_date is not null or enrolled.enrollment_date is not null
),

dated as (
    select
        *,
        next_enrollment_date <= {{ last_day() }} and next_enrollment_date < end_date as enrolls,
        next_opt_out_date <= {{ last_day() }} and next_opt_out_date < end_date as opts_out,
        coalesce(case when not is_enrolled then next_enrollment_date end, earlier_enrollment_date) as start_of_deferrals,
        case when is_enrolled then deferral_rate else next_deferral_rate end as rate_in_force
    from settled
),

escalated as (
    select
        *,
        {% if var('deferral_auto_escalation_enabled') -%}
        case when not auto_escalation_opt_out
            {%- if escalation_cutoff is not none %} and employee_hire_date >= date '{{ escalation_cutoff }}'{% endif %}
            and (is_enrolled or start_of_deferrals < {{ escalation_day }})
            and {{ simulation_year() }} - year(start_of_deferrals) >= {{ var('deferral_auto_escalation_first_escalation_delay_years') }}
            and {{ escalation_day }} < end_date
            and coalesce({{ escalation_day }} < next_opt_out_date, true)
            and rate_in_force < least({{ var('deferral_auto_escalation_maximum_rate') }}, {{ plan_maximum }})
            then least(rate_in_force + {{ var('deferral_auto_escalation_increment_amount') }}, {{ var('deferral_auto_escalation_maximum_rate') }}, {{ plan_maximum }})
        end::decimal(9, 6) as escalated_rate
        {%- else -%}
        null::decimal(9, 6) as escalated_rate
        {%- endif %}
    from dated
)

select
    {{ keys() }},
    employee_id,
    employee_birth_date,
    employee_hire_date,
    case when enrolls then next_enrollment_date end as enrollment_date,
    case when enrolls then next_enrollment_method end as enrollment_method,
    case when enrolls then next_deferral_rate end as enrollment_rate,
    case when enrolls then next_enrollment_probability end as enrollment_probability,
    case when escalated_rate is not null then {{ escalation_day }} end as escalation_date,
    case when escalated_rate is not null then rate_in_force end as escalation_previous_rate,
    escalated_rate as escalation_rate,
    case when opts_out then next_opt_out_date end as opt_out_date,
    case when opts_out then coalesce(escalated_rate, rate_in_force) end as opt_out_previous_rate,
    case when opts_out then next_opt_out_probability end as opt_out_probability,
    -- These take effect only if the person is still employed at year end.
    case when next_enrollment_date > {{ last_day() }} then next_enrollment_date end as pending_enrollment_date,
    case when next_enrollment_date > {{ last_day() }} then next_enrollment_method end as pending_enrollment_method,
    case when next_enrollment_date > {{ last_day() }} then next_deferral_rate end as pending_deferral_rate,
    case when next_enrollment_date > {{ last_day() }} then next_enrollment_probability end as pending_enrollment_probability,
    case when next_opt_out_date > {{ last_day() }} then next_opt_out_date end as pending_opt_out_date,
    case when next_opt_out_date > {{ last_day() }} then next_opt_out_probability end as pending_opt_out_probability
from escalated
where enrolls or opts_out or escalated_rate is not null or next_enrollment_date > {{ last_day() }} or next_opt_out_date > {{ last_day() }}
