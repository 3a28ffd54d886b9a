//! The people in the rows of a census.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::columns::Columns;
use super::fields::Field;
use super::numbers::{self, Decimals};
use super::problems::{Kind, Problem};
use super::pseudonyms::PseudonymKey;
use super::question::{Answer, Question, line, quoted};
use super::sheet::{Row, Sheet};
use super::values::{DateColumn, DateProblem, NumberColumn};
use crate::fixed::{Money, Rate};
use crate::settings::{self, DateFormat, PayBasis, StatusMeaning};

/// A row of the census as the models read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) row: u64,
    pub(super) id: String,
    pub(super) birth_date: Option<Date>,
    pub(super) hire_date: Option<Date>,
    pub(super) service_date: Option<Date>,
    pub(super) termination_date: Option<Date>,
    pub(super) pay: Option<Money>,
    pub(super) deferral_rate: Option<Rate>,
    pub(super) hours: Option<Rate>,
    pub(super) opted_out: Option<bool>,
    pub(super) may_participate: Option<bool>,
    pub(super) problems: Vec<Problem>,
}

impl Person {
    pub(super) fn add(&mut self, field: Field, kind: Kind) {
        self.problems.push(Problem { field, kind, other_row: None });
    }

    /// Whether the rest of the row decides nothing anymore.
    pub(super) fn is_out(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind.meaning().1 != super::Action::Corrected)
    }

    /// Everything but the row and its problems.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let plain = |person: &Self| Self { row: 0, problems: Vec::new(), ..person.clone() };
        plain(self) == plain(other)
    }
}

/// How the cells of each field are read.
#[derive(Debug)]
pub(super) struct Layout<'s> {
    columns: &'s Columns,
    settings: &'s settings::Census,
    as_of: Date,
    dates: BTreeMap<Field, DateColumn>,
    numbers: BTreeMap<Field, NumberColumn>,
    /// What a rate without a percent sign is multiplied by.
    pub(super) rates_in_percent: bool,
    statuses: BTreeMap<String, StatusMeaning>,
    width: usize,
}

/// Status codes with one meaning everywhere.
const STATUSES: [(&str, StatusMeaning); 17] = [
    ("a", StatusMeaning::Active),
    ("act", StatusMeaning::Active),
    ("active", StatusMeaning::Active),
    ("employed", StatusMeaning::Active),
    ("leave", StatusMeaning::Leave),
    ("leaveofabsence", StatusMeaning::Leave),
    ("onleave", StatusMeaning::Leave),
    ("loa", StatusMeaning::Leave),
    ("paidleave", StatusMeaning::Leave),
    ("unpaidleave", StatusMeaning::Leave),
    ("t", StatusMeaning::Terminated),
    ("term", StatusMeaning::Terminated),
    ("termed", StatusMeaning::Terminated),
    ("terminated", StatusMeaning::Terminated),
    ("retired", StatusMeaning::Terminated),
    ("deceased", StatusMeaning::Terminated),
    ("resigned", StatusMeaning::Terminated),
];

/// Fields that are numbers.
const NUMBERS: [Field; 4] = [Field::Pay, Field::DeferralRate, Field::RothRate, Field::Hours];

/// Why the columns can't be read.
#[derive(Debug, Default)]
pub(super) struct Undecided {
    pub(super) questions: Vec<Question>,
    pub(super) contradictions: Vec<super::Contradiction>,
}

impl<'s> Layout<'s> {
    /// Decides how each column is read.
    pub(super) fn decide(
        sheet: &Sheet,
        columns: &'s Columns,
        settings: &'s settings::Census,
        as_of: Date,
    ) -> Result<Self, Undecided> {
        let mut layout = Self {
            columns,
            settings,
            as_of,
            dates: BTreeMap::new(),
            numbers: BTreeMap::new(),
            rates_in_percent: false,
            statuses: BTreeMap::new(),
            width: sheet.row(0).len(),
        };
        let mut undecided = Undecided::default();
        for field in Field::ALL.into_iter().filter(|field| field.is_date()) {
            match DateColumn::decide(sheet, columns, field, settings, as_of) {
                None => {}
                Some(Ok(column)) => drop(layout.dates.insert(field, column)),
                Some(Err(DateProblem::Question(question))) => undecided.questions.push(question),
                Some(Err(DateProblem::Contradiction(contradiction))) => undecided.contradictions.push(contradiction),
            }
        }
        for field in NUMBERS {
            let Some(column) = columns.of(field) else { continue };
            match NumberColumn::decide(sheet, column, field, settings) {
                Ok(column) => drop(layout.numbers.insert(field, column)),
                Err(question) => undecided.questions.push(question),
            }
        }
        layout.read_statuses(sheet, &mut undecided);
        if undecided.questions.is_empty() && undecided.contradictions.is_empty() {
            layout.rates_in_percent = layout.has_rates_in_percent(sheet);
            Ok(layout)
        } else {
            Err(undecided)
        }
    }

