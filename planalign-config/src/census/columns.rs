//! Which column of a census is which field.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fields::{self, Field, Match};
use super::question::{Answer, Question, column_line, line, quoted};
use super::sheet::Sheet;
use crate::nearest::nearest;
use crate::settings::{self, PayBasis};

/// A column of the file, and what it was taken for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnUse {
    /// The header.
    pub header: String,
    /// The field, such as `employee_hire_date`; `None` if nothing reads the column.
    pub field: Option<&'static str>,
    /// Why.
    pub reason: UseReason,
}

/// Why a column was taken for a field.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UseReason {
    /// `census.columns` says so.
    Mapped,
    /// Its header is the name of the field.
    Name,
    /// Its header is a usual one for the field.
    Alias,
    /// Its header is similar to a usual one, from 0 to 1.
    Similar(f64),
    /// Its values are Social Security numbers.
    Values,
    /// `census.ignore` names it.
    Ignored,
    /// Nothing needs it.
    Unknown,
}

/// The columns of the fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    by_field: BTreeMap<Field, usize>,
    /// By position in the file.
    pub(super) uses: BTreeMap<usize, ColumnUse>,
    pub(super) pay_basis: PayBasis,
}

/// Why columns can't be found.
#[derive(Debug)]
pub(super) enum ColumnProblem {
    /// Mapped or required columns aren't there.
    Missing(Vec<super::MissingColumn>),
    /// Several are possible.
    Questions(Vec<Question>),
}

impl Columns {
    /// The column of a field.
    pub(super) fn of(&self, field: Field) -> Option<usize> {
        self.by_field.get(&field).copied()
    }

    /// Finds the columns by the headers in the first row of a sheet.
    pub(super) fn find(sheet: &Sheet, settings: &settings::Census) -> Result<Self, ColumnProblem> {
        let headers: Vec<&str> = sheet.row(0).cells().map(str::trim).collect();
        let mut finder =
            Finder { headers, sheet, settings, columns: Self::default(), questions: Vec::new(), missing: Vec::new() };
        finder.columns.pay_basis = settings.pay_basis;
        finder.take_ignored();
        finder.take_mapped();
        finder.take_recognized();
        finder.take_numbers_of_people();
        finder.require();
        finder.check_formats();
        finder.finish()
    }
}

struct Finder<'s> {
    headers: Vec<&'s str>,
    sheet: &'s Sheet,
    settings: &'s settings::Census,
    columns: Columns,
    questions: Vec<Question>,
    missing: Vec<super::MissingColumn>,
}

