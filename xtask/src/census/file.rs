//! Writes the census as CSV, or as Parquet converted by the engine.

use std::fs;
use std::path::Path;

use planalign_config::sql::literal;
use planalign_config::{Database, DatabaseOptions};

use super::row::{COLUMNS, Row};
use super::{CensusArguments, CensusError};

/// Writes the rows in the format given by the extension.
pub(crate) fn write(arguments: &CensusArguments, rows: &[Row]) -> Result<(), CensusError> {
    let path = arguments.out.as_path();
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("csv") => write_csv(path, rows, arguments.with_ssn),
        // Text that isn't a date or number can't be stored in a typed column.
        Some("parquet") => write_parquet(path, rows, arguments.with_ssn, arguments.bad_rows == 0),
        _ => Err(CensusError::UnknownFormat(path.to_owned())),
    }
}

/// Returns the indexes of the columns in the file.
fn kept_columns(with_ssn: bool) -> impl Iterator<Item = usize> {
    (0..COLUMNS.len()).filter(move |&column| with_ssn || COLUMNS[column].0 != "employee_ssn")
}

fn write_csv(path: &Path, rows: &[Row], with_ssn: bool) -> Result<(), CensusError> {
    let failed = |e: csv::Error| CensusError::write(path, &e);
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    writer.write_record(kept_columns(with_ssn).map(|column| COLUMNS[column].0)).map_err(failed)?;
    for row in rows {
        let fields = row.fields();
        writer.write_record(kept_columns(with_ssn).map(|column| fields[column])).map_err(failed)?;
    }
    writer.flush().map_err(|e| CensusError::write(path, &e))
}

fn write_parquet(path: &Path, rows: &[Row], with_ssn: bool, typed: bool) -> Result<(), CensusError> {
    let text = path.with_extension("parquet.csv");
    let written = write_csv(&text, rows, with_ssn).and_then(|()| {
        let options = DatabaseOptions { threads: Some(1), ..DatabaseOptions::default() };
        Database::in_memory(&options)
            .and_then(|database| database.execute_batch(&copy_statement(&text, path, with_ssn, typed)))
            .map_err(|e| CensusError::write(path, &e))
    });
    let removed = fs::remove_file(&text).map_err(|e| CensusError::write(&text, &e));
    written.and(removed)
}

/// Returns the statement that reads the CSV file with typed columns and writes Parquet.
fn copy_statement(from: &Path, to: &Path, with_ssn: bool, is_typed: bool) -> String {
    let types: Vec<String> = kept_columns(with_ssn)
        .map(|column| COLUMNS[column])
        .map(|(name, kind)| format!("'{name}': '{}'", if is_typed { kind } else { "varchar" }))
        .collect();
    let (from, to) = (quoted(from), quoted(to));
    let types = types.join(", ");
    format!("copy (select * from read_csv({from}, header = true, columns = {{{types}}})) to {to} (format parquet)")
}

fn quoted(path: &Path) -> String {
    literal(&path.to_string_lossy())
}
