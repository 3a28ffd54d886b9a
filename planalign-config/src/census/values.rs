//! How the columns of a census write dates and numbers, decided for each column as a whole.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::columns::Columns;
use super::dates::{self, DateCell};
use super::fields::Field;
use super::numbers::{self, Decimals, NumberCell};
use super::question::{Answer, Contradiction, Question, line, quoted};
use super::sheet::Sheet;
use crate::fixed::Rate;
use crate::settings::{self, DateFormat, DecimalSeparator};

/// How a column of dates is read.
#[derive(Clone, Debug)]
pub(super) struct DateColumn {
    pub(super) column: usize,
    /// The format; `None` if every cell fits any format that it fits at all, or no cell is a date.
    pub(super) format: Option<DateFormat>,
    zone: Option<TimeZone>,
    /// The last year that a year of two digits can mean.
    last_short_year: i16,
}

/// How a column of numbers is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberColumn {
    pub(super) column: usize,
    pub(super) decimals: Decimals,
}

/// A date column that can't be read.
#[derive(Debug)]
pub(super) enum DateProblem {
    Question(Question),
    Contradiction(Contradiction),
}

impl DateColumn {
    /// Decides how a column is read. `as_of` is the date of the census.
    pub(super) fn decide(
        sheet: &Sheet,
        columns: &Columns,
        field: Field,
        settings: &settings::Census,
        as_of: Date,
    ) -> Option<Result<Self, DateProblem>> {
        let column = columns.of(field)?;
        Some(Self::of(sheet, column, field, settings, as_of))
    }

    fn of(
        sheet: &Sheet,
        column: usize,
        field: Field,
        settings: &settings::Census,
        as_of: Date,
    ) -> Result<Self, DateProblem> {
        let header = sheet.row(0).cell(column).trim();
        let given = settings
            .date_formats
            .iter()
            .find(|(name, _)| *name == field.name() || name.trim().eq_ignore_ascii_case(header));
        let mut decided = Self {
            column,
            format: given.map(|(_, format)| *format),
            zone: settings.time_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()),
            // A known termination lies in the future.
            last_short_year: as_of.year()
                + if matches!(field, Field::TerminationDate | Field::SecondTerminationDate) { 20 } else { 0 },
        };
        // For each set of formats that a cell fits, one bit per format, the first row.
        let mut first_rows = BTreeMap::<u8, u64>::new();
        for row in sheet.rows().skip(1).filter(|row| !row.is_typed_date(column)) {
            match dates::read(row.cell(column)) {
                DateCell::Zoned(_) if decided.zone.is_none() => {
                    return Err(DateProblem::Question(zone_question(field, header, row.number)));
                }
                DateCell::Read(readings) => {
                    let set = readings.formats().fold(0, |set, format| set | 1 << format as u8);
                    first_rows.entry(set).or_insert(row.number);
                }
                _ => {}
            }
        }
        if decided.format.is_some() || first_rows.is_empty() {
            return Ok(decided);
        }
        let fits_all = formats(first_rows.keys().fold(u8::MAX, |all, set| all & set));
        match fits_all[..] {
            [format] => decided.format = Some(format),
            [] => return Err(DateProblem::Contradiction(contradiction(header, &first_rows))),
            [first, ..] => {
                let differs = sheet.rows().skip(1).any(|row| match dates::read(row.cell(column)) {
                    DateCell::Read(readings) => {
                        fits_all.iter().any(|format| readings.in_format(*format) != readings.in_format(first))
                    }
                    _ => false,
                });
                if differs {
                    return Err(DateProblem::Question(format_question(field, header, &fits_all)));
                }
                decided.format = Some(first);
            }
        }
        Ok(decided)
    }

    /// The date in a cell: `Ok(None)` if there is none, an error if it can't be read. Whether the century was guessed comes with it.
    pub(super) fn read(&self, cell: &str, is_typed: bool) -> Result<Option<(Date, bool)>, ()> {
        match dates::read(cell) {
            DateCell::None => Ok(None),
            DateCell::Unreadable => Err(()),
            DateCell::Zoned(point) => {
                self.zone.as_ref().map(|zone| Some((dates::in_zone(point, zone), false))).ok_or(())
            }
            DateCell::Read(readings) => {
                let format = if is_typed { Some(DateFormat::Iso) } else { self.format };
                let date = format.and_then(|format| readings.in_format(format)).ok_or(())?;
                if readings.is_short {
                    return dates::with_century(date, self.last_short_year).map(|date| Some((date, true))).ok_or(());
                }
                Ok(Some((date, false)))
            }
        }
    }
}

