//! Dates as payroll systems, recordkeepers, and spreadsheets write them.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::settings::DateFormat;

/// The years that a census can mention; four digits outside of them are no year.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// Day 0 of spreadsheets. Day 60, Feb 29, 1900, doesn't exist, so this is right from day 61 on.
const EXCEL_EPOCH: Date = date(1899, 12, 30);

/// Days 10,000 to 73,050 of spreadsheets: 1927 to 2099.
const EXCEL_DAYS: std::ops::RangeInclusive<i64> = 10_000..=73_050;

/// Texts that systems write for a date that isn't there.
const NO_DATE: [&str; 14] =
    ["", "-", "--", ".", "n/a", "na", "#n/a", "null", "none", "nan", "nat", "<na>", "(null)", "(blank)"];

/// A cell of a column of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateCell {
    /// No date: empty, `N/A`, `0000-00-00`, and the like.
    None,
    /// Not a date in any format.
    Unreadable,
    /// A point in time with its offset from UTC, which is a date only in a time zone.
    Zoned(Timestamp),
    /// A date in at least one format.
    Read(Readings),
}

/// What a cell means in each of the formats that it fits. Its year may have two digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Readings {
    dates: [Option<Date>; DateFormat::ALL.len()],
    /// Whether the year has two digits, and the century is a guess.
    pub(super) is_short: bool,
}

impl Readings {
    /// The date in a format; a short year is in the 20th century.
    pub(super) fn in_format(&self, format: DateFormat) -> Option<Date> {
        self.dates[format as usize]
    }

    /// The formats that the cell fits.
    pub(super) fn formats(&self) -> impl Iterator<Item = DateFormat> {
        DateFormat::ALL.into_iter().filter(|format| self.in_format(*format).is_some())
    }

    fn add(&mut self, format: DateFormat, date: Option<Date>) {
        self.dates[format as usize] = date;
    }
}

/// Reads a cell in all formats. Nothing may follow the date but midnight.
pub(super) fn read(cell: &str) -> DateCell {
    let text = cell.trim();
    if NO_DATE.iter().any(|none| text.eq_ignore_ascii_case(none)) || is_zero(text) {
        return DateCell::None;
    }
    if let Some(point) = zoned(text) {
        return DateCell::Zoned(point);
    }
    let text = without_midnight(text);
    let mut readings = Readings::default();
    if text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        let (date, is_short) = named_month(text).map_or((None, false), |(date, is_short)| (Some(date), is_short));
        readings.is_short = is_short;
        readings.add(DateFormat::DdMonYyyy, date);
    } else if let Some((parts, separator)) = numeric_parts(text) {
        read_parts(parts, separator, &mut readings);
    } else {
        read_digits(text.strip_suffix(".0").unwrap_or(text), &mut readings);
    }
    if readings.formats().next().is_none() { DateCell::Unreadable } else { DateCell::Read(readings) }
}

/// The date of a point in time in a zone.
pub(super) fn in_zone(point: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(point).date()
}

/// The latest date with these two last digits of the year up to a year.
pub(super) fn with_century(short: Date, up_to: i16) -> Option<Date> {
    let year = up_to - (up_to - short.year()).rem_euclid(100);
    Date::new(year, short.month(), short.day()).ok()
}

/// Dates of zeros only, such as `0000-00-00` and `00/00/0000 00:00:00`.
fn is_zero(text: &str) -> bool {
    text.contains('0') && text.bytes().all(|byte| matches!(byte, b'0' | b'-' | b'/' | b'.' | b':' | b' '))
}

/// A date and a time with an offset from UTC.
fn zoned(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let has_offset = bytes.len() > 16
        && bytes[4] == b'-'
        && (text.ends_with(['Z', 'z']) || text.ends_with("UTC") || text[11..].contains(['+', '-']));
    if !has_offset {
        return None;
    }
    let text = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |text| format!("{}Z", text.trim_end()));
    // PostgreSQL and pandas may leave the minutes of the offset out.
    text.parse().or_else(|_| format!("{text}:00").parse()).ok()
}

