-- Every row of the file is accepted, rejected, or left out, and the accepted ones make up the census.
select *
from {{ ref('stg_census_summary') }}
where file_rows != accepted_rows + rejected_rows + left_out_rows
    or accepted_rows != (select count(*) from {{ ref('stg_census_data') }})
