-- What does each row of the census file contain, and is it accepted?
-- Grain: one row per row of the file. Input: the census file, CSV or Parquet, read once as text so both share one set of
-- checks. Missing optional columns and missing fields of short rows are empty. Every problem of a row is listed with the
-- action taken; no problem repeats a value of the file.
{% set names = ['employee_id', 'employee_ssn', 'employee_birth_date', 'employee_hire_date', 'employee_termination_date', 'employee_gross_compensation', 'employee_deferral_rate', 'scheduled_hours_per_week', 'auto_escalation_opt_out', 'eligibility_override'] %}
{% set headers = var('census_columns') or {} %}
{% set path = var('census_path') %}
with file_rows as materialized (
    select row_number, {{ names | join(', ') }}
    from (
        select null::bigint as row_number{% for name in names %}, null::varchar as {{ name }}{% endfor %} where false
        union all by name
        select
            row_number() over () as row_number
            {%- for name, header in headers | items %}, "{{ header | replace('"', '""') }}"::varchar as {{ name }}{% endfor %},
            {% if (path | lower)[-8:] == '.parquet' -%}
            columns(c -> not list_contains([{% for name, header in headers | items %}{{ quoted(header) }}{% if not loop.last %}, {% endif %}{% endfor %}]::varchar[], c))::varchar
        from read_parquet({{ quoted(path) }})
            {%- else -%}
            columns(c -> not list_contains([{% for name, header in headers | items %}{{ quoted(header) }}{% if not loop.last %}, {% endif %}{% endfor %}]::varchar[], c))
        from read_csv({{ quoted(path) }}, all_varchar = true, header = true, quote = '"', escape = '"', null_padding = true)
            {%- endif %}
    )
),

-- IDs that occur more than once. Identical rows are one person; differing rows can't be resolved.
repeated_ids as (
    select trim(employee_id) as repeated_id, min(row_number) as first_row, count(distinct ({{ names | join(', ') }})) = 1 as is_identical
    from file_rows
    where trim(employee_id) in (select trim(employee_id) from file_rows group by 1 having count(*) > 1)
    group by 1
),

-- Deferral rates are fractions. If most positive ones are 1 or more, the whole column is in percent.
rate_unit as (
    select
        case
            when count(*) filter (try_cast(employee_deferral_rate as decimal(18, 6)) >= 1) * 2
                > count(*) filter (try_cast(employee_deferral_rate as decimal(18, 6)) > 0)
                then 0.01 else 1.00
        end as rate_unit
    from file_rows
),

typed as (
    select
        row_number,
        nullif(trim(employee_id), '') as employee_id,
        employee_ssn,
        try_cast(employee_birth_date as date) as birth_date,
        try_cast(employee_hire_date as date) as hire_date,
        try_cast(employee_termination_date as date) as termination_date,
        try_cast(employee_gross_compensation as decimal(18, 2)) as compensation,
        rate_unit,
        (try_cast(employee_deferral_rate as decimal(12, 6)) * rate_unit)::decimal(18, 6) as given_rate,
        try_cast(scheduled_hours_per_week as decimal(9, 2)) as weekly_hours,
        try_cast(auto_escalation_opt_out as boolean) as refuses_escalation,
        try_cast(eligibility_override as boolean) as is_plan_employee,
        -- Tells text that can't be parsed from text that is missing.
        coalesce(trim(employee_birth_date), '') != '' as has_birth_date,
        coalesce(trim(employee_hire_date), '') != '' as has_hire_date,
        coalesce(trim(employee_termination_date), '') != '' as has_termination_date,
        coalesce(trim(employee_gross_compensation), '') != '' as has_compensation,
        coalesce(trim(employee_deferral_rate), '') != '' as has_deferral_rate,
        coalesce(trim(scheduled_hours_per_week), '') != '' as has_weekly_hours,
        coalesce(trim(auto_escalation_opt_out), '') != '' as has_escalation_choice,
        coalesce(trim(eligibility_override), '') != '' as has_override,
        first_row,
        is_identical
    from file_rows
    cross join rate_unit
    left join repeated_ids on trim(employee_id) = repeated_id
),

corrected as (
    select
        * exclude (weekly_hours),
        case when given_rate between 0 and 1 then least(given_rate, {{ var('deferrals_maximum_rate') }}) else 0 end::decimal(9, 6) as deferral_rate,
        case when weekly_hours between 1 and 80 then weekly_hours else 40 end::decimal(5, 2) as weekly_hours,
        has_weekly_hours and coalesce(weekly_hours not between 1 and 80, true) as has_wrong_hours
    from typed
),

