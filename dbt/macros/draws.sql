{#
  Random numbers as a pure function of seed, person, year, and purpose. They don't depend on other people, row order,
  threads, or the engine. `key` is a person's employee_key, the lower 64 bits of the MD5 of the employee ID, which is
  stored once per person. A draw folds the key's low and high halves into one 32-bit number with a multiply-and-shift
  mixer, XORing each half with that of the MD5 of 'seed|year|purpose', a constant within a query.
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

{# Whether an event occurs, given its probability in millionths. #}
{% macro draw_below(key, purpose, probability) -%}
{%- if probability == 0 -%}
false
{%- else -%}
({{ draw_bits(key, purpose) }} * 1000000 < ({{ probability }})::ubigint * 4294967296)
{%- endif -%}
{%- endmacro %}

{# A uniformly drawn integer from 0 to count - 1. #}
{% macro draw_integer(key, purpose, count) -%}
(({{ draw_bits(key, purpose) }} * ({{ count }})::ubigint) >> 32)::bigint
{%- endmacro %}
