//! Reads a census file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::columns::{self, ColumnProblem, ColumnUse, Columns};
use super::dates::{self, DateCell};
use super::fields::{self, Field, Match};
use super::file::{digest_of, unreadable};
use super::numbers::{self, NumberCell};
use super::outlook::{self, Histogram};
use super::people::{Layout, Person, Undecided};
use super::problems::Action;
use super::pseudonyms::PseudonymKey;
use super::sheet::{Row, Sheet};
use super::workbook::{self, WorkbookProblem};
use super::{CensusError, CensusFile, Format, canonical, parquet, spells, text};
use crate::counted::counted;
use crate::database::Tables;
use crate::settings::{self, PayBasis};

/// How many rows of each kind of problem are listed.
const ROWS_LISTED: usize = 5;

/// How many rows may precede the header.
const TITLE_ROWS: usize = 30;

/// A census that was read.
#[derive(Clone, Debug)]
pub struct Census {
    /// The file.
    pub file: CensusFile,
    /// How it was read.
    pub reading: Reading,
    /// The people as the models read them, a CSV file.
    pub canonical: Vec<u8>,
}

/// How a census file was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The row of the header, as spreadsheets count.
    pub header_row: u64,
    /// The columns of the file, in order.
    pub columns: Vec<ColumnUse>,
    /// What was decided for the whole file or a column, in words.
    pub notes: Vec<String>,
    /// What was wrong with rows, most frequent first.
    pub problems: Vec<ProblemCount>,
    /// What looks wrong, in words.
    pub oddities: Vec<String>,
    /// Ages, service, pay, and deferral rates.
    pub histograms: Vec<Histogram>,
}

/// Rows with the same problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemCount {
    /// The field, such as `employee_hire_date`.
    pub field: &'static str,
    /// The problem.
    pub problem: &'static str,
    /// What was done.
    pub action: Action,
    /// The number of rows.
    pub rows: u64,
    /// The numbers of the first rows.
    pub first_rows: Vec<u64>,
}

impl Census {
    /// Reads a census for a simulation from `start_year`. `tables` reads Parquet files. A key replaces Social Security numbers
    /// that serve as IDs.
    pub fn read(
        settings: &settings::Census,
        start_year: i32,
        key: Option<&PseudonymKey>,
        tables: &dyn Tables,
    ) -> Result<Self, CensusError> {
        let path = std::path::absolute(&settings.path).unwrap_or_else(|_| settings.path.clone());
        let reader = Reader { path: &settings.path, settings, as_of: date_before(start_year), notes: Vec::new() };
        reader.read(&path, key, tables)
    }
}

/// Dec 31 before a year.
fn date_before(start_year: i32) -> Date {
    let year = i16::try_from(start_year - 1).unwrap_or_default();
    Date::new(year, 12, 31).unwrap_or(date(1999, 12, 31))
}

struct Reader<'s> {
    path: &'s Path,
    settings: &'s settings::Census,
    as_of: Date,
    notes: Vec<String>,
}