entered as (
    select *, {{ plan_entry_date('birth_date', 'hire_date', 'weekly_hours', 'not coalesce(is_plan_employee, true)') }} as plan_entry_date
    from corrected
),

{% set checks = [
    ['employee_id', 'missing', 'rejected', 'employee_id is null'],
    ['employee_id', 'starts with NH_, which is reserved for simulated hires', 'rejected', "starts_with(employee_id, 'NH_')"],
    ['employee_id', 'repeated with different values', 'rejected', 'not is_identical'],
    ['employee_id', 'duplicate of an identical row, one kept', 'left_out', 'is_identical and row_number != first_row'],
    ['employee_birth_date', 'missing', 'rejected', 'not has_birth_date'],
    ['employee_birth_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_birth_date and birth_date is null'],
    ['employee_birth_date', 'not before the hire date', 'rejected', 'birth_date >= hire_date'],
    ['employee_birth_date', 'younger than 14 at the census date', 'rejected', completed_years('birth_date', census_date()) ~ ' < 14'],
    ['employee_birth_date', 'older than 100 at the census date', 'rejected', completed_years('birth_date', census_date()) ~ ' > 100'],
    ['employee_hire_date', 'missing', 'rejected', 'not has_hire_date'],
    ['employee_hire_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_hire_date and hire_date is null'],
    ['employee_hire_date', 'after the census date', 'rejected', 'hire_date > ' ~ census_date()],
    ['employee_termination_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_termination_date and termination_date is null'],
    ['employee_termination_date', 'before the hire date', 'rejected', 'termination_date < hire_date'],
    ['employee_termination_date', 'terminated on or before the census date', 'left_out', 'termination_date <= ' ~ census_date()],
    ['employee_gross_compensation', 'missing', 'rejected', 'not has_compensation'],
    ['employee_gross_compensation', 'not a number', 'rejected', 'has_compensation and compensation is null'],
    ['employee_gross_compensation', 'not positive', 'rejected', 'compensation <= 0'],
    ['employee_gross_compensation', 'not below 50 million', 'rejected', 'compensation >= 50000000'],
    ['employee_deferral_rate', 'not a number', 'rejected', 'has_deferral_rate and given_rate is null'],
    ['employee_deferral_rate', 'below 0% or above 100%', 'rejected', 'given_rate not between 0 and 1'],
    ['employee_deferral_rate', 'given in percent, divided by 100', 'corrected', 'rate_unit < 1 and given_rate > 0'],
    ['employee_deferral_rate', 'above the plan maximum, lowered to it', 'corrected', 'given_rate > deferral_rate and given_rate <= 1'],
    ['scheduled_hours_per_week', 'not between 1 and 80, set to 40', 'corrected', 'has_wrong_hours'],
    ['auto_escalation_opt_out', 'not true or false, set to false', 'corrected', 'has_escalation_choice and refuses_escalation is null'],
    ['eligibility_override', 'not true or false, set to true', 'corrected', 'has_override and is_plan_employee is null'],
    ['employee_deferral_rate', 'defers without having entered the plan', 'grandfathered', 'deferral_rate > 0 and coalesce(plan_entry_date > ' ~ census_date() ~ ', true)']
] -%}
checked as (
    select
        *,
        list_filter([
            {% for column, problem, action, condition in checks -%}
            case when {{ condition }} then {'column_name': '{{ column }}', 'problem': '{{ problem }}', 'action': '{{ action }}'} end{{ "," if not loop.last }}
            {% endfor %}
        ], lambda problem: problem is not null) as problems
    from entered
)

select
    row_number,
    employee_id,
    md5_number_lower(employee_id)::ubigint as employee_key,
    employee_ssn,
    birth_date as employee_birth_date,
    hire_date as employee_hire_date,
    termination_date as employee_termination_date,
    compensation as employee_gross_compensation,
    deferral_rate as employee_deferral_rate,
    weekly_hours as scheduled_hours_per_week,
    coalesce(refuses_escalation, false) as auto_escalation_opt_out,
    not coalesce(is_plan_employee, true) as is_plan_excluded,
    plan_entry_date,
    problems,
    case
        when list_bool_or(list_transform(problems, lambda problem: problem.action = 'rejected')) then 'rejected'
        when list_bool_or(list_transform(problems, lambda problem: problem.action = 'left_out')) then 'left_out'
        else 'accepted'
    end as row_status
from checked
