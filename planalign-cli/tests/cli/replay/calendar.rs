//! Days, years, and completed years.

use jiff::ToSpan;
use jiff::civil::{Date, date};

pub(super) fn first_day(year: i16) -> Date {
    date(year, 1, 1)
}

pub(super) fn last_day(year: i16) -> Date {
    date(year, 12, 31)
}

pub(super) fn days_in_year(year: i16) -> i128 {
    first_day(year).days_in_year().into()
}

/// `MM-DD` in a year.
pub(super) fn plan_day(year: i16, day: &str) -> Date {
    format!("{year}-{day}").parse().expect("a day of the year")
}

pub(super) fn after(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).expect("a date")
}

pub(super) fn anniversary(since: Date, years: i64) -> Date {
    since.checked_add(years.years()).expect("a date")
}

/// Birthdays or anniversaries up to and including a day.
pub(super) fn completed_years(since: Date, until: Date) -> i128 {
    let years = i64::from(until.year()) - i64::from(since.year());
    i128::from(years) - i128::from(anniversary(since, years) > until)
}

#[test]
fn a_year_is_completed_on_its_anniversary() {
    let cases = [
        (date(1990, 5, 17), date(2025, 5, 16), 34),
        (date(1990, 5, 17), date(2025, 5, 17), 35),
        (date(2004, 2, 29), date(2025, 2, 27), 20),
        (date(2004, 2, 29), date(2025, 2, 28), 21),
        (date(2004, 2, 29), date(2028, 2, 28), 23),
    ];
    for (since, until, expected) in cases {
        assert_eq!(completed_years(since, until), expected, "{since} to {until}");
    }
}