    fn read_statuses(&mut self, sheet: &Sheet, undecided: &mut Undecided) {
        let Some(column) = self.columns.of(Field::Status) else { return };
        let mut unknown = BTreeMap::<&str, u64>::new();
        for row in sheet.rows().skip(1) {
            let code = row.cell(column).trim();
            if code.is_empty() || self.statuses.contains_key(code) || self.is_aside(row) {
                continue;
            }
            match self.meaning(code) {
                Some(meaning) => drop(self.statuses.insert(code.to_owned(), meaning)),
                None => drop(unknown.entry(code).or_insert(row.number)),
            }
        }
        if unknown.is_empty() {
            return;
        }
        let header = quoted(sheet.row(0).cell(column).trim());
        // Free text is no code, and might name somebody.
        if let Some(row) = unknown.iter().find(|(code, _)| code.len() > 16).map(|(_, row)| row) {
            let problem = format!("{header} has texts that are no status codes, the first in row {row}");
            let answers = vec![Answer::new("the column isn't used", [line("ignore", &format!("[{header}]"))])];
            undecided.questions.push(Question::new(Field::Status.name(), problem, answers));
            return;
        }
        let codes: Vec<String> = unknown.keys().map(|code| quoted(code)).collect();
        let rows: Vec<String> = unknown.values().map(u64::to_string).collect();
        let problem =
            format!("what {} in {header} means differs between systems (row {})", codes.join(", "), rows.join(", "));
        let answers =
            [("active", "they are active"), ("leave", "they are on leave"), ("terminated", "they are terminated")];
        let line = |meaning: &str| {
            line(
                "status_values",
                &format!(
                    "{{{}}}",
                    codes.iter().map(|code| format!("{code}: {meaning}")).collect::<Vec<_>>().join(", ")
                ),
            )
        };
        let answers =
            answers.map(|(meaning, words)| Answer::new(format!("{words} (or a value for each)"), [line(meaning)]));
        undecided.questions.push(Question::new(Field::Status.name(), problem, answers.to_vec()));
    }

