//! Looks at a census file before a run: is it there, can it be read, has it the columns that nobody can do without.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::database::{DatabaseError, Tables, Value};

/// Columns without which a person cannot be simulated.
pub const REQUIRED_COLUMNS: [&str; 4] =
    ["employee_id", "employee_birth_date", "employee_hire_date", "employee_gross_compensation"];

/// A census that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusFile {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Data rows.
    pub rows: u64,
}

/// A census that cannot be used at all. Bad rows are not among these: they are found row by row during the run.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CensusError {
    /// There is no such file.
    #[error("there is no census file {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened or read.
    #[error("the census file {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, without data.
        cause: String,
    },
    /// The name ends neither in `.csv` nor in `.parquet`.
    #[error("the census file {} is neither .csv nor .parquet", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("the census file {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file has a header and no rows.
    #[error("the census file {} has no rows below its header", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// The file has another encoding.
    #[error("the census file {} is not UTF-8: the first such character is in line {line}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1, which is the header's.
        line: u64,
    },
    /// Columns are missing.
    #[error("the census file {} lacks {}", path.display(), missing.join(" and "))]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// Each column that is missing, with the nearest header of the file where there is one.
        missing: Vec<String>,
    },
}

impl CensusFile {
    /// Looks at the file. `columns` maps canonical names to the headers of the file.
    pub fn inspect(path: &Path, columns: &BTreeMap<String, String>, tables: &dyn Tables) -> Result<Self, CensusError> {
        let sha256 = digest(path)?;
        let at = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let reader = reader(&at)?;
        if reader == CSV_READER {
            refuse_other_encodings(path)?;
        }
        let ask = |sql: &str| {
            tables.query(sql, &[Value::from(at.to_string_lossy().into_owned())]).map_err(|e| unreadable(path, &e))
        };
        let described = ask(&format!("select column_name from (describe select * from {reader})"))?;
        let headers: Vec<String> = described.rows.iter().filter_map(|r| r.text(0)).collect();
        let missing: Vec<String> = missing_columns(columns, &headers);
        if !missing.is_empty() {
            return Err(CensusError::MissingColumns { path: path.to_owned(), missing });
        }
        let counted = ask(&format!("select count(*) from {reader}"))?;
        let rows = counted.rows.first().and_then(|r| r.integer(0)).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        if rows == 0 {
            return Err(CensusError::NoRows { path: path.to_owned() });
        }
        Ok(Self { path: at, sha256, rows })
    }
}

const CSV_READER: &str =
    "read_csv(?, all_varchar = true, header = true, quote = '\"', escape = '\"', null_padding = true)";

/// Spreadsheets write other encodings by default; the engine's words about them do not say so.
fn refuse_other_encodings(path: &Path) -> Result<(), CensusError> {
    let fail = |e: std::io::Error| CensusError::Unreadable { path: path.to_owned(), cause: e.to_string() };
    let mut file = BufReader::new(File::open(path).map_err(fail)?);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(fail)? == 0 {
            break;
        }
        if std::str::from_utf8(&bytes).is_err() {
            return Err(CensusError::NotUtf8 { path: path.to_owned(), line });
        }
    }
    Ok(())
}

/// The table function that staging reads the file with.
fn reader(path: &Path) -> Result<&'static str, CensusError> {
    match path.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("csv") => Ok(CSV_READER),
        Some("parquet") => Ok("read_parquet(?)"),
        _ => Err(CensusError::UnknownFormat { path: path.to_owned() }),
    }
}

fn missing_columns(columns: &BTreeMap<String, String>, headers: &[String]) -> Vec<String> {
    let mapped = columns.iter().map(|(canonical, header)| (canonical.as_str(), header.as_str()));
    let plain = REQUIRED_COLUMNS.iter().filter(|c| !columns.contains_key(**c)).map(|c| (*c, *c));
    mapped
        .chain(plain)
        .filter(|(_, header)| !headers.iter().any(|h| h.eq_ignore_ascii_case(header)))
        .map(|(canonical, header)| {
            let mut text = format!("column {header}");
            if canonical != header {
                let _ = write!(text, " (mapped to {canonical})");
            }
            if let Some(near) = nearest(header, headers) {
                let _ = write!(text, " (is it {near}?)");
            }
            text
        })
        .collect()
}

