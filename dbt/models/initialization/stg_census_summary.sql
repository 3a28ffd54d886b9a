-- How many rows does the census file have, and how many were accepted?
-- Grain: one row. Input: the checked rows. accepted + rejected + left_out = file. Corrected and grandfathered rows are
-- accepted rows that were changed, or that defer before plan entry.
select
    count(*) as file_rows,
    count(*) filter (row_status = 'accepted') as accepted_rows,
    count(*) filter (row_status = 'accepted' and list_bool_or(list_transform(problems, lambda problem: problem.action = 'corrected'))) as corrected_rows,
    count(*) filter (row_status = 'rejected') as rejected_rows,
    count(*) filter (row_status = 'left_out') as left_out_rows,
    count(*) filter (row_status = 'accepted' and list_bool_or(list_transform(problems, lambda problem: problem.action = 'grandfathered'))) as grandfathered_rows
from {{ ref('stg_census_rows') }}
