-- Which band does each age belong to?
-- Grain: one row per age from 0 to 130, so bands are joined by equality. Input: the seed.
select age::integer as age, band_label as age_band, termination_multiplier, promotion_multiplier
from range(0, 131) as ages (age)
inner join {{ ref('config_age_bands') }} on age >= min_value and age < max_value