/// The formats of a set with one bit for each.
fn formats(set: u8) -> Vec<DateFormat> {
    DateFormat::ALL.into_iter().filter(|format| set & 1 << *format as u8 != 0).collect()
}

fn contradiction(header: &str, first_rows: &BTreeMap<u8, u64>) -> Contradiction {
    let mut sets: Vec<(u8, u64)> = first_rows.iter().map(|(set, row)| (*set, *row)).collect();
    sets.sort_by_key(|(_, row)| *row);
    let disjoint = sets.iter().enumerate().find_map(|(at, first)| {
        sets[at + 1..].iter().find(|second| first.0 & second.0 == 0).map(|second| (*first, *second))
    });
    // Three sets can contradict each other without any two that do.
    let (first, second) = disjoint.unwrap_or((sets[0], sets[sets.len() - 1]));
    let named = |(set, row)| (formats(set).into_iter().map(DateFormat::name).collect::<Vec<_>>().join(" or "), row);
    Contradiction { header: header.to_owned(), rows: [named(first), named(second)] }
}

fn format_question(field: Field, header: &str, formats: &[DateFormat]) -> Question {
    let answer = |format: &DateFormat| {
        let example = match format {
            DateFormat::Iso => "dates are like 1961-02-15",
            DateFormat::Us => "the month comes first, as in the US",
            DateFormat::European => "the day comes first, as in Europe",
            DateFormat::DdMonYyyy => "dates are like 15-Feb-1961",
            DateFormat::Mmddyyyy => "the year comes last, MMDDYYYY",
            DateFormat::Yyyymmdd => "the year comes first, YYYYMMDD",
            DateFormat::Excel => "dates are day numbers of a spreadsheet",
        };
        Answer::new(example, [line("date_formats", &format!("{{{}: {}}}", field.name(), format.name()))])
    };
    let problem = format!("the dates in {} fit several formats", quoted(header));
    Question::new(field.name(), problem, formats.iter().map(answer).collect())
}

fn zone_question(field: Field, header: &str, row: u64) -> Question {
    let problem =
        format!("{} has a time with a UTC offset (row {row}), which is a date only in a time zone", quoted(header));
    let zones = ["America/New_York", "UTC"];
    let answers =
        zones.map(|zone| Answer::new(format!("read it in {zone}, or in another zone"), [line("time_zone", zone)]));
    Question::new(field.name(), problem, answers.to_vec())
}

impl NumberColumn {
    /// Decides how a column is read.
    pub(super) fn decide(
        sheet: &Sheet,
        column: usize,
        field: Field,
        settings: &settings::Census,
    ) -> Result<Self, Question> {
        let (mut only_point, mut only_comma, mut differ) = (false, false, false);
        for row in sheet.rows().skip(1) {
            if let NumberCell::Read(number) = numbers::read(row.cell(column)) {
                only_point |= number.comma.is_none();
                only_comma |= number.point.is_none();
                differ |= number.point.is_some() && number.comma.is_some() && number.point != number.comma;
            }
        }
        let decimals = match (only_point, only_comma, settings.decimal_separator) {
            (_, _, DecimalSeparator::Comma) | (false, true, DecimalSeparator::Automatic) => Decimals::Comma,
            // Rates and hours of thousands don't exist.
            (false, false, DecimalSeparator::Automatic) if differ && field == Field::Pay => {
                let header = sheet.row(0).cell(column).trim();
                let problem = format!("the numbers in {} could have thousands separators or decimals", quoted(header));
                let answer = |meaning: &str, value: &str| Answer::new(meaning, [line("decimal_separator", value)]);
                let answers = vec![answer("60.000 is sixty thousand", "comma"), answer("60.000 is sixty", "point")];
                return Err(Question::new(field.name(), problem, answers));
            }
            _ => Decimals::Point,
        };
        Ok(Self { column, decimals })
    }

    /// The number in a cell, and whether it has a percent sign: `Ok(None)` if there is none, an error if it can't be read.
    pub(super) fn read(&self, cell: &str) -> Result<Option<(Rate, bool)>, ()> {
        match numbers::read(cell) {
            NumberCell::None => Ok(None),
            NumberCell::Unreadable => Err(()),
            NumberCell::Read(number) => {
                number.with(self.decimals).map(|value| Some((value, number.is_percent))).ok_or(())
            }
        }
    }
}
