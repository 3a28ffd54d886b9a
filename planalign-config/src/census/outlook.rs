//! What the people of a census look like: histograms, and what looks wrong for a census.

use jiff::civil::Date;
use serde::Serialize;

use super::people::Person;
use crate::fixed::grouped;

/// Cells with fewer people than this are merged with a neighbor.
const SMALLEST_CELL: u64 = 5;

/// How many people are in each band of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// What is counted, such as `age`.
    pub name: &'static str,
    /// The bands, lowest first, and the people in each; small ones are merged.
    pub bands: Vec<(String, u64)>,
}

/// Histograms of age, service, pay, and deferral rates on the as-of date.
pub(super) fn histograms(people: &[Person], as_of: Date) -> Vec<Histogram> {
    let used = || people.iter().filter(|person| !person.is_out());
    let years = |date: Date| i128::from(completed_years(date, as_of));
    let dollars = |person: &Person| person.pay.map(|pay| pay.units() / 100);
    vec![
        histogram("age", &[25, 35, 45, 55, 65], used().filter_map(|person| person.birth_date.map(years)), &|age| {
            age.to_string()
        }),
        histogram("service", &[1, 2, 5, 10, 20], used().filter_map(|person| person.hire_date.map(years)), &|years| {
            years.to_string()
        }),
        histogram("pay", &[25_000, 50_000, 75_000, 100_000, 150_000, 250_000], used().filter_map(dollars), &|pay| {
            format!("${}", grouped(pay))
        }),
        histogram(
            "deferral rate",
            &[1, 30_000, 60_000, 100_000, 150_000],
            used().map(|person| person.deferral_rate.map_or(0, crate::Rate::units)),
            &|rate| if rate == 1 { "0%".to_owned() } else { format!("{}%", rate / 10_000) },
        ),
    ]
}

fn histogram(
    name: &'static str,
    bounds: &[i128],
    values: impl Iterator<Item = i128>,
    show: &dyn Fn(i128) -> String,
) -> Histogram {
    let mut counts = vec![0_u64; bounds.len() + 1];
    for value in values {
        counts[bounds.iter().filter(|bound| value >= **bound).count()] += 1;
    }
    // Each band with its bounds, merged with the one below while either is small.
    let mut bands: Vec<(Option<i128>, Option<i128>, u64)> = Vec::new();
    for (at, count) in counts.into_iter().enumerate() {
        let (from, to) = (at.checked_sub(1).map(|at| bounds[at]), bounds.get(at).copied());
        match bands.last_mut() {
            Some(last) if last.2 < SMALLEST_CELL || count < SMALLEST_CELL => {
                last.1 = to;
                last.2 += count;
            }
            _ => bands.push((from, to, count)),
        }
    }
    let label = |from: Option<i128>, to: Option<i128>| match (from, to) {
        (None, None) => "all".to_owned(),
        (None, Some(1)) if name == "deferral rate" => "0%".to_owned(),
        (None, Some(to)) => format!("under {}", show(to)),
        (Some(1), None) if name == "deferral rate" => "above 0%".to_owned(),
        (Some(from), None) => format!("{} or more", show(from)),
        (Some(1), Some(to)) if name == "deferral rate" => format!("above 0% to {}", show(to)),
        (Some(from), Some(to)) => format!("{} to {}", show(from), show(to)),
    };
    Histogram { name, bands: bands.into_iter().map(|(from, to, count)| (label(from, to), count)).collect() }
}

/// What looks wrong for a census, with a bound but no value.
pub(super) fn oddities(people: &[Person], as_of: Date) -> Vec<String> {
    let used: Vec<&Person> = people.iter().filter(|person| !person.is_out()).collect();
    let share =
        |is: &dyn Fn(&Person) -> bool| (used.iter().filter(|person| is(person)).count() as u64, used.len() as u64);
    let mut found = Vec::new();
    let mut tell = |(count, of): (u64, u64), least: f64, text: &str| {
        if of > 0 && count > 0 && count as f64 >= least * of as f64 {
            found.push(format!("{} of {} people {text}", grouped(count.into()), grouped(of.into())));
        }
    };
    let on_one_day = |of: &dyn Fn(&Person) -> Option<Date>| {
        let mut days: Vec<Date> = used.iter().filter_map(|person| of(person)).collect();
        days.sort_unstable();
        days.chunk_by(|a, b| a == b).map(<[Date]>::len).max().unwrap_or(0) as u64
    };
    if used.len() >= 10 {
        tell((on_one_day(&|person| person.hire_date), used.len() as u64), 0.5, "have the same hire date");
        tell((on_one_day(&|person| person.birth_date), used.len() as u64), 0.5, "have the same birth date");
    }
    let below = |dollars: i128| {
        move |person: &Person| person.pay.is_some_and(|pay| pay.units() > 0 && pay.units() < dollars * 100)
    };
    if share(&below(500)).0 * 2 > used.len() as u64 {
        tell(
            share(&below(500)),
            0.5,
            "are paid less than $500 a year; if pay is hourly, set `census.pay_basis: hourly`",
        );
    } else {
        tell(share(&below(500)), 0.0, "are paid less than $500 a year");
        tell(
            share(&below(5_000)),
            0.2,
            "are paid less than $5,000 a year; if pay is per period, set `census.pay_basis: per_period`",
        );
    }
    let hours = |person: &Person| person.hours.is_some_and(|hours| hours.units() > 80_000_000);
    tell(share(&hours), 0.0, "have more than 80 hours a week; are these hours per year or pay period?");
    let old = |person: &Person| person.birth_date.is_some_and(|born| completed_years(born, as_of) > 80);
    tell(share(&old), 0.0, "are over 80 years old");
    found
}

fn completed_years(from: Date, to: Date) -> i16 {
    let years = to.year() - from.year();
    if (to.month(), to.day()) < (from.month(), from.day()) { years - 1 } else { years }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::fixed::{Money, Rate};

    fn person(age: i16, pay: i128, rate: i128) -> Person {
        Person {
            birth_date: Some(date(2024 - age, 6, 1)),
            hire_date: Some(date(2020, 1, 1)),
            pay: Some(Money::from_units(pay * 100)),
            deferral_rate: Some(Rate::from_units(rate)),
            ..Person::default()
        }
    }

    #[test]
    fn small_bands_are_merged() {
        let mut people: Vec<Person> = (0..20).map(|at| person(30 + at, 60_000, 0)).collect();
        people.push(person(70, 400_000, 60_000));
        let found = histograms(&people, date(2024, 12, 31));
        let shown: Vec<String> = found
            .iter()
            .map(|of| {
                let bands =
                    of.bands.iter().map(|(label, count)| format!("{label}: {count}")).collect::<Vec<_>>().join(", ");
                format!("{}: {bands}", of.name)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "age: under 35: 5, 35 to 45: 10, 45 or more: 6",
                "service: all: 21",
                "pay: all: 21",
                "deferral rate: all: 21",
            ]
        );
    }

    #[test]
    fn what_looks_wrong_is_reported_without_values() {
        let people: Vec<Person> = (0..20).map(|at| person(60 + at * 2, 46, 0)).collect();
        assert_eq!(
            oddities(&people, date(2024, 12, 31)),
            [
                "20 of 20 people have the same hire date",
                "20 of 20 people are paid less than $500 a year; if pay is hourly, set `census.pay_basis: hourly`",
                "9 of 20 people are over 80 years old",
            ]
        );
        let people: Vec<Person> = (0..5).map(|at| person(30 + at, 60_000, 0)).collect();
        assert_eq!(oddities(&people, date(2024, 12, 31)), Vec::<String>::new());
    }
}