/// The header that is most like the wanted one, among those that are no canonical column themselves.
fn nearest<'a>(wanted: &str, headers: &'a [String]) -> Option<&'a String> {
    let core = |name: &str| name.to_lowercase().replace("employee_", "");
    let score = |h: &String| strsim::jaro_winkler(&core(wanted), &core(h));
    let unclaimed = headers.iter().filter(|h| !REQUIRED_COLUMNS.contains(&h.as_str()));
    unclaimed.filter(|h| score(h) > 0.85).max_by(|a, b| score(a).total_cmp(&score(b)))
}

/// SHA-256 of a census file's bytes, in hexadecimal.
pub fn digest(path: &Path) -> Result<String, CensusError> {
    let fail = |e: &std::io::Error| match e.kind() {
        ErrorKind::NotFound => CensusError::Missing { path: path.to_owned() },
        _ => CensusError::Unreadable { path: path.to_owned(), cause: e.to_string() },
    };
    let mut file = File::open(path).map_err(|e| fail(&e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut any = false;
    loop {
        match file.read(&mut buffer).map_err(|e| fail(&e))? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
        any = true;
    }
    if !any {
        return Err(CensusError::Empty { path: path.to_owned() });
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    }))
}

fn unreadable(path: &Path, error: &DatabaseError) -> CensusError {
    let message = error.to_string();
    // The engine goes on to explain options of its own.
    let cause = match message.split(" Possible ").next() {
        _ if message.contains("sniffing file") => "it is no regular CSV, perhaps a quote is left open",
        Some(first) => first.trim(),
        None => &message,
    };
    CensusError::Unreadable { path: path.to_owned(), cause: cause.to_owned() }
}

#[cfg(all(test, feature = "duckdb"))]
mod tests {
    use std::fs;

    use super::*;
    use crate::database::{Database, DatabaseOptions};

    const HEADER: &str = "employee_id,employee_birth_date,employee_hire_date,employee_gross_compensation";

    fn inspect(name: &str, content: &str, columns: &[(&str, &str)]) -> Result<CensusFile, CensusError> {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join(name);
        fs::write(&path, content).expect("write");
        let columns = columns.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
        CensusFile::inspect(&path, &columns, &database)
    }

    #[test]
    fn a_census_with_rows_is_counted_and_hashed() {
        let census = inspect("c.csv", &format!("{HEADER}\nE1,1980-01-01,2020-01-01,50000\n"), &[]).expect("fine");
        assert_eq!(census.rows, 1);
        assert_eq!(census.sha256.len(), 64);
    }

    #[test]
    fn another_encoding_is_told_by_its_line() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("latin.csv");
        let mut content = format!("{HEADER}\nE1,1980-01-01,2020-01-01,50000\n").into_bytes();
        content.extend_from_slice(b"Andr\xe9,1980-01-01,2020-01-01,50000\n");
        fs::write(&path, content).expect("write");
        let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
        let error = CensusFile::inspect(&path, &BTreeMap::new(), &database).expect_err("refused");
        assert!(matches!(error, CensusError::NotUtf8 { line: 3, .. }), "{error}");
    }

    #[test]
    fn every_way_in_which_a_file_is_no_census() {
        let check = |name: &str, content: &str| inspect(name, content, &[]).expect_err("refused");
        assert!(matches!(check("c.csv", ""), CensusError::Empty { .. }));
        assert!(matches!(check("c.csv", HEADER), CensusError::NoRows { .. }));
        assert!(matches!(check("c.txt", HEADER), CensusError::UnknownFormat { .. }));
        assert!(matches!(check("c.parquet", "no parquet"), CensusError::Unreadable { .. }));
        let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
        let nowhere = CensusFile::inspect(Path::new("nowhere.csv"), &BTreeMap::new(), &database);
        assert!(matches!(nowhere, Err(CensusError::Missing { .. })));
    }

    #[test]
    fn missing_columns_are_named_with_what_they_may_be_called() {
        let content = "employee_id,birth_date,employee_hire_date,Pay\nE1,1980-01-01,2020-01-01,5\n";
        let error = inspect("c.csv", content, &[("employee_gross_compensation", "Payy")]).expect_err("refused");
        let CensusError::MissingColumns { missing, .. } = error else { panic!("{error}") };
        assert_eq!(
            missing,
            [
                "column Payy (mapped to employee_gross_compensation) (is it Pay?)",
                "column employee_birth_date (is it birth_date?)"
            ]
        );
        let columns = [("employee_gross_compensation", "Pay"), ("employee_birth_date", "birth_date")];
        assert_eq!(inspect("c.csv", content, &columns).expect("mapped").rows, 1);
    }
}