impl Reader<'_> {
    fn read(mut self, absolute: &Path, key: Option<&PseudonymKey>, tables: &dyn Tables) -> Result<Census, CensusError> {
        if let Some(zone) = self.settings.time_zone.as_deref().filter(|zone| TimeZone::get(zone).is_err()) {
            return Err(CensusError::UnknownTimeZone { zone: zone.to_owned() });
        }
        let content = fs::read(self.path).map_err(|e| unreadable(self.path, e))?;
        if content.is_empty() {
            return Err(CensusError::Empty { path: self.path.to_owned() });
        }
        let mut sheet = self.open(absolute, &content, tables)?;
        let header = self.find_header(&sheet)?;
        self.check_as_of(&sheet, header)?;
        sheet.start_at(header);
        if sheet.row_count() < 2 {
            return Err(CensusError::NoRows { path: self.path.to_owned() });
        }
        let columns = Columns::find(&sheet, self.settings).map_err(|problem| self.column_problem(problem))?;
        let key = self.key_for_ids(&sheet, &columns, key)?;
        let layout = Layout::decide(&sheet, &columns, self.settings, self.as_of)
            .map_err(|undecided| self.undecided(undecided))?;
        let mut people: Vec<Person> = (1..sheet.row_count())
            .filter(|row| sheet.row(*row).filled().next().is_some())
            .map(|row| layout.person(sheet.row(row), sheet.row(0), key))
            .collect();
        if people.is_empty() {
            return Err(CensusError::NoRows { path: self.path.to_owned() });
        }
        spells::resolve(&mut people, self.settings.duplicates, self.as_of);
        self.note_columns(&sheet, &columns, &layout, key);
        let file = CensusFile {
            path: absolute.to_owned(),
            sha256: digest_of(&content),
            rows: people.len() as u64,
            pseudonym_key: key.map(PseudonymKey::fingerprint),
        };
        let reading = Reading {
            header_row: sheet.row(0).number,
            columns: columns.uses.into_values().collect(),
            notes: self.notes,
            problems: counts(&people),
            oddities: outlook::oddities(&people, self.as_of),
            histograms: outlook::histograms(&people, self.as_of),
        };
        Ok(Census { file, reading, canonical: canonical::write(&people) })
    }

    fn open(&mut self, absolute: &Path, content: &[u8], tables: &dyn Tables) -> Result<Sheet, CensusError> {
        let path = || self.path.to_owned();
        let extension = self.path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let is_workbook = extension.as_deref().is_some_and(|extension| extension.starts_with("xls"));
        if self.settings.sheet.is_some() && !is_workbook {
            self.notes.push("`census.sheet` has no effect: the file is not a workbook".to_owned());
        }
        match extension.as_deref() {
            Some("csv" | "txt" | "tsv" | "dat") => {
                let read =
                    text::read(content).map_err(|text::OpenQuote(row)| CensusError::OpenQuote { path: path(), row })?;
                if let Some(encoding) = read.encoding {
                    self.notes.push(format!("read as {encoding}"));
                }
                if read.delimiter != ',' {
                    let name = match read.delimiter {
                        '\t' => "tabs".to_owned(),
                        other => format!("`{other}`"),
                    };
                    self.notes.push(format!("fields are separated by {name}"));
                }
                Ok(read.sheet)
            }
            Some("parquet") => parquet::read(&absolute.to_string_lossy(), tables)
                .map_err(|cause| CensusError::Malformed { path: path(), format: Format::Parquet, cause: Some(cause) }),
            Some("xlsx" | "xlsm" | "xls" | "xlsb") => {
                workbook::read(content, self.settings.sheet.as_deref()).map_err(|problem| match problem {
                    WorkbookProblem::Malformed => {
                        CensusError::Malformed { path: path(), format: Format::Excel, cause: None }
                    }
                    WorkbookProblem::TooLarge => CensusError::TooLarge { path: path() },
                    WorkbookProblem::NoSuchSheet(sheets) | WorkbookProblem::SeveralSheets(sheets) => {
                        CensusError::WhichSheet { path: path(), sheets }
                    }
                })
            }
            _ => Err(CensusError::UnknownFormat { path: path() }),
        }
    }

    /// The row with the headers: the first with two that are known or mapped, or else the first with several cells.
    fn find_header(&self, sheet: &Sheet) -> Result<usize, CensusError> {
        let mapped =
            |cell: &str| self.settings.columns.values().any(|header| fields::plain(header) == fields::plain(cell));
        let is_known = |cell: &str| {
            mapped(cell) || matches!(fields::matching(cell), Some(Match::Exact(_) | Match::Alias(_) | Match::Pay(_)))
        };
        let candidates = || (0..sheet.row_count().min(TITLE_ROWS)).map(|row| (row, sheet.row(row)));
        let known = candidates().find(|(_, row)| row.filled().filter(|cell| is_known(cell)).count() >= 2);
        let Some((header, row)) =
            known.or_else(|| candidates().find(|(_, row)| row.filled().count() > 1)).or_else(|| candidates().next())
        else {
            return Err(CensusError::Empty { path: self.path.to_owned() });
        };
        let columns = data_columns(row);
        if known.is_none() && !columns.is_empty() {
            return Err(CensusError::NoHeader { path: self.path.to_owned(), row: row.number, columns });
        }
        Ok(header)
    }

    /// Fails if the file is as of another day than Dec 31 before the first year.
    fn check_as_of(&mut self, sheet: &Sheet, header: usize) -> Result<(), CensusError> {
        let titles: Vec<String> =
            (0..header).map(|row| sheet.row(row).filled().collect::<Vec<_>>().join(" ")).collect();
        if header > 0 {
            let (first, last) = (sheet.row(0).number, sheet.row(header - 1).number);
            let rows = if first == last { format!("row {first}") } else { format!("rows {first} to {last}") };
            self.notes.push(format!("{rows} above the header skipped"));
        }
        let found = self.settings.as_of.or_else(|| titles.iter().find_map(|title| as_of(title, self.as_of)));
        match found {
            Some(found) if found != self.as_of => {
                Err(CensusError::AsOf { path: self.path.to_owned(), found, needed: self.as_of })
            }
            _ => Ok(()),
        }
    }

    fn column_problem(&self, problem: ColumnProblem) -> CensusError {
        let path = self.path.to_owned();
        match problem {
            ColumnProblem::Missing(missing) => CensusError::MissingColumns { path, missing },
            ColumnProblem::Questions(questions) => CensusError::Questions { path, questions },
        }
    }

    fn undecided(&self, undecided: Undecided) -> CensusError {
        let path = self.path.to_owned();
        match undecided {
            Undecided { questions, contradictions } if contradictions.is_empty() => {
                CensusError::Questions { path, questions }
            }
            Undecided { contradictions, .. } => CensusError::Contradictions { path, contradictions },
        }
    }

    /// The key, if Social Security numbers serve as IDs.
    fn key_for_ids<'k>(
        &self,
        sheet: &Sheet,
        columns: &Columns,
        key: Option<&'k PseudonymKey>,
    ) -> Result<Option<&'k PseudonymKey>, CensusError> {
        let only_ssn = columns.of(Field::Id).is_none_or(|id| columns::looks_like_ssn(sheet, id));
        match (only_ssn, key) {
            (true, None) => Err(CensusError::OnlySsn { path: self.path.to_owned() }),
            (true, key) => Ok(key),
            (false, _) => Ok(None),
        }
    }

    fn note_columns(&mut self, sheet: &Sheet, columns: &Columns, layout: &Layout<'_>, key: Option<&PseudonymKey>) {
        let header = |column: usize| format!("`{}`", sheet.row(0).cell(column).trim());
        self.notes.extend(layout.notes(&|column| header(column)));
        if let Some(key) = key {
            self.notes.push(format!("Social Security numbers replaced by IDs with key {}", key.fingerprint()));
        }
        if columns.of(Field::Ssn).is_some() {
            self.notes.push("Social Security numbers are not stored".to_owned());
        }
        if columns.of(Field::ServiceDate).is_some() {
            self.notes.push("`employee_service_date` is stored but not used yet".to_owned());
        }
        let basis = match columns.pay_basis {
            PayBasis::AnnualRate => None,
            PayBasis::EarnedInYear => {
                Some(format!("pay earned in {} annualized over the days employed in it", self.as_of.year()))
            }
            PayBasis::PerPeriod => {
                Some(format!("pay per period multiplied by {}", self.settings.pay_periods.unwrap_or_default()))
            }
            PayBasis::Hourly => Some("hourly rates multiplied by weekly hours and 52".to_owned()),
        };
        self.notes.extend(basis);
        let blank = (1..sheet.row_count()).filter(|row| sheet.row(*row).filled().next().is_none()).count();
        if blank > 0 {
            self.notes.push(format!("{} skipped", counted(blank, "blank row")));
        }
    }
}