impl Finder<'_> {
    fn is_free(&self, column: usize) -> bool {
        !self.columns.uses.contains_key(&column)
    }

    fn take(&mut self, field: Field, column: usize, reason: UseReason) {
        self.columns.by_field.insert(field, column);
        self.record(column, Some(field.name()), reason);
    }

    fn record(&mut self, column: usize, field: Option<&'static str>, reason: UseReason) {
        self.columns.uses.insert(column, ColumnUse { header: self.headers[column].to_owned(), field, reason });
    }

    /// The column with this header: the same text, else the same but for case, else the same letters and digits.
    fn position(&self, header: &str) -> Option<usize> {
        let header = header.trim();
        let find = |is: &dyn Fn(&str) -> bool| self.headers.iter().position(|known| is(known));
        find(&|known| known == header)
            .or_else(|| find(&|known| known.eq_ignore_ascii_case(header)))
            .or_else(|| find(&|known| fields::plain(known) == fields::plain(header)))
    }

    fn take_ignored(&mut self) {
        for header in &self.settings.ignore {
            match self.position(header) {
                Some(column) => self.record(column, None, UseReason::Ignored),
                None => self.lacks(header, None),
            }
        }
    }

    fn take_mapped(&mut self) {
        for (name, header) in &self.settings.columns {
            let Some(field) = Field::named(name) else { continue };
            let Some(column) = self.position(header) else {
                self.lacks(header, Some(name));
                continue;
            };
            let named = (0..self.headers.len())
                .find(|other| *other != column && fields::matching(self.headers[*other]) == Some(Match::Exact(field)));
            if let Some(named) = named.filter(|named| self.is_free(*named)) {
                let problem =
                    format!("`census.columns` says {}, but the file has `{}` too", quoted(header), self.headers[named]);
                let answers = vec![
                    Answer::new(
                        format!("use {}", quoted(header)),
                        [line("ignore", &format!("[{}]", quoted(self.headers[named])))],
                    ),
                    Answer::new(format!("use `{}`", self.headers[named]), [column_line(name, self.headers[named])]),
                ];
                self.questions.push(Question::new(name, problem, answers));
                continue;
            }
            self.take(field, column, UseReason::Mapped);
        }
    }

    fn lacks(&mut self, header: &str, field: Option<&str>) {
        let nearest = nearest(header, self.headers.iter().copied()).map(str::to_owned);
        let mapped_to = field.filter(|field| *field != header).map(str::to_owned);
        self.missing.push(super::MissingColumn { header: header.to_owned(), mapped_to, nearest });
    }

    /// Takes the columns whose headers are usual ones, best first.
    fn take_recognized(&mut self) {
        let found: Vec<(usize, Match)> = (0..self.headers.len())
            .filter(|column| self.is_free(*column))
            .filter_map(|column| Some((column, fields::matching(self.headers[column])?)))
            .collect();
        for field in Field::ALL.into_iter().filter(|field| self.columns.of(*field).is_none()).collect::<Vec<_>>() {
            let of_field: Vec<(usize, Match)> =
                found.iter().copied().filter(|(_, found)| found.field() == field).collect();
            self.take_one(field, &of_field);
        }
    }

    fn take_one(&mut self, field: Field, found: &[(usize, Match)]) {
        let with = |is: &dyn Fn(Match) -> bool| {
            found.iter().filter(|(_, found)| is(*found)).map(|(column, _)| *column).collect::<Vec<_>>()
        };
        let exact = with(&|found| matches!(found, Match::Exact(_)));
        if let [column, ..] = exact[..] {
            return self.take_unless_several(field, &exact, column, UseReason::Name);
        }
        if field == Field::Pay && found.iter().any(|(_, found)| matches!(found, Match::Pay(_) | Match::Open(_))) {
            return self.take_pay(found);
        }
        let aliases = with(&|found| matches!(found, Match::Alias(_)));
        if let [column, ..] = aliases[..] {
            return self.take_unless_several(field, &aliases, column, UseReason::Alias);
        }
        let open = with(&|found| matches!(found, Match::Open(_)));
        if let [column, ..] = open[..] {
            return self.ask_about_hours(column);
        }
        let score = |column: usize| {
            found.iter().find_map(|(other, found)| match found {
                Match::Similar(_, score) if *other == column => Some(*score),
                _ => None,
            })
        };
        let similar = with(&|found| matches!(found, Match::Similar(..)));
        if let [column, ..] = similar[..] {
            let reason = UseReason::Similar(score(column).unwrap_or_default());
            self.take_unless_several(field, &similar, column, reason);
        }
    }

    fn take_unless_several(&mut self, field: Field, columns: &[usize], first: usize, reason: UseReason) {
        let differs =
            |column: &usize| self.sheet.rows().skip(1).any(|row| row.cell(*column).trim() != row.cell(first).trim());
        if columns.iter().skip(1).any(differs) {
            let headers: Vec<String> = columns.iter().map(|column| quoted(self.headers[*column])).collect();
            let problem = format!("{} could all be it", headers.join(" and "));
            let problem = if columns.len() == 2 { problem.replace("could all", "could both") } else { problem };
            let answer = |column: &usize| {
                let header = self.headers[*column];
                Answer::new(format!("use {}", quoted(header)), [column_line(field.name(), header)])
            };
            self.questions.push(Question::new(field.name(), problem, columns.iter().map(answer).collect()));
        } else {
            self.take(field, first, reason);
        }
    }

    /// Takes the only column of pay with the basis that is set.
    fn take_pay(&mut self, found: &[(usize, Match)]) {
        let indicator = self.headers.iter().any(|header| fields::is_salary_indicator(header));
        let says = |found: Match| match found {
            Match::Pay(basis) if !indicator => Some(basis),
            _ => None,
        };
        let fitting: Vec<usize> = found
            .iter()
            .filter(|(_, found)| says(*found) == Some(self.settings.pay_basis))
            .map(|(column, _)| *column)
            .collect();
        if let [column, ..] = fitting[..] {
            return self.take_unless_several(Field::Pay, &fitting, column, UseReason::Alias);
        }
        let mut answers = Vec::new();
        for (column, found) in found.iter().filter(|(_, found)| matches!(found, Match::Pay(_) | Match::Open(_))) {
            let bases = says(*found).map_or(
                vec![PayBasis::AnnualRate, PayBasis::EarnedInYear, PayBasis::PerPeriod, PayBasis::Hourly],
                |basis| {
                    if basis == PayBasis::AnnualRate { vec![basis] } else { vec![basis, PayBasis::AnnualRate] }
                },
            );
            answers.extend(bases.into_iter().map(|basis| self.pay_answer(*column, basis)));
        }
        let headers: Vec<String> = found.iter().map(|(column, _)| quoted(self.headers[*column])).collect();
        let set = self.settings.pay_basis.name();
        let problem = format!("{} may not be what `census.pay_basis` says, {set}", headers.join(" and "));
        self.questions.push(Question::new(Field::Pay.name(), problem, answers));
    }

    fn pay_answer(&self, column: usize, basis: PayBasis) -> Answer {
        let header = self.headers[column];
        let meaning = match basis {
            PayBasis::AnnualRate => "is the annual rate of pay",
            PayBasis::EarnedInYear => "is what was earned in the year",
            PayBasis::PerPeriod => "is the pay of one pay period, such as one of 26",
            PayBasis::Hourly => "is an hourly rate",
        };
        let mut lines = vec![column_line(Field::Pay.name(), header), line("pay_basis", basis.name())];
        if basis == PayBasis::PerPeriod {
            lines.push(line("pay_periods", "26"));
        }
        Answer::new(format!("{} {meaning}", quoted(header)), lines)
    }

    fn ask_about_hours(&mut self, column: usize) {
        let header = self.headers[column];
        let answers = vec![
            Answer::new("they are scheduled hours per week", [column_line(Field::Hours.name(), header)]),
            Answer::new(
                "they are something else, and everybody works 40",
                [line("ignore", &format!("[{}]", quoted(header)))],
            ),
        ];
        let problem = format!("{} may be hours per week, per pay period, or per year", quoted(header));
        self.questions.push(Question::new(Field::Hours.name(), problem, answers));
    }

    /// Social Security numbers are recognized by their form, too.
    fn take_numbers_of_people(&mut self) {
        for column in (0..self.headers.len()).filter(|column| self.is_free(*column)).collect::<Vec<_>>() {
            if looks_like_ssn(self.sheet, column) {
                self.record(column, Some(Field::Ssn.name()), UseReason::Values);
                self.columns.by_field.entry(Field::Ssn).or_insert(column);
            }
        }
    }

    /// A format is for a field or a header.
    fn check_formats(&mut self) {
        for name in self.settings.date_formats.keys() {
            let is_field = Field::named(name).is_some_and(|field| field.is_date() && self.columns.of(field).is_some());
            if !is_field && self.position(name).is_none() {
                self.lacks(name, Some("census.date_formats"));
            }
        }
    }

    fn require(&mut self) {
        let columns = &mut self.columns.by_field;
        // Without a date of the first hire, employment starts with the last one.
        if !columns.contains_key(&Field::HireDate)
            && let Some(column) = columns.remove(&Field::RehireDate)
        {
            columns.insert(Field::HireDate, column);
        }
        let asked: Vec<&str> = self.questions.iter().map(|question| question.field.as_str()).collect();
        let is_missing = |field: &Field| {
            let by_ssn = *field == Field::Id && self.columns.of(Field::Ssn).is_some();
            self.columns.of(*field).is_none()
                && !by_ssn
                && !asked.contains(&field.name())
                && !self.settings.columns.contains_key(field.name())
        };
        let missing: Vec<Field> =
            Field::ALL.into_iter().filter(|field| field.is_required()).filter(is_missing).collect();
        for field in missing {
            let free =
                (0..self.headers.len()).filter(|column| self.is_free(*column)).map(|column| self.headers[column]);
            let nearest = nearest(field.name(), free).map(str::to_owned);
            self.missing.push(super::MissingColumn { header: field.name().to_owned(), mapped_to: None, nearest });
        }
    }

    fn finish(mut self) -> Result<Columns, ColumnProblem> {
        if !self.missing.is_empty() {
            return Err(ColumnProblem::Missing(self.missing));
        }
        if !self.questions.is_empty() {
            return Err(ColumnProblem::Questions(self.questions));
        }
        for column in (0..self.headers.len()).filter(|column| self.is_free(*column)).collect::<Vec<_>>() {
            self.record(column, None, UseReason::Unknown);
        }
        Ok(self.columns)
    }
}

/// Whether most values of a column have the form of a Social Security number.
pub(super) fn looks_like_ssn(sheet: &Sheet, column: usize) -> bool {
    let is_ssn = |cell: &str| {
        let bytes = cell.as_bytes();
        bytes.len() == 11
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if at == 3 || at == 6 { *byte == b'-' } else { byte.is_ascii_digit() })
    };
    let cells = || sheet.rows().skip(1).map(|row| row.cell(column).trim()).filter(|cell| !cell.is_empty());
    let filled = cells().count();
    filled > 0 && cells().filter(|cell| is_ssn(cell)).count() * 5 >= filled * 4
}
