{#
  The ENUM type of a column with a fixed set of values. It takes one byte instead of a string and rejects any other
  value. `column` is a column listed below, or a list of values for a new type.
#}
{% macro label(column) -%}
{%- set names = {
    'event_type': ['hire', 'eligibility', 'enrollment', 'enrollment_change', 'deferral_escalation', 'promotion', 'raise', 'termination'],
    'event_category': ['hire', 'eligibility', 'voluntary_enrollment', 'auto_enrollment', 'enrollment_opt_out', 'deferral_escalation', 'promotion', 'raise', 'termination', 'new_hire_termination'],
    'employment_status': ['active', 'terminated'],
    'detailed_status_code': ['continuous_active', 'experienced_termination', 'new_hire_active', 'new_hire_termination'],
    'enrollment_method': ['census', 'voluntary_enrollment', 'auto_enrollment'],
    'rate_source': ['none', 'census', 'enrollment', 'opt_out', 'escalation'],
    'eligibility_status': ['eligible', 'pending', 'ineligible'],
    'participation_status': ['participating', 'not_participating'],
    'participation_status_detail': ['census', 'voluntary_enrollment', 'auto_enrollment', 'opted_out', 'not_enrolled', 'not_eligible'],
    'limit_type': ['base', 'catch_up', 'super_catch_up'],
    'eligibility_reason': ['eligible', 'not_in_plan', 'insufficient_hours', 'insufficient_tenure', 'inactive_eoy'],
}[column] if column is string else column -%}
enum({% for name in names %}{{ quoted(name) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
