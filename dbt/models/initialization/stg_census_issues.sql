-- Which problems does the census have, and what was done about them?
-- Grain: one row per problem; a census row can have several. Input: the checked rows of the census file. The worst
-- problem decides what happens to a row, so a rejected row shows only its reasons for rejection.
select row_number, problem.column_name, problem.problem, problem.action, problem.other_row
from (
    select row_number, row_status, unnest(problems) as problem
    from {{ ref('stg_census_rows') }}
    where len(problems) > 0
)
where row_status = 'accepted' or problem.action = row_status