/// The columns of a row with dates or numbers; the first is 1.
fn data_columns(row: Row<'_>) -> Vec<usize> {
    let is_data = |cell: &str| {
        matches!(dates::read(cell), DateCell::Read(_)) || matches!(numbers::read(cell), NumberCell::Read(_))
    };
    row.cells().enumerate().filter(|(_, cell)| is_data(cell)).map(|(column, _)| column + 1).collect()
}

/// The date in a title such as `Census as of 12/31/2024`.
fn as_of(title: &str, expected: Date) -> Option<Date> {
    let lower = title.to_lowercase();
    let at = ["as of", "as-of", "as at"].iter().find_map(|words| lower.find(words).map(|at| at + words.len()))?;
    let rest: Vec<&str> = title.get(at..)?.split_whitespace().collect();
    // A date has up to three words, and may end a sentence.
    let read = |words: usize| match dates::read(rest.get(..words)?.join(" ").trim_matches([':', '.', ',', ')', ' '])) {
        DateCell::Read(readings) => {
            let mut dates = readings.formats().filter_map(|format| readings.in_format(format));
            let first = dates.next();
            if dates.any(|date| date == expected) { Some(expected) } else { first }
        }
        _ => None,
    };
    [1, 2, 3, 4].into_iter().find_map(read)
}

/// The problems of all rows by kind.
fn counts(people: &[Person]) -> Vec<ProblemCount> {
    let mut counts = BTreeMap::new();
    for person in people {
        for problem in &person.problems {
            let (meaning, action) = problem.kind.meaning();
            let count = counts.entry((problem.field, problem.kind)).or_insert_with(|| ProblemCount {
                field: problem.field.name(),
                problem: meaning,
                action,
                rows: 0,
                first_rows: Vec::new(),
            });
            count.rows += 1;
            if count.first_rows.len() < ROWS_LISTED {
                count.first_rows.push(person.row);
            }
        }
    }
    let mut counts: Vec<ProblemCount> = counts.into_values().collect();
    counts.sort_by_key(|count| (count.action, std::cmp::Reverse(count.rows)));
    counts
}
