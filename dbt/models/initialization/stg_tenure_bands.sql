-- Which band does each tenure belong to?
-- Grain: one row per tenure from 0 to 120 completed years, so bands are joined by equality. Input: the seed.
select tenure::integer as tenure, band_label as tenure_band, termination_multiplier, promotion_multiplier
from range(0, 121) as tenures (tenure)
inner join {{ ref('config_tenure_bands') }} on tenure >= min_value and tenure < max_value