/// The text without a time of midnight at its end.
fn without_midnight(text: &str) -> &str {
    let Some(at) = text.find(':') else { return text };
    let Some(start) = text[..at].rfind(['T', ' ']) else { return text };
    let (day, time) = (text[..start].trim_end(), text[start + 1..].trim());
    let (clock, half) = time.split_once(' ').unwrap_or((time, ""));
    let clock = clock.trim_end_matches('0').trim_end_matches('.');
    let midnight = match half {
        "" => clock.bytes().all(|byte| matches!(byte, b'0' | b':')),
        "AM" | "am" => {
            clock.strip_prefix("12:").is_some_and(|rest| rest.bytes().all(|byte| matches!(byte, b'0' | b':')))
        }
        _ => false,
    };
    if midnight { day } else { text }
}

/// Three numbers with the same separator.
fn numeric_parts(text: &str) -> Option<([&str; 3], char)> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '/' | '-' | '.'))?;
    let mut parts = text.split(separator);
    let parts =
        [parts.next()?, parts.next()?, parts.next()?].map(str::trim).into_iter().zip([(); 3]).map(|(part, ())| part);
    let parts: [&str; 3] = parts.collect::<Vec<_>>().try_into().ok()?;
    let is_number = |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    (text.matches(separator).count() == 2 && parts.iter().all(is_number)).then_some((parts, separator))
}

fn read_parts(parts: [&str; 3], separator: char, readings: &mut Readings) {
    let [first, second, third] = parts;
    if first.len() == 4 {
        readings.add(DateFormat::Iso, whole(first, second, third));
        return;
    }
    readings.is_short = third.len() == 2;
    if separator != '.' {
        readings.add(DateFormat::Us, whole(third, first, second));
    }
    readings.add(DateFormat::European, whole(third, second, first));
}

/// Digits without separators.
fn read_digits(digits: &str, readings: &mut Readings) {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    match digits.len() {
        8 => {
            readings.add(DateFormat::Yyyymmdd, whole(&digits[..4], &digits[4..6], &digits[6..]));
            readings.add(DateFormat::Mmddyyyy, whole(&digits[4..], &digits[..2], &digits[2..4]));
        }
        // A spreadsheet has dropped the zero of the month.
        7 => readings.add(DateFormat::Mmddyyyy, whole(&digits[3..], &digits[..1], &digits[1..3])),
        5 => {
            let day = digits.parse().ok().filter(|day| EXCEL_DAYS.contains(day));
            readings.add(DateFormat::Excel, day.and_then(|day| EXCEL_EPOCH.checked_add(Span::new().days(day)).ok()));
        }
        _ => {}
    }
}

/// A date with the name of the month: `15-Feb-1961`, `15 February 1961`, `Feb 15, 1961`. Returns whether the year is short.
fn named_month(text: &str) -> Option<(Date, bool)> {
    let mut parts = text.split(['-', ' ', '/', ',', '.']).filter(|part| !part.is_empty());
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (day, month) = if first.as_bytes()[0].is_ascii_digit() { (first, second) } else { (second, first) };
    let month = month_number(month)?;
    Some((whole(third, &month.to_string(), day)?, third.len() == 2))
}

/// The number of a month by its English name or the first three letters of it.
fn month_number(name: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let is_named = |month: &&str| **month == name || month[..3] == name || (name == "sept" && **month == *"september");
    MONTHS.iter().position(is_named).map(|index| index + 1)
}

