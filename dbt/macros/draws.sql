{#
  Random numbers as a pure function of seed, person, year and purpose: nothing about other people, the order of rows,
  threads or the engine enters. `key` is a person's employee_key, the lower 64 bits of the md5 of the employee id, which
  is stored once per person. A draw folds its low and its high half into one 32-bit number with a multiplying and
  shifting mixer; the half of the other operand comes from the md5 of 'seed|year|purpose', a constant of the query.
#}

{% macro draw_bits(key, purpose, year=none, seed=none) -%}
{%- set name = "md5_number_lower('" ~ (var('random_seed') if seed is none else seed) ~ '|' ~ (simulation_year() if year is none else year) ~ '|' ~ purpose ~ "')" -%}
list_reduce(
    [xor({{ key }} & 4294967295, {{ name }} & 4294967295), xor({{ key }} >> 32, {{ name }} >> 32), 0::ubigint],
    lambda a, b: list_transform(list_transform(
        [(xor(a, a >> 16) * 2146121005) & 4294967295],
        lambda x: (xor(x, x >> 15) * 2221713035) & 4294967295),
        lambda y: xor(xor(y, y >> 16), b))[1])
{%- endmacro %}

{# A number in [0, 1): the 32 bits of the draw as a fraction, exact in a DOUBLE. #}
{% macro draw(key, purpose, year=none, seed=none) -%}
({{ draw_bits(key, purpose, year, seed) }} / 4294967296.0::double)
{%- endmacro %}

{# Whether something of a probability, given in millionths, happens. #}
{% macro draw_below(key, purpose, probability) -%}
{%- if probability == 0 -%}
false
{%- else -%}
({{ draw_bits(key, purpose) }} * 1000000 < ({{ probability }})::ubigint * 4294967296)
{%- endif -%}
{%- endmacro %}

{# A whole number from 0 to count - 1, each equally likely. #}
{% macro draw_integer(key, purpose, count) -%}
(({{ draw_bits(key, purpose) }} * ({{ count }})::ubigint) >> 32)::bigint
{%- endmacro %}
