//! Seeds: column types as dbt infers them, and the statement that loads the file.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use planalign_config::sql::literal;

use super::config::NodeConfig;
use super::failures::Place;
use super::jinja::relation::Relation;
use crate::runner::RunnerError;

/// Names and types of a seed's columns: configured types, or else types inferred from the values.
pub(crate) fn columns(
    content: &str,
    config: &NodeConfig,
    place: Place<'_>,
) -> Result<Vec<(String, String)>, RunnerError> {
    let problem = |line: Option<u64>, message: String| RunnerError::Project {
        file: place.file.to_owned(),
        line: line.and_then(|l| usize::try_from(l).ok()),
        message,
    };
    let delimiter = delimiter(config, place)?;
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(content.as_bytes());
    let headers = names(reader.headers().map_err(|e| problem(Some(1), e.to_string()))?);
    let mut types: Vec<Candidates> = headers.iter().map(|_| Candidates::default()).collect();
    for record in reader.records() {
        let record = record.map_err(|e| {
            problem(e.position().map(csv::Position::line), "the number of fields differs from the header".into())
        })?;
        types.iter_mut().zip(record.iter()).for_each(|(candidates, text)| candidates.see(text));
    }
    let given = config.get("column_types").and_then(Json::as_object);
    let type_of = |name: &str, inferred: &Candidates| {
        let given = given.and_then(|types| types.iter().find(|(known, _)| known.as_str() == name));
        given.map_or_else(|| inferred.name().to_owned(), |(_, data_type)| super::config::plain_text(data_type))
    };
    let types: Vec<String> = headers.iter().zip(&types).map(|(name, inferred)| type_of(name, inferred)).collect();
    Ok(headers.into_iter().zip(types).collect())
}

/// The names of the columns; as in dbt, a repeated name is numbered, and a missing one is a letter, which is doubled after `z`.
fn names(headers: &csv::StringRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(headers.len());
    let letters = (1..).flat_map(|times| ('a'..='z').map(move |letter| letter.to_string().repeat(times)));
    for (header, letters) in headers.iter().zip(letters) {
        let name = if header.is_empty() { letters } else { header.to_owned() };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut candidates = [name.clone()].into_iter().chain(numbered);
        names.extend(candidates.find(|candidate| !names.contains(candidate)));
    }
    names
}

fn delimiter(config: &NodeConfig, place: Place<'_>) -> Result<u8, RunnerError> {
    match config.text("delimiter").unwrap_or(",").as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(place.compilation("delimiter must be one character")),
    }
}

/// The lowest year, in a column, of the rows that differ between two versions of a seed; `None` if it can't be determined.
pub(crate) fn first_year_of_changes(before: &str, now: &str, column: &str) -> Option<i32> {
    let (before, now) = (rows_by_year(before, column)?, rows_by_year(now, column)?);
    if before.0 != now.0 {
        return None;
    }
    before.1.symmetric_difference(&now.1).map(|(year, _)| *year).min()
}

/// Each row with its year.
type RowsByYear = BTreeSet<(i32, Vec<String>)>;

/// The header and the rows below it.
fn rows_by_year(content: &str, column: &str) -> Option<(csv::StringRecord, RowsByYear)> {
    let mut reader = csv::Reader::from_reader(content.as_bytes());
    let headers = reader.headers().ok()?.clone();
    let at = headers.iter().position(|header| header == column)?;
    let row = |record: csv::Result<csv::StringRecord>| {
        let record = record.ok()?;
        Some((record.get(at)?.trim().parse().ok()?, record.iter().map(str::to_owned).collect()))
    };
    let rows = reader.records().map(row).collect::<Option<BTreeSet<_>>>()?;
    Some((headers, rows))
}

/// The statement with which dbt-duckdb loads a seed.
pub(crate) fn copy_statement(relation: &Relation, path: &str, config: &NodeConfig) -> String {
    let (path, delimiter) = (literal(path), literal(config.text("delimiter").unwrap_or(",")));
    format!("COPY {relation} FROM {path} (FORMAT CSV, HEADER TRUE, DELIMITER {delimiter})")
}