/// A date that exists; a year of two digits is in the 20th century.
fn whole(year: &str, month: &str, day: &str) -> Option<Date> {
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let number: i16 = year.parse().ok()?;
    let year = match year.len() {
        2 => number + 1900,
        4 if YEARS.contains(&number) || number == 9999 => number,
        _ => return None,
    };
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formats that a cell fits, each with the date.
    fn readings(cell: &str) -> String {
        match read(cell) {
            DateCell::Read(readings) => {
                let text = readings
                    .formats()
                    .map(|format| format!("{}: {}", format.name(), readings.in_format(format).expect("fits")));
                let short = if readings.is_short { " (short)" } else { "" };
                text.collect::<Vec<_>>().join(", ") + short
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_cell_is_read_in_every_format_that_it_fits() {
        let check = |cell: &str, expect: &str| assert_eq!(readings(cell), expect, "{cell}");
        check("1961-02-15", "iso: 1961-02-15");
        check(" 1961/2/5 ", "iso: 1961-02-05");
        check("1961-02-15 00:00:00", "iso: 1961-02-15");
        check("1961-02-15T00:00:00.000", "iso: 1961-02-15");
        check("2/15/1961", "us: 1961-02-15");
        check("15/2/1961", "european: 1961-02-15");
        check("4/5/1961", "us: 1961-04-05, european: 1961-05-04");
        check("4/5/1961 12:00:00 AM", "us: 1961-04-05, european: 1961-05-04");
        check("4-5-1961 0:00", "us: 1961-04-05, european: 1961-05-04");
        check("15.02.1961", "european: 1961-02-15");
        check("4/5/61", "us: 1961-04-05, european: 1961-05-04 (short)");
        check("15-Feb-1961", "dd_mon_yyyy: 1961-02-15");
        check("Feb 15, 1961", "dd_mon_yyyy: 1961-02-15");
        check("15 February 61", "dd_mon_yyyy: 1961-02-15 (short)");
        check("15-SEPT-1961", "dd_mon_yyyy: 1961-09-15");
        check("02151961", "mmddyyyy: 1961-02-15");
        check("2151961", "mmddyyyy: 1961-02-15");
        check("19610215", "yyyymmdd: 1961-02-15");
        check("19610215.0", "yyyymmdd: 1961-02-15");
        check("12192011", "mmddyyyy: 2011-12-19");
        check("22327", "excel: 1961-02-15");
        check("22327.0", "excel: 1961-02-15");
        check("9999-12-31", "iso: 9999-12-31");
    }

    #[test]
    fn what_has_anything_behind_the_date_is_not_a_date() {
        for cell in [
            "2012-02-01 rehired 2023-09-05",
            "1971-09-22*",
            "1990-01-15 (est)",
            "2008-03-17 BC",
            "2008-03-17;2015-01-01",
            "2012-02-01 25:99",
            "2012-02-01 13:45:00",
            "infinity",
            "2012-02-30",
            "13/13/2012",
            "2012-13-01",
            "1/2/123",
            "0212-02-01",
            "3000-01-01",
            "201212",
            "yesterday",
            "Feb 2012",
            "2012-02-01-",
            "4//5",
            "1-2/1961",
            "61",
            "١٢/٢/١٩٦١",
            "15 Feb 1961 x",
            "1/1/20122",
            "+1/2/2012",
            "99999",
        ] {
            assert_eq!(read(cell), DateCell::Unreadable, "{cell}");
        }
    }

    #[test]
    fn some_texts_mean_that_there_is_no_date() {
        for cell in ["", "  ", "N/A", "null", "0000-00-00", "00/00/0000", "0000-00-00 00:00:00", "NaT", "0"] {
            assert_eq!(read(cell), DateCell::None, "{cell}");
        }
    }

    #[test]
    fn a_time_with_an_offset_is_a_date_in_a_zone() {
        let berlin = TimeZone::get("Europe/Berlin").expect("bundled");
        for cell in
            ["1974-12-31T23:00:00Z", "1975-01-01 00:00:00+01:00", "1975-01-01 00:00:00+01", "1974-12-31 23:00:00 UTC"]
        {
            let DateCell::Zoned(point) = read(cell) else { panic!("{cell}") };
            assert_eq!(in_zone(point, &berlin), date(1975, 1, 1), "{cell}");
            assert_eq!(in_zone(point, &TimeZone::UTC), date(1974, 12, 31), "{cell}");
        }
    }

    #[test]
    fn a_short_year_is_the_latest_possible() {
        let short = date(1961, 2, 15);
        assert_eq!(with_century(short, 2024), Some(date(1961, 2, 15)));
        assert_eq!(with_century(short, 2061), Some(date(2061, 2, 15)));
        assert_eq!(with_century(date(1924, 2, 29), 2023), Some(date(1924, 2, 29)));
        assert_eq!(with_century(date(1904, 2, 29), 2024), Some(date(2004, 2, 29)));
        assert_eq!(with_century(date(1900, 1, 1), 2024), Some(date(2000, 1, 1)));
    }
}
