-- The published test vectors of the draw. A different value would change every simulation.
with vectors (draw, expected) as (
    values
    ({{ draw_bits("md5_number_lower('EMP_000001')", 'termination', 2025, 42) }}, 285340711),
    ({{ draw_bits("md5_number_lower('EMP_000001')", 'termination', 2026, 42) }}, 3584835394),
    ({{ draw_bits("md5_number_lower('EMP_000002')", 'termination', 2025, 42) }}, 2191737675),
    ({{ draw_bits("md5_number_lower('EMP_000001')", 'termination', 2025, 43) }}, 1385004786),
    ({{ draw_bits("md5_number_lower('NH_2025_000001')", 'hire_date', 2025, 42) }}, 3023118066),
    ({{ draw_bits("md5_number_lower('NH_2025_000002')", 'hire_date', 2025, 42) }}, 686144537),
    ({{ draw_bits("md5_number_lower('Zoë')", 'opt_out', 2031, 7) }}, 972535251)
)

select * from vectors where draw != expected
