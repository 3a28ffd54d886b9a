//! Reads the census by the plan's rules: who is accepted, and with what corrections.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::calendar::completed_years;
use super::person::Person;
use super::plan_entry::entry_date;
use super::settings::Settings;

type Row<'a> = BTreeMap<&'a str, &'a str>;

#[derive(Default)]
pub(super) struct Census {
    pub(super) people: BTreeMap<String, Person>,
    pub(super) rejected: usize,
    pub(super) left_out: usize,
}

enum Verdict {
    Accepted(String, Box<Person>),
    Rejected,
    LeftOut,
}

/// `csv` has no quoted values.
pub(super) fn read(csv: &str, settings: &Settings) -> Census {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let rows: Vec<Row> =
        lines.map(|line| header.iter().copied().zip(line.split(',').map(str::trim)).collect()).collect();
    let reader = Reader { settings, in_percent: are_percents(&rows), repeated: repeated(&rows) };
    let mut census = Census::default();
    let mut seen = BTreeSet::new();
    for row in &rows {
        let is_repeat = !seen.insert(row);
        match reader.verdict(row, is_repeat) {
            Verdict::Accepted(id, person) => drop(census.people.insert(id, *person)),
            Verdict::Rejected => census.rejected += 1,
            Verdict::LeftOut => census.left_out += 1,
        }
    }
    census
}

/// IDs that occur with different values.
fn repeated<'a>(rows: &[Row<'a>]) -> BTreeSet<&'a str> {
    let mut by_id: BTreeMap<&str, BTreeSet<&Row>> = BTreeMap::new();
    for row in rows {
        by_id.entry(row["employee_id"]).or_default().insert(row);
    }
    by_id.into_iter().filter(|(_, different)| different.len() > 1).map(|(id, _)| id).collect()
}

/// Whether more than half of the positive rates are 1 or more.
fn are_percents(rows: &[Row]) -> bool {
    let rates: Vec<i128> = rows.iter().filter_map(|row| scaled(row["employee_deferral_rate"], 6)).collect();
    let at_least = |bound: i128| rates.iter().filter(|rate| **rate >= bound).count();
    2 * at_least(1_000_000) > at_least(1)
}

/// Parses a decimal number and scales it by a power of ten; `None` if it isn't a number.
fn scaled(text: &str, digits: usize) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{fraction:0<digits$}");
    (padded.len() == digits && !whole.is_empty()).then(|| format!("{whole}{padded}").parse().ok()).flatten()
}

fn boolean(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// Whether a cell is empty, true, or false.
fn is_truth(text: &str) -> bool {
    text.is_empty() || boolean(text).is_some()
}

struct Reader<'a> {
    settings: &'a Settings,
    in_percent: bool,
    repeated: BTreeSet<&'a str>,
}

impl Reader<'_> {
    fn verdict(&self, row: &Row, is_repeat: bool) -> Verdict {
        let census_date = self.settings.census_date();
        let termination = row["employee_termination_date"];
        let known_termination: Option<Date> = termination.parse().ok();
        let Some((id, person)) = self.person(row) else { return Verdict::Rejected };
        if !termination.is_empty() && known_termination.is_none_or(|day| day < person.hire) {
            return Verdict::Rejected;
        }
        if is_repeat || known_termination.is_some_and(|day| day <= census_date) {
            return Verdict::LeftOut;
        }
        Verdict::Accepted(id, Box::new(Person { known_termination, ..person }))
    }

    /// Returns `None` for a row to reject.
    fn person(&self, row: &Row) -> Option<(String, Person)> {
        let census_date = self.settings.census_date();
        let id = row["employee_id"];
        let birth: Date = row["employee_birth_date"].parse().ok()?;
        let hire: Date = row["employee_hire_date"].parse().ok()?;
        let pay = scaled(row["employee_gross_compensation"], 2)?;
        let rate = self.deferral_rate(row["employee_deferral_rate"])?;
        let is_valid = !id.is_empty()
            && !id.starts_with("NH_")
            && !self.repeated.contains(id)
            && birth < hire
            && (14..=100).contains(&completed_years(birth, census_date))
            && hire <= census_date
            && (1..5_000_000_000).contains(&pay)
            && ["eligibility_override", "auto_escalation_opt_out"].iter().all(|column| is_truth(row[*column]));
        let hours = scaled(row["scheduled_hours_per_week"], 2).filter(|h| (100..=8_000).contains(h)).unwrap_or(4_000);
        let is_excluded = boolean(row["eligibility_override"]) == Some(false);
        let entry = entry_date(&self.settings.plan_eligibility, birth, hire, hours, is_excluded);
        let mut person = Person::new(birth, hire, hours, entry, pay).defers_since(census_date, rate);
        person.refuses_increases = boolean(row["auto_escalation_opt_out"]) == Some(true);
        is_valid.then(|| (id.to_owned(), person))
    }

    /// Returns the rate in millionths, capped at the plan's maximum; `None` if it isn't a rate.
    fn deferral_rate(&self, text: &str) -> Option<i128> {
        if text.is_empty() {
            return Some(0);
        }
        let rate = scaled(text, 6)? / if self.in_percent { 100 } else { 1 };
        (0..=1_000_000).contains(&rate).then(|| rate.min(self.settings.deferrals.maximum_rate.0))
    }
}