    fn meaning(&self, code: &str) -> Option<StatusMeaning> {
        let set = self.settings.status_values.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(code));
        let plain = super::fields::plain(code);
        set.map(|(_, meaning)| *meaning)
            .or_else(|| STATUSES.iter().find(|(known, _)| *known == plain).map(|(_, meaning)| *meaning))
    }

    /// If most positive rates are 1 or more, all of them are percentages.
    fn has_rates_in_percent(&self, sheet: &Sheet) -> bool {
        let (mut positive, mut large) = (0_u64, 0_u64);
        for row in sheet.rows().skip(1) {
            let rates = [Field::DeferralRate, Field::RothRate].map(|field| self.number(row, field).ok().flatten());
            let plain = rates.into_iter().flatten().filter(|(_, is_percent)| !is_percent).map(|(rate, _)| rate.units());
            let rate: i128 = plain.sum();
            positive += u64::from(rate > 0);
            large += u64::from(rate >= 1_000_000);
        }
        large * 2 > positive
    }

    fn number(&self, row: Row<'_>, field: Field) -> Result<Option<(Rate, bool)>, ()> {
        self.numbers.get(&field).map_or(Ok(None), |column| column.read(row.cell(column.column)))
    }

    /// A row that isn't about a person: blank, a total, a footer, or the header again.
    fn is_aside(&self, row: Row<'_>) -> bool {
        self.aside(row).is_some()
    }

    fn aside(&self, row: Row<'_>) -> Option<Kind> {
        let cell = |field: Field| self.columns.of(field).map_or("", |column| row.cell(column).trim());
        let identifies = [Field::Id, Field::Ssn].into_iter().any(|field| !cell(field).is_empty());
        let has_dates = !cell(Field::BirthDate).is_empty() || !cell(Field::HireDate).is_empty();
        if has_dates {
            return None;
        }
        let is_total = row.filled().next().is_some_and(|first| {
            let first = super::fields::plain(first);
            first.starts_with("total") || first.starts_with("grandtotal") || first.starts_with("subtotal")
        });
        if is_total {
            return Some(Kind::TotalsRow);
        }
        let has_pay = !cell(Field::Pay).is_empty();
        (!identifies || (!has_pay && row.filled().count() == 1 && self.width > 2)).then_some(Kind::NotAPerson)
    }

    /// Reads a row. A key replaces Social Security numbers that serve as IDs.
    pub(super) fn person(&self, row: Row<'_>, header: Row<'_>, key: Option<&PseudonymKey>) -> Person {
        let mut person = Person { row: row.number, ..Person::default() };
        if row.cells().map(str::trim).eq(header.cells().map(str::trim)) {
            person.add(Field::Id, Kind::RepeatedHeader);
            return person;
        }
        if let Some(kind) = self.aside(row) {
            person.add(Field::Id, kind);
            return person;
        }
        self.read_id(row, key, &mut person);
        if (self.width..row.len()).any(|column| !row.cell(column).trim().is_empty()) {
            person.add(Field::Id, Kind::MoreCellsThanHeaders);
            return person;
        }
        self.read_dates(row, &mut person);
        self.read_numbers(row, &mut person);
        person.opted_out = self.truth(row, Field::OptOut, &mut person);
        person.may_participate = self.truth(row, Field::Override, &mut person);
        self.read_status(row, &mut person);
        person
    }

    fn read_id(&self, row: Row<'_>, key: Option<&PseudonymKey>, person: &mut Person) {
        if let Some(key) = key {
            let column = self.columns.of(Field::Ssn).or(self.columns.of(Field::Id)).unwrap_or_default();
            match key.pseudonym(row.cell(column)) {
                Some(pseudonym) => person.id = pseudonym,
                None => person.add(Field::Ssn, Kind::NotAnSsn),
            }
            return;
        }
        let Some(column) = self.columns.of(Field::Id) else { return };
        let id = row.cell(column).trim();
        if numbers::is_none(id) {
            return;
        }
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(whole) = id.strip_suffix(".0").filter(|whole| is_number(whole)) {
            person.add(Field::Id, Kind::WrittenAsDecimal);
            whole.clone_into(&mut person.id);
            return;
        }
        let is_shortened = id.split_once(['e', 'E']).is_some_and(|(number, power)| {
            number.contains('.')
                && is_number(&number.replacen('.', "", 1))
                && power.strip_prefix('+').is_some_and(is_number)
        });
        if is_shortened {
            person.add(Field::Id, Kind::Shortened);
        }
        id.clone_into(&mut person.id);
    }

    fn read_dates(&self, row: Row<'_>, person: &mut Person) {
        let mut read = BTreeMap::new();
        for (field, column) in &self.dates {
            match column.read(row.cell(column.column), row.is_typed_date(column.column)) {
                Ok(Some((date, is_short))) => {
                    if is_short {
                        person.add(*field, Kind::ShortYear);
                    }
                    read.insert(*field, date);
                }
                Ok(None) => {}
                Err(()) => person.add(*field, Kind::NotADate),
            }
        }
        let of = |field: Field| read.get(&field).copied();
        // Systems write the end of time for somebody who hasn't left.
        let end = |field: Field| of(field).filter(|date| date.year() < 2100);
        person.birth_date = of(Field::BirthDate);
        person.service_date = of(Field::ServiceDate);
        person.hire_date = of(Field::HireDate);
        person.termination_date = end(Field::TerminationDate);
        // After a rehire, employment starts over; the first termination ended the earlier one.
        let second_end = end(Field::SecondTerminationDate);
        if let Some(rehired) = of(Field::RehireDate) {
            person.hire_date = person.hire_date.max(Some(rehired));
            person.termination_date = second_end.or(person.termination_date.filter(|left| *left >= rehired));
        } else {
            person.termination_date = person.termination_date.max(second_end);
        }
    }

    fn read_numbers(&self, row: Row<'_>, person: &mut Person) {
        let number = |field: Field, person: &mut Person| {
            self.number(row, field).unwrap_or_else(|()| {
                person.add(field, Kind::NotANumber);
                None
            })
        };
        let share = |(rate, is_percent): (Rate, bool)| {
            if is_percent || self.rates_in_percent {
                Rate::quotient(rate.units(), 100_000_000).unwrap_or(rate)
            } else {
                rate
            }
        };
        let rates = [Field::DeferralRate, Field::RothRate].map(|field| number(field, person));
        if self.rates_in_percent
            && rates.into_iter().flatten().any(|(rate, is_percent)| !is_percent && rate.units() > 0)
        {
            person.add(Field::DeferralRate, Kind::Percentage);
        }
        let [pre_tax, roth] = rates.map(|rate| rate.map(share));
        person.deferral_rate = match (pre_tax, roth) {
            (Some(pre_tax), Some(roth)) => Some(Rate::from_units(pre_tax.units() + roth.units())),
            (one, other) => one.or(other),
        };
        person.hours = number(Field::Hours, person).map(|(hours, _)| hours);
        let pay = number(Field::Pay, person).map(|(pay, _)| pay);
        person.pay = pay.and_then(|pay| self.annual_rate(pay, person));
    }

    /// The annual rate of pay, rounded once to the cent.
    fn annual_rate(&self, pay: Rate, person: &mut Person) -> Option<Money> {
        const MILLION: i128 = 1_000_000;
        let units = pay.units();
        match self.columns.pay_basis {
            PayBasis::AnnualRate => Money::quotient(units, MILLION),
            PayBasis::PerPeriod => {
                Money::quotient(units * i128::from(self.settings.pay_periods.unwrap_or_default()), MILLION)
            }
            PayBasis::Hourly => {
                let hours = person.hours.unwrap_or_else(|| {
                    person.add(Field::Pay, Kind::NoHours);
                    Rate::from_units(40 * MILLION)
                });
                Money::quotient(units.checked_mul(hours.units())?.checked_mul(52)?, MILLION * MILLION)
            }
            PayBasis::EarnedInYear => {
                let first = Date::new(self.as_of.year(), 1, 1).ok()?;
                let days = |from: Date| i128::from((self.as_of - from).get_days() + 1);
                let employed = days(person.hire_date.map_or(first, |hired| hired.max(first)));
                Money::quotient(units.checked_mul(days(first))?, MILLION.checked_mul(employed)?)
                    .filter(|_| employed > 0)
            }
        }
    }

    fn truth(&self, row: Row<'_>, field: Field, person: &mut Person) -> Option<bool> {
        let cell = row.cell(self.columns.of(field)?);
        if numbers::is_none(cell) {
            return None;
        }
        let truth = numbers::truth(cell);
        if truth.is_none() {
            person.add(field, Kind::NotATruthValue);
        }
        truth
    }

    fn read_status(&self, row: Row<'_>, person: &mut Person) {
        let Some(column) = self.columns.of(Field::Status) else { return };
        match (self.statuses.get(row.cell(column).trim()), person.termination_date) {
            (Some(StatusMeaning::Terminated), None) => person.add(Field::Status, Kind::TerminatedWithoutDate),
            (Some(StatusMeaning::Active | StatusMeaning::Leave), Some(left)) if left <= self.as_of => {
                person.add(Field::Status, Kind::ActiveButTerminated);
            }
            _ => {}
        }
    }
}

