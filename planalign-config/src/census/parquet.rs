//! Parquet files, through the database engine.

use super::sheet::Sheet;
use crate::database::{DatabaseError, Tables, Value, sql};

/// Reads the columns of a Parquet file as text. Times with a time zone are points in UTC, whatever the zone of this machine.
pub(super) fn read(path: &str, tables: &dyn Tables) -> Result<Sheet, DatabaseError> {
    let place = [Value::from(path.to_owned())];
    let described =
        tables.query("select column_name, column_type from (describe select * from read_parquet(?))", &place)?;
    let (names, types) = (described.texts("column_name")?, described.texts("column_type")?);
    let mut sheet = Sheet::default();
    sheet.start_row(1);
    let mut columns = Vec::new();
    for (name, kind) in names.iter().zip(&types) {
        sheet.add(name);
        let column = sql::identifier(name);
        columns.push(match kind.as_str() {
            // Without the extension that knows time zones, the engine writes UTC; with it, the zone of the machine.
            "TIMESTAMP WITH TIME ZONE" => {
                format!("strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S.%fZ')")
            }
            _ => format!("{column}::varchar"),
        });
    }
    let texts: Vec<String> =
        columns.iter().enumerate().map(|(index, column)| format!("{column} as c{index}")).collect();
    let rows = tables.query(&format!("select {} from read_parquet(?)", texts.join(", ")), &place)?;
    for (index, row) in rows.rows.iter().enumerate() {
        sheet.start_row(index as u64 + 2);
        for column in 0..columns.len() {
            sheet.add(&row.text(&format!("c{column}"))?.unwrap_or_default());
        }
    }
    Ok(sheet)
}
