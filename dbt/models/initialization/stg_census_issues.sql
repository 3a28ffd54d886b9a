-- What is wrong or remarkable in the census, and what was done about it?
-- Grain: one row per problem of a row; a row can have several. Input: the checked rows of the census file. What happens
-- to a row as a whole is said by the worst of its problems, so of a rejected row only the reasons for that are shown.
select row_number, problem.column_name, problem.problem, problem.action
from (
    select row_number, row_status, unnest(problems) as problem
    from {{ ref('stg_census_rows') }}
    where len(problems) > 0
)
where row_status = 'accepted' or problem.action = row_status
