-- What does each row of the census contain, and is it accepted?
-- Grain: one row per row of the census. Input: the census as a CSV file with these columns, dates YYYY-MM-DD, plain numbers, and
-- shares; PlanAlign writes one from the census of the user, with the problems it found there. Missing optional columns and
-- missing fields of short rows are empty. Every problem of a row is listed with the action taken; no problem repeats a value.
{% set names = ['employee_id', 'employee_birth_date', 'employee_hire_date', 'employee_service_date', 'employee_termination_date', 'employee_gross_compensation', 'employee_deferral_rate', 'scheduled_hours_per_week', 'auto_escalation_opt_out', 'eligibility_override'] %}
{% set found_earlier = ['census_row_number', 'census_row_problems', 'census_row_is_read'] %}
with file_rows as materialized (
    select
        -- A header is row 1 of a spreadsheet.
        coalesce(census_row_number::bigint, file_row + 1) as row_number,
        list_transform(
            list_filter(string_split(coalesce(census_row_problems, ''), ';'), lambda problem: problem != ''),
            lambda problem: {
                'column_name': split_part(problem, '|', 1),
                'problem': split_part(problem, '|', 2),
                'action': split_part(problem, '|', 3),
                'other_row': try_cast(split_part(problem, '|', 4) as bigint)
            }
        ) as read_problems,
        coalesce(census_row_is_read::boolean, true) as is_read,
        {{ names | join(', ') }}
    from (
        select null::bigint as file_row{% for name in names + found_earlier %}, null::varchar as {{ name }}{% endfor %} where false
        union all by name
        select row_number() over () as file_row, *
        from read_csv({{ quoted(var('census_path')) }}, all_varchar = true, header = true, quote = '"', escape = '"', null_padding = true)
    )
),

-- IDs that occur more than once. Identical rows are one person; differing rows can't be resolved.
repeated_ids as (
    select trim(employee_id) as repeated_id, min(row_number) as first_row, count(distinct ({{ names | join(', ') }})) = 1 as is_identical
    from file_rows
    where is_read
    group by 1
    having count(*) > 1
),

typed as (
    select
        row_number,
        read_problems,
        is_read,
        nullif(trim(employee_id), '') as employee_id,
        {% for name in ['birth_date', 'hire_date', 'service_date', 'termination_date'] -%}
        case when regexp_full_match(trim(employee_{{ name }}), '\d{4}-\d{2}-\d{2}') then try_cast(employee_{{ name }} as date) end as {{ name }},
        {% endfor -%}
        try_cast(employee_gross_compensation as decimal(18, 2)) as compensation,
        try_cast(employee_deferral_rate as decimal(18, 6)) as given_rate,
        try_cast(scheduled_hours_per_week as decimal(9, 2)) as weekly_hours,
        try_cast(auto_escalation_opt_out as boolean) as refuses_escalation,
        try_cast(eligibility_override as boolean) as is_plan_employee,
        -- Tells text that can't be parsed from text that is missing.
        {% for name in names[1:] -%}
        coalesce(trim({{ name }}), '') != '' as has_{{ name }},
        {% endfor -%}
        first_row,
        is_identical
    from file_rows
    left join repeated_ids on trim(employee_id) = repeated_id and is_read
),

corrected as (
    select
        * exclude (weekly_hours),
        case when given_rate between 0 and 1 then least(given_rate, {{ var('deferrals_maximum_rate') }}) else 0 end::decimal(9, 6) as deferral_rate,
        case when weekly_hours between 1 and 80 then weekly_hours else 40 end::decimal(5, 2) as weekly_hours,
        has_scheduled_hours_per_week and coalesce(weekly_hours not between 1 and 80, true) as has_wrong_hours
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
    ['employee_birth_date', 'missing', 'rejected', 'not has_employee_birth_date'],
    ['employee_birth_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_employee_birth_date and birth_date is null'],
    ['employee_birth_date', 'not before the hire date', 'rejected', 'birth_date >= hire_date'],
    ['employee_birth_date', 'younger than 14 at the census date', 'rejected', completed_years('birth_date', census_date()) ~ ' < 14'],
    ['employee_birth_date', 'older than 100 at the census date', 'rejected', completed_years('birth_date', census_date()) ~ ' > 100'],
    ['employee_hire_date', 'missing', 'rejected', 'not has_employee_hire_date'],
    ['employee_hire_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_employee_hire_date and hire_date is null'],
    ['employee_hire_date', 'after the census date', 'rejected', 'hire_date > ' ~ census_date()],
    ['employee_service_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_employee_service_date and service_date is null'],
    ['employee_service_date', 'after the census date', 'rejected', 'service_date > ' ~ census_date()],
    ['employee_termination_date', 'not a date (YYYY-MM-DD)', 'rejected', 'has_employee_termination_date and termination_date is null'],
    ['employee_termination_date', 'before the hire date', 'rejected', 'termination_date < hire_date'],
    ['employee_termination_date', 'terminated on or before the census date', 'left_out', 'termination_date <= ' ~ census_date()],
    ['employee_gross_compensation', 'missing', 'rejected', 'not has_employee_gross_compensation'],
    ['employee_gross_compensation', 'not a number', 'rejected', 'has_employee_gross_compensation and compensation is null'],
    ['employee_gross_compensation', 'not positive', 'rejected', 'compensation <= 0'],
    ['employee_gross_compensation', 'not below 50 million', 'rejected', 'compensation >= 50000000'],
    ['employee_deferral_rate', 'not a number', 'rejected', 'has_employee_deferral_rate and given_rate is null'],
    ['employee_deferral_rate', 'below 0% or above 100%', 'rejected', 'given_rate not between 0 and 1'],
    ['employee_deferral_rate', 'above the plan maximum, lowered to it', 'corrected', 'given_rate > deferral_rate and given_rate <= 1'],
    ['scheduled_hours_per_week', 'not between 1 and 80, set to 40', 'corrected', 'has_wrong_hours'],
    ['auto_escalation_opt_out', 'not true or false', 'rejected', 'has_auto_escalation_opt_out and refuses_escalation is null'],
    ['eligibility_override', 'not true or false', 'rejected', 'has_eligibility_override and is_plan_employee is null'],
    ['employee_deferral_rate', 'defers without having entered the plan', 'grandfathered', 'deferral_rate > 0 and coalesce(plan_entry_date > ' ~ census_date() ~ ', true)']
] -%}
-- A cell that couldn't be read is empty here; it has a problem already.
checked as (
    select
        *,
        list_concat(read_problems, list_filter([
            {% for column, problem, action, condition in checks -%}
            case when {{ condition }} then {'column_name': '{{ column }}', 'problem': '{{ problem }}', 'action': '{{ action }}', 'other_row': null::bigint} end{{ "," if not loop.last }}
            {% endfor %}
        ], lambda problem: problem is not null and is_read and not list_contains(
            list_transform(list_filter(read_problems, lambda earlier: earlier.action = 'rejected'), lambda earlier: earlier.column_name),
            problem.column_name
        ))) as problems
    from entered
)

select
    row_number,
    employee_id,
    md5_number_lower(employee_id)::ubigint as employee_key,
    birth_date as employee_birth_date,
    hire_date as employee_hire_date,
    service_date as employee_service_date,
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
