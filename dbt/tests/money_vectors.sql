-- Money is rounded once, half a cent away from zero, and stays exact where floating point wouldn't.
with vectors (amount, expected) as (
    values
    -- 0.5 cents and just below it
    ({{ money('1.00', 5000) }}, 0.01),
    ({{ money('0.99', 5000) }}, 0.00),
    -- 1.15 x 10% is 11.5 cents; in floating point it's slightly less
    ({{ money('1.15', 100000) }}, 0.12),
    -- 60,000 for 31 of 365 days, and for 31 of 366
    ({{ money('60000.00', 1000000, 31, 365) }}, 5095.89),
    ({{ money('60000.00', 1000000, 31, 366) }}, 5081.97),
    -- the highest pay a census may have, for a leap year
    ({{ money('49999999.99', 1000000, 366, 366) }}, 49999999.99)
)

select * from vectors where amount != expected
