-- The projection starts from the last year in the seed.
select max(limit_year) as last_year
from {{ ref('config_irs_limits') }}
having max(limit_year) != {{ last_published_year() }}
