{% macro quoted(text) -%}
'{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{% macro scenario_id() -%}
{{ quoted(var('scenario_id')) }}::{{ label([var('scenario_id')]) }}
{%- endmacro %}

{% macro plan_design_id() -%}
{{ quoted(var('plan_design_id')) }}::{{ label([var('plan_design_id')]) }}
{%- endmacro %}

{# The key columns that come first in every table outside initialization. #}
{% macro keys() -%}
{{ scenario_id() }} as scenario_id, {{ plan_design_id() }} as plan_design_id, {{ simulation_year() }} as simulation_year
{%- endmacro %}

{# Selects the rows of a year, by default the current one. #}
{% macro of_year(year=none) -%}
simulation_year = {{ simulation_year() if year is none else year }} and scenario_id = {{ scenario_id() }} and plan_design_id = {{ plan_design_id() }}
{%- endmacro %}

{# Deletes a year's rows from the table before they're written. A run sets year_is_empty when it knows that there are none; the
comment then tells the same to models that are built at the same time. #}
{% macro replace_year() -%}
{%- if is_incremental() and var('year_is_empty', false) -%}
-- {{ this }} has no rows where {{ of_year() }}
{%- elif is_incremental() -%}
delete from {{ this }} where {{ of_year() }}
{%- endif -%}
{%- endmacro %}