/// The types that fit all values of a column so far; the first one in dbt's order wins.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each type is possible or not, independent of the others")]
struct Candidates {
    number: bool,
    has_fraction: bool,
    date: bool,
    timestamp: bool,
    iso_timestamp: bool,
    boolean: bool,
    /// Columns without values are integers, as in dbt.
    seen: bool,
}

impl Default for Candidates {
    fn default() -> Self {
        Self {
            number: true,
            has_fraction: false,
            date: true,
            timestamp: true,
            iso_timestamp: true,
            boolean: true,
            seen: false,
        }
    }
}

impl Candidates {
    fn see(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("null") {
            return;
        }
        self.seen = true;
        match number(text) {
            Some(has_fraction) => self.has_fraction |= has_fraction,
            None => self.number = false,
        }
        self.date &= is_date(text);
        self.timestamp &= is_timestamp(text);
        self.iso_timestamp &= is_iso_timestamp(text);
        self.boolean &= text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    }

    fn name(self) -> &'static str {
        match self {
            Self { number: true, has_fraction: true, .. } => "float8",
            Self { number: true, .. } => "integer",
            Self { date: true, .. } => "date",
            Self { timestamp: true, .. } | Self { iso_timestamp: true, .. } => "timestamp without time zone",
            Self { boolean: true, .. } => "boolean",
            _ => "text",
        }
    }
}

/// Whether a text is a number, and if so, whether it has decimals.
fn number(text: &str) -> Option<bool> {
    let plain = text.trim_matches('%');
    let plain = plain.strip_prefix('-').unwrap_or(plain).trim_matches(['$', '€', '£', '¥']).replace([',', '_'], "");
    let digits = plain.trim();
    let digits = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if ["nan", "inf", "infinity"].iter().any(|word| digits.eq_ignore_ascii_case(word)) {
        return Some(false);
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let is_number = mantissa.chars().any(|c| c.is_ascii_digit())
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.')
        && mantissa.matches('.').count() <= 1
        && exponent.is_none_or(|e| e.parse::<i32>().is_ok());
    let exponent: i32 = exponent.and_then(|e| e.parse().ok()).unwrap_or(0);
    let decimals = mantissa
        .split_once('.')
        .map_or(0, |(_, fraction)| i32::try_from(fraction.trim_end_matches('0').len()).unwrap_or(0));
    is_number.then_some(decimals > exponent.max(0) || exponent < 0)
}

/// A whole number of one to `most_digits` digits.
fn whole(part: &str, most_digits: usize) -> Option<u32> {
    let is_whole = (1..=most_digits).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    is_whole.then(|| part.parse().ok()).flatten()
}

/// `%Y-%m-%d`, an existing day.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let (Some(year), 4) = (whole(year, 4), year.len()) else { return false };
    let leap = u32::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let days = match whole(month, 2) {
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) => 28 + leap,
        Some(1..=12) => 31,
        _ => 0,
    };
    year > 0 && whole(day, 2).is_some_and(|day| (1..=days).contains(&day))
}

/// `%Y-%m-%d %H:%M:%S`.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once(' ') else { return false };
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    is_date(date) && is_below(hour, 24) && is_below(minute, 60) && is_below(second, 62)
}

/// ISO 8601 with a `T`.
fn is_iso_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let time = time.trim_end_matches('Z');
    let time = time.split_once(['+', '-']).map_or(time, |(time, _)| time);
    let (time, fraction) = time.split_once('.').map_or((time, "0"), |(time, fraction)| (time, fraction));
    let parts: Vec<&str> = time.split(':').collect();
    let in_range = parts.iter().zip([24, 60, 60]).all(|(part, limit)| part.len() == 2 && is_below(part, limit));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    is_date(date) && date.len() == 10 && in_range && parts.len() <= 3 && is_fraction
}

