-- The job level bands run from zero to infinity, each starting where the previous one ends.
select *
from (
    select
        *,
        lag(band_max_compensation, 1, 0.0) over (order by level_id) as previous_max,
        row_number() over (order by level_id desc) = 1 as is_top
    from {{ ref('config_job_levels') }}
)
where band_min_compensation != previous_max
    or (band_max_compensation is null) != is_top
    or hiring_min_compensation >= hiring_max_compensation
