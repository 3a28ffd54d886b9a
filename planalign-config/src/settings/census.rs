//! Checks a census file before a run: that it exists, can be read, and has the required columns.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::counted::{counted, listed};
use crate::database::{DatabaseError, Tables, Value};
use crate::diagnostic::{Diagnostic, Hint};
use crate::nearest::nearest;

/// Columns that every census must have.
pub const REQUIRED_COLUMNS: [&str; 4] =
    ["employee_id", "employee_birth_date", "employee_hire_date", "employee_gross_compensation"];

/// A readable census file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusFile {
    /// Absolute path.
    pub path: PathBuf,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// Number of data rows.
    pub rows: u64,
}

/// A census file can't be used at all. Bad rows aren't covered here; the run rejects them one by one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CensusError {
    /// The file doesn't exist.
    #[error("census file `{}` not found", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened or read.
    #[error("cannot read census file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// The content doesn't match the format.
    #[error("census file `{}` is not a valid {format} file", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The expected format.
        format: Format,
        /// The engine's message without data, if it helps users.
        #[source]
        cause: Option<DatabaseError>,
    },
    /// The extension is neither `.csv` nor `.parquet`.
    #[error("census file `{}` is neither .csv nor .parquet", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty.
    #[error("census file `{}` is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file has a header but no rows.
    #[error("census file `{}` has no rows below its header", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// The file isn't UTF-8.
    #[error("census file `{}` is not valid UTF-8 (line {line})", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line with another encoding; the header is line 1.
        line: u64,
    },
    /// Required or mapped columns are missing.
    #[error("{}", listed(&format!("census file `{}` is missing {}", path.display(), counted(missing.len(), "column")), missing))]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The missing columns.
        missing: Vec<MissingColumn>,
    },
}

/// A census file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// A column missing from a census file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// The expected header.
    pub header: String,
    /// The column it is mapped to, if the names differ.
    pub mapped_to: Option<String>,
    /// The most similar header of the file.
    pub nearest: Option<String>,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
        })
    }
}

impl fmt::Display for MissingColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.header)?;
        if let Some(column) = &self.mapped_to {
            write!(f, " (for `{column}`)")?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}

impl Diagnostic for CensusError {
    fn hints(&self) -> Vec<Hint> {
        let text = match self {
            Self::Missing { .. } => {
                let name = Hint::text("specify the file with `--census`, or set `census.path` in the configuration");
                return vec![name, Hint::use_record()];
            }
            Self::MissingColumns { .. } => "map other headers with `census.columns`, such as `employee_id: \"Emp No\"`",
            Self::NotUtf8 { .. } => "save it as UTF-8; Excel calls this format \"CSV UTF-8\"",
            Self::Malformed { format: Format::Csv, .. } => "look for an unclosed quote",
            _ => return Vec::new(),
        };
        vec![Hint::text(text)]
    }
}

impl CensusFile {
    /// Inspects a file. `columns` maps canonical names to headers.
    pub fn inspect(path: &Path, columns: &BTreeMap<String, String>, tables: &dyn Tables) -> Result<Self, CensusError> {
        let sha256 = digest(path)?;
        let at = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (format, reader) = match at.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
            Some("csv") => (Format::Csv, CSV_READER),
            Some("parquet") => (Format::Parquet, "read_parquet(?)"),
            _ => return Err(CensusError::UnknownFormat { path: path.to_owned() }),
        };
        if format == Format::Csv {
            refuse_other_encodings(path)?;
        }
        let malformed = |cause| CensusError::Malformed { path: path.to_owned(), format, cause: telling(cause, format) };
        let ask = |sql: &str| tables.query(sql, &[Value::from(at.to_string_lossy().into_owned())]).map_err(malformed);
        let described = ask(&format!("select column_name from (describe select * from {reader})"))?;
        let headers = described.texts("column_name").map_err(malformed)?;
        let missing = missing_columns(columns, &headers);
        if !missing.is_empty() {
            return Err(CensusError::MissingColumns { path: path.to_owned(), missing });
        }
        let counted = ask(&format!("select count(*) as data_rows from {reader}"))?;
        let rows = counted.rows.first().map_or(Ok(None), |row| row.integer("data_rows")).map_err(malformed)?;
        let rows = rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0);
        if rows == 0 {
            return Err(CensusError::NoRows { path: path.to_owned() });
        }
        Ok(Self { path: at, sha256, rows })
    }
}