fn is_below(part: &str, limit: u32) -> bool {
    whole(part, 2).is_some_and(|n| n < limit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLACE: Place<'static> = Place { kind: "seed", node: "s", file: "seeds/s.csv" };

    fn check(content: &str, expected: &str) {
        let text = match columns(content, &NodeConfig::default(), PLACE) {
            Ok(columns) => columns.iter().map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>().join(", "),
            Err(error) => error.to_string(),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn types_are_inferred_as_dbt_infers_them() {
        check("a,b,c,d\n1,1.5,x,2025-01-31\n,,null,\n", "a integer, b float8, c text, d date");
        check(
            "a,b,c\ntrue,2025-01-01 10:00:00,-1e-3\nFALSE,2025-12-31 1:00:00,2",
            "a boolean, b timestamp without time zone, c float8",
        );
        check("a\n2025-01-01 10:00:00\n2025-01-01T10:00:00\n", "a text");
        check("a,b\n1.0,07-15\n2,x", "a integer, b text");
        check("a,b\n1,null\nNULL,2025-01-31\n", "a integer, b date");
        check("a\n", "a integer");
        check("\u{feff}a\n'x", "a text");
        check("id,id_2,id,id,,a\n", "id integer, id_2 integer, id_3 integer, id_4 integer, e integer, a integer");
    }

    #[test]
    fn one_value_decides_as_in_dbt() {
        for (value, data_type) in [
            ("1_000", "integer"),
            ("-$5", "integer"),
            ("5$", "integer"),
            ("1e-3", "float8"),
            ("nan", "integer"),
            ("99999999999", "integer"),
            ("(5)", "text"),
            ("2024-02-29", "date"),
            ("1900-02-29", "text"),
            ("2025-02-30", "text"),
            ("2025-1-5", "date"),
            ("2025-01-31 1:00:00", "timestamp without time zone"),
            ("2025-01-31 10:00", "text"),
            ("2025-01-31 10:00:00.5", "text"),
            ("2025-01-31 10:00:00+00", "text"),
            ("2025-01-31 25:00:00", "text"),
            ("2025-01-31T10", "timestamp without time zone"),
            ("2025-01-31T10:00:00.5+02:00", "timestamp without time zone"),
        ] {
            check(&format!("a,b\n{value},x\n"), &format!("a {data_type}, b text"));
        }
    }

    #[test]
    fn malformed_files_name_the_line() {
        check("a,b\n1,2\n3\n", "seeds/s.csv:3: the number of fields differs from the header");
    }

    #[test]
    fn a_change_affects_the_years_of_its_rows() {
        let check = |before: &str, now: &str, expected: Option<i32>| {
            assert_eq!(first_year_of_changes(before, now, "y"), expected, "{before:?} {now:?}");
            assert_eq!(first_year_of_changes(now, before, "y"), expected, "{now:?} {before:?}");
        };
        check("y,a\n2025,1\n2026,2\n2027,3\n", "y,a\n2027,3\n2025,1\n2026,5\n", Some(2026));
        check("y,a\n2025,1\n", "y,a\n2025,1\n2028,2\n2027,2\n", Some(2027));
        check("y,a\n2025,1\n", "y,a\n2026,1\n", Some(2025));
        check("y,a\n2025,1\n", "y,b\n2025,1\n", None);
        check("y,a\n2025,1\n", "y,a\nnone,1\n", None);
        check("a\n1\n", "a\n2\n", None);
        check("y,a\n2025,1\n", "y,a\n2025\n", None);
    }

    #[test]
    fn configured_types_and_delimiters_are_used() {
        let mut config = NodeConfig::default();
        let given = json!({"column_types": {"a": "decimal(12,2)"}, "delimiter": ";"});
        config.merge(given.as_object().expect("object"));
        let columns = columns("a;b\n1;2\n", &config, PLACE).expect("columns");
        assert_eq!(columns, [("a".into(), "decimal(12,2)".into()), ("b".into(), "integer".into())]);
        let statement = copy_statement(&Relation::new("d", "main", "s"), "/it's/s.csv", &config);
        assert_eq!(statement, "COPY \"d\".\"main\".\"s\" FROM '/it''s/s.csv' (FORMAT CSV, HEADER TRUE, DELIMITER ';')");
    }
}
