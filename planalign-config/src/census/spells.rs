//! Several rows with one ID: spells of employment, jobs held together, or mistakes.

use std::collections::HashMap;

use jiff::civil::Date;

use super::fields::Field;
use super::people::Person;
use super::problems::{Kind, Problem};
use crate::fixed::{Money, Rate};
use crate::settings::Duplicates;

/// Decides which of several rows with one ID is used.
pub(super) fn resolve(people: &mut [Person], duplicates: Duplicates, as_of: Date) {
    for rows in repeated(people) {
        let rows = one_of_identical(people, &rows);
        if rows.len() < 2 {
            continue;
        }
        match duplicates {
            Duplicates::Refuse => mark(people, &rows, &[], Kind::Repeated),
            Duplicates::LatestHire => keep_latest(people, &rows, Kind::EarlierHire),
            Duplicates::OpenSpell => keep_open(people, &rows, as_of),
            Duplicates::SumPay => add_jobs(people, &rows, as_of),
        }
    }
}

/// The rows of each ID with several that aren't out yet, in the order of the file.
fn repeated(people: &[Person]) -> Vec<Vec<usize>> {
    let mut by_id = HashMap::<&str, Vec<usize>>::with_capacity(people.len());
    for (index, person) in people.iter().enumerate().filter(|(_, person)| !person.id.is_empty() && !person.is_out()) {
        by_id.entry(&person.id).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = by_id.into_values().filter(|rows| rows.len() > 1).collect();
    groups.sort_unstable();
    groups
}

/// Leaves out all but the first of identical rows.
fn one_of_identical(people: &mut [Person], rows: &[usize]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for row in rows {
        match kept.iter().find(|earlier| people[**earlier].is_same_as(&people[*row])) {
            Some(earlier) => mark(people, &[*row], &[*earlier], Kind::Identical),
            None => kept.push(*row),
        }
    }
    kept
}

/// Adds a problem to rows, each with the number of the first other row.
fn mark(people: &mut [Person], rows: &[usize], others: &[usize], kind: Kind) {
    let others = if others.is_empty() { rows } else { others };
    for row in rows {
        let other_row = others.iter().find(|other| *other != row).map(|other| people[*other].row);
        people[*row].problems.push(Problem { field: Field::Id, kind, other_row });
    }
}

fn is_open(person: &Person, as_of: Date) -> bool {
    person.termination_date.is_none_or(|left| left > as_of)
}

/// The row with the latest hire date; the first of several.
fn latest(people: &[Person], rows: &[usize]) -> usize {
    rows.iter()
        .copied()
        .reduce(|best, row| if people[row].hire_date > people[best].hire_date { row } else { best })
        .unwrap_or(rows[0])
}

fn keep_latest(people: &mut [Person], rows: &[usize], kind: Kind) {
    let kept = latest(people, rows);
    let others: Vec<usize> = rows.iter().copied().filter(|row| *row != kept).collect();
    mark(people, &others, &[kept], kind);
}

fn keep_open(people: &mut [Person], rows: &[usize], as_of: Date) {
    let open: Vec<usize> = rows.iter().copied().filter(|row| is_open(&people[*row], as_of)).collect();
    match open[..] {
        [] => keep_latest(people, rows, Kind::EarlierSpell),
        [kept] => {
            let others: Vec<usize> = rows.iter().copied().filter(|row| *row != kept).collect();
            mark(people, &others, &[kept], Kind::EarlierSpell);
        }
        _ => {
            let ended: Vec<usize> = rows.iter().copied().filter(|row| !open.contains(row)).collect();
            mark(people, &open, &[], Kind::OpenTwice);
            mark(people, &ended, &open, Kind::EarlierSpell);
        }
    }
}

/// Adds pay and hours of the open rows; the earliest hire date counts, and the rest comes from the row with the highest pay.
fn add_jobs(people: &mut [Person], rows: &[usize], as_of: Date) {
    let open: Vec<usize> = rows.iter().copied().filter(|row| is_open(&people[*row], as_of)).collect();
    let [first, ..] = open[..] else { return keep_latest(people, rows, Kind::EarlierSpell) };
    let kept = open
        .iter()
        .copied()
        .reduce(|best, row| if people[row].pay > people[best].pay { row } else { best })
        .unwrap_or(first);
    let pay = open.iter().filter_map(|row| people[*row].pay).map(Money::units).sum();
    let hours: i128 = open.iter().filter_map(|row| people[*row].hours).map(Rate::units).sum();
    let hired = open.iter().filter_map(|row| people[*row].hire_date).min();
    let person = &mut people[kept];
    person.pay = Some(Money::from_units(pay));
    person.hours = (hours > 0).then(|| Rate::from_units(hours));
    person.hire_date = hired;
    let others: Vec<usize> = open.iter().copied().filter(|row| *row != kept).collect();
    let ended: Vec<usize> = rows.iter().copied().filter(|row| !open.contains(row)).collect();
    mark(people, &others, &[kept], Kind::AddedToRow);
    mark(people, &ended, &[kept], Kind::EarlierSpell);
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// A row: ID, hire date, termination date, and pay.
    fn person(row: u64, id: &str, hired: Date, left: Option<Date>, pay: i128) -> Person {
        let pay = Some(Money::from_units(pay * 100));
        Person { row, id: id.to_owned(), hire_date: Some(hired), termination_date: left, pay, ..Person::default() }
    }

    /// What happens to each row.
    fn resolved(mut people: Vec<Person>, duplicates: Duplicates) -> Vec<String> {
        resolve(&mut people, duplicates, date(2024, 12, 31));
        let shown = people.iter().map(|person| {
            let problems = person
                .problems
                .iter()
                .map(|problem| format!("{:?} with {}", problem.kind, problem.other_row.expect("another row")));
            let problems = problems.collect::<Vec<_>>().join(", ");
            format!(
                "{}: {}{}",
                person.row,
                person.pay.expect("pay"),
                if problems.is_empty() { problems } else { format!(" {problems}") }
            )
        });
        shown.collect()
    }

    fn rehired() -> Vec<Person> {
        vec![
            person(2, "A", date(2012, 2, 1), Some(date(2018, 6, 30)), 52_000),
            person(3, "A", date(2023, 9, 5), None, 71_000),
            person(4, "B", date(2020, 1, 1), None, 60_000),
        ]
    }

    #[test]
    fn the_open_spell_of_a_rehire_is_used() {
        let expected = ["2: 52000.00 EarlierSpell with 3", "3: 71000.00", "4: 60000.00"];
        assert_eq!(resolved(rehired(), Duplicates::OpenSpell), expected);
        assert_eq!(resolved(rehired(), Duplicates::SumPay), expected);
        assert_eq!(resolved(rehired(), Duplicates::LatestHire)[0], "2: 52000.00 EarlierHire with 3");
        assert_eq!(
            resolved(rehired(), Duplicates::Refuse),
            ["2: 52000.00 Repeated with 3", "3: 71000.00 Repeated with 2", "4: 60000.00"]
        );
    }

    #[test]
    fn of_ended_spells_the_latest_is_kept_and_two_open_ones_are_rejected() {
        let ended = vec![
            person(2, "A", date(2021, 2, 1), Some(date(2022, 6, 30)), 1),
            person(3, "A", date(2012, 2, 1), Some(date(2018, 6, 30)), 2),
        ];
        assert_eq!(resolved(ended, Duplicates::OpenSpell), ["2: 1.00", "3: 2.00 EarlierSpell with 2"]);
        let open = vec![
            person(2, "A", date(2010, 1, 1), Some(date(2011, 1, 1)), 1),
            person(3, "A", date(2012, 2, 1), None, 2),
            person(4, "A", date(2023, 9, 5), Some(date(2025, 1, 31)), 3),
        ];
        assert_eq!(
            resolved(open, Duplicates::OpenSpell),
            ["2: 1.00 EarlierSpell with 3", "3: 2.00 OpenTwice with 4", "4: 3.00 OpenTwice with 3"]
        );
    }

    #[test]
    fn jobs_held_together_are_added_to_the_one_with_the_highest_pay() {
        let hours = |person: Person, hours: i128| Person { hours: Some(Rate::from_units(hours * 1_000_000)), ..person };
        let mut jobs = vec![
            hours(person(2, "A", date(2012, 2, 1), None, 20_000), 15),
            hours(person(3, "A", date(2014, 2, 1), None, 30_000), 20),
        ];
        assert_eq!(resolved(jobs.clone(), Duplicates::SumPay), ["2: 20000.00 AddedToRow with 3", "3: 50000.00"]);
        resolve(&mut jobs, Duplicates::SumPay, date(2024, 12, 31));
        assert_eq!(jobs[1].hire_date, Some(date(2012, 2, 1)));
        assert_eq!(jobs[1].hours, Some(Rate::from_units(35_000_000)));
    }

    #[test]
    fn one_of_identical_rows_is_kept() {
        let mut people = rehired();
        people.push(person(5, "A", date(2023, 9, 5), None, 71_000));
        let expected =
            ["2: 52000.00 EarlierSpell with 3", "3: 71000.00", "4: 60000.00", "5: 71000.00 Identical with 3"];
        assert_eq!(resolved(people, Duplicates::OpenSpell), expected);
    }
}