impl Layout<'_> {
    /// How columns were read, in words, if another way was possible.
    pub(super) fn notes(&self, header: &dyn Fn(usize) -> String) -> Vec<String> {
        let mut notes = Vec::new();
        for column in self.dates.values() {
            let read = match column.format {
                None | Some(DateFormat::Iso) => continue,
                Some(DateFormat::Us) => "month/day/year",
                Some(DateFormat::European) => "day/month/year",
                Some(DateFormat::DdMonYyyy) => "day, name of the month, year",
                Some(DateFormat::Mmddyyyy) => "MMDDYYYY",
                Some(DateFormat::Yyyymmdd) => "YYYYMMDD",
                Some(DateFormat::Excel) => "day numbers of a spreadsheet",
            };
            notes.push(format!("dates in {} read as {read}", header(column.column)));
        }
        for column in self.numbers.values() {
            if column.decimals == Decimals::Comma {
                notes.push(format!("numbers in {} read with decimal commas", header(column.column)));
            }
        }
        if self.rates_in_percent {
            notes.push("deferral rates are percentages".to_owned());
        }
        if self.numbers.contains_key(&Field::RothRate) && self.numbers.contains_key(&Field::DeferralRate) {
            notes.push("pre-tax and Roth deferral rates added".to_owned());
        }
        notes
    }
}
