//! The rows of `planalign.finding_details`: the data behind findings, as JSON.

use planalign_config::Value;

use crate::checkpoint::CheckpointKey;
use crate::duckdb::catalog::{Catalog, failed};
use crate::run_store::{FindingRows, StoreError};

/// Enough to see what is wrong; the finding reports the total.
const MOST_ROWS: u32 = 1000;

/// Replaces the rows of an earlier check of the stage.
pub(super) fn write(
    catalog: &Catalog,
    run_id: &str,
    key: &CheckpointKey,
    findings: &[FindingRows],
) -> Result<(), StoreError> {
    let place: [Value; 3] = [run_id.into(), key.year.into(), key.stage.as_str().into()];
    let delete = "delete from {planalign}.finding_details where run_id = ? and simulation_year = ? and stage = ?";
    catalog.db.execute(&catalog.sql(delete), &place).map_err(failed("remove the rows of earlier findings"))?;
    for FindingRows { rule, finding, query } in findings {
        // Sorted by content, so that the same rows are kept regardless of table order. On separate lines, because the query may
        // end with a comment.
        let insert = format!(
            "insert into {{planalign}}.finding_details
            select ?, ?, ?, ?, ?, row_number() over (order by details), details
            from (select to_json(found)::varchar as details from (\n{query}\n) as found order by 1 limit {MOST_ROWS})"
        );
        let what: [Value; 2] = [rule.as_str().into(), finding.as_str().into()];
        let written = catalog.db.execute(&catalog.sql(&insert), &[place.as_slice(), &what].concat());
        written.map_err(failed(&format!("save the rows that rule `{rule}` found")))?;
    }
    Ok(())
}