/// Of the engine's CSV errors, only the line helps users; the rest explains the engine's own options.
fn telling(cause: DatabaseError, format: Format) -> Option<DatabaseError> {
    (format == Format::Parquet || matches!(cause, DatabaseError::MalformedCsv { .. })).then_some(cause)
}

/// How staging reads the file.
const CSV_READER: &str =
    "read_csv(?, all_varchar = true, header = true, quote = '\"', escape = '\"', null_padding = true)";

/// Spreadsheets write other encodings by default, and the engine's messages don't mention it.
fn refuse_other_encodings(path: &Path) -> Result<(), CensusError> {
    let fail = |e: io::Error| CensusError::Unreadable { path: path.to_owned(), cause: e };
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

fn missing_columns(columns: &BTreeMap<String, String>, headers: &[String]) -> Vec<MissingColumn> {
    let mapped = columns.iter().map(|(canonical, header)| (canonical.as_str(), header.as_str()));
    let plain = REQUIRED_COLUMNS.iter().filter(|c| !columns.contains_key(**c)).map(|c| (*c, *c));
    let is_missing = |header: &str| !headers.iter().any(|h| h.eq_ignore_ascii_case(header));
    let unclaimed = || headers.iter().map(String::as_str).filter(|h| !REQUIRED_COLUMNS.contains(h));
    let missing = mapped.chain(plain).filter(|(_, header)| is_missing(header));
    missing
        .map(|(canonical, header)| MissingColumn {
            header: header.to_owned(),
            mapped_to: (canonical != header).then(|| canonical.to_owned()),
            nearest: nearest(header, unclaimed()).map(str::to_owned),
        })
        .collect()
}

/// Computes the SHA-256 of a census file, in hexadecimal.
pub fn digest(path: &Path) -> Result<String, CensusError> {
    let fail = |e: io::Error| match e.kind() {
        ErrorKind::NotFound => CensusError::Missing { path: path.to_owned() },
        _ => CensusError::Unreadable { path: path.to_owned(), cause: e },
    };
    let mut file = File::open(path).map_err(fail)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut any = false;
    loop {
        match file.read(&mut buffer).map_err(fail)? {
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
        let census = inspect("c.csv", &format!("{HEADER}\nE1,1980-01-01,2020-01-01,50000\n"), &[]).expect("inspect");
        assert_eq!(census.rows, 1);
        assert_eq!(census.sha256.len(), 64);
    }

    #[test]
    fn an_unsupported_encoding_is_reported_with_its_line() {
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
    fn files_that_are_not_a_census_are_rejected() {
        let check = |name: &str, content: &str| inspect(name, content, &[]).expect_err("refused");
        assert!(matches!(check("c.csv", ""), CensusError::Empty { .. }));
        assert!(matches!(check("c.csv", HEADER), CensusError::NoRows { .. }));
        assert!(matches!(check("c.txt", HEADER), CensusError::UnknownFormat { .. }));
        assert!(matches!(check("c.parquet", "not parquet"), CensusError::Malformed { format: Format::Parquet, .. }));
        let row = "E1,1980-01-01,2020-01-01,50000\n";
        let open_quote = check("c.csv", &format!("{HEADER}\n{}\"{row}", row.repeat(30_000)));
        let CensusError::Malformed { format: Format::Csv, cause, .. } = open_quote else { panic!("{open_quote}") };
        assert_eq!(cause.expect("cause").to_string(), "the CSV file is malformed at line 30002");
        let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
        let nowhere = CensusFile::inspect(Path::new("nowhere.csv"), &BTreeMap::new(), &database);
        assert!(matches!(nowhere, Err(CensusError::Missing { .. })));
    }

    #[test]
    fn missing_columns_come_with_similar_headers() {
        let content = "employee_id,birth_date,employee_hire_date,Pay\nE1,1980-01-01,2020-01-01,5\n";
        let error = inspect("c.csv", content, &[("employee_gross_compensation", "Payy")]).expect_err("refused");
        let CensusError::MissingColumns { missing, .. } = error else { panic!("{error}") };
        let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            missing,
            [
                "`Payy` (for `employee_gross_compensation`); did you mean `Pay`?",
                "`employee_birth_date`; did you mean `birth_date`?"
            ]
        );
        let columns = [("employee_gross_compensation", "Pay"), ("employee_birth_date", "birth_date")];
        assert_eq!(inspect("c.csv", content, &columns).expect("inspect").rows, 1);
    }
}
