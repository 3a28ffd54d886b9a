//! The census file itself: where it is, its digest, and why it can't be used.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::{Contradiction, Question};
use crate::counted::{counted, listed};
use crate::database::DatabaseError;
use crate::diagnostic::{Diagnostic, Hint};

/// A census file that was read, now or earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusFile {
    /// Absolute path.
    pub path: PathBuf,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// Number of rows below the header.
    pub rows: u64,
    /// What identifies the key that replaced Social Security numbers by IDs, if one did.
    pub pseudonym_key: Option<String>,
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
    /// The file can't be opened or read.
    #[error("cannot read census file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// The content isn't what the file's name says.
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
    /// A quote is never closed.
    #[error("a quote in row {row} of census file `{}` is never closed", path.display())]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// The row, as a spreadsheet shows it.
        row: u64,
    },
    /// The extension is of no known format.
    #[error("census file `{}` is neither CSV (.csv, .txt, .tsv), nor Parquet (.parquet), nor Excel (.xlsx, .xls)", path.display())]
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
    /// The first row is a person.
    #[error("census file `{}` has no header: columns {} of row {row} contain data", path.display(), numbers(columns))]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// The row.
        row: u64,
        /// The columns with dates or numbers; the first is 1.
        columns: Vec<usize>,
    },
    /// The workbook unpacks to too much.
    #[error("census file `{}` unpacks to more than 2 GB", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The workbook has no such sheet, or several that could be the census.
    #[error("{}", listed(&format!("which sheet of census file `{}`?", path.display()), sheets))]
    WhichSheet {
        /// The file.
        path: PathBuf,
        /// The sheets to choose from.
        sheets: Vec<String>,
    },
    /// Required or mapped columns are missing.
    #[error("{}", listed(&format!("census file `{}` is missing {}", path.display(), counted(missing.len(), "column")), missing))]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The missing columns.
        missing: Vec<MissingColumn>,
    },
    /// Something can be understood in several ways.
    #[error("{}", listed(&format!("census file `{}` leaves {} open", path.display(), counted(questions.len(), "question")), questions))]
    Questions {
        /// The file.
        path: PathBuf,
        /// What is unclear, with the lines that answer it.
        questions: Vec<Question>,
    },
    /// The rows of a column contradict each other.
    #[error("{}", listed(&format!("census file `{}` writes dates in more than one way", path.display()), contradictions))]
    Contradictions {
        /// The file.
        path: PathBuf,
        /// The columns.
        contradictions: Vec<Contradiction>,
    },
    /// The census is as of another day.
    #[error("census file `{}` is as of {found}, but a simulation from {} needs one as of {needed}", path.display(), needed.year() + 1)]
    AsOf {
        /// The file.
        path: PathBuf,
        /// What `census.as_of` or a title line says.
        found: Date,
        /// Dec 31 before the first year.
        needed: Date,
    },
    /// The only IDs are Social Security numbers, which are never stored.
    #[error("the only IDs in census file `{}` are Social Security numbers, which are never stored", path.display())]
    OnlySsn {
        /// The file.
        path: PathBuf,
    },
    /// `census.time_zone` isn't a time zone.
    #[error("`census.time_zone` is not a time zone: {zone}")]
    UnknownTimeZone {
        /// The setting.
        zone: String,
    },
}

/// A census file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// An Excel workbook.
    Excel,
}

/// A column missing from a census file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// The expected header.
    pub header: String,
    /// The field it is mapped to, if the names differ.
    pub mapped_to: Option<String>,
    /// The most similar header of the file.
    pub nearest: Option<String>,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Excel => "Excel",
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
            Self::OpenQuote { .. } => "close the quote, or remove it",
            Self::NoHeader { .. } => "insert a first row with a header for each column, such as employee_id",
            Self::WhichSheet { .. } => "name one with `census.sheet`",
            Self::Questions { .. } => "paste the lines of one answer to each question into the configuration",
            Self::Contradictions { .. } => "write all dates of a column in one way",
            Self::AsOf { needed, .. } => {
                let year = i32::from(needed.year()) + 1;
                return vec![Hint::text(format!(
                    "use a census as of {needed}, or another first year than {year}; if the file is right, set `census.as_of: {needed}`"
                ))];
            }
            Self::OnlySsn { .. } => {
                "add an ID column, or replace the numbers with `--pseudonym-key FILE`; to make a key: \
                 `(umask 077; head -c 32 /dev/urandom | base64 > pseudonym.key)`"
            }
            Self::UnknownTimeZone { .. } => "use a name such as America/New_York",
            _ => return Vec::new(),
        };
        vec![Hint::text(text)]
    }
}

fn numbers(columns: &[usize]) -> String {
    columns.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// Computes the SHA-256 of a census file, in hexadecimal.
pub fn digest(path: &Path) -> Result<String, CensusError> {
    let fail = |e| unreadable(path, e);
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
    Ok(hexadecimal(&hasher.finalize()))
}

/// The SHA-256 of the content of a file.
#[cfg(feature = "census")]
pub(super) fn digest_of(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

pub(super) fn unreadable(path: &Path, cause: io::Error) -> CensusError {
    match cause.kind() {
        ErrorKind::NotFound => CensusError::Missing { path: path.to_owned() },
        _ => CensusError::Unreadable { path: path.to_owned(), cause },
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
