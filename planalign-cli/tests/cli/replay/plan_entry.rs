//! The day on which a person may enter the plan.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::calendar::{after, anniversary};
use super::settings::PlanEligibility;

/// Returns `None` if the person never may. `weekly_hours` are hundredths.
pub(super) fn entry_date(
    rules: &PlanEligibility,
    birth: Date,
    hire: Date,
    weekly_hours: i128,
    is_excluded: bool,
) -> Option<Date> {
    let yearly_hours = weekly_hours * 52;
    let of_age = anniversary(birth, rules.minimum_age);
    let served = if yearly_hours >= rules.minimum_hours_annual * 100 {
        let months = hire.checked_add(rules.waiting_period_months.months()).expect("a date");
        after(hire, rules.waiting_period_days).max(months)
    } else if yearly_hours >= 500 * 100 {
        // Long-term part-timers.
        anniversary(hire, 2).max(date(2025, 1, 1))
    } else {
        return None;
    };
    (!is_excluded).then(|| next_entry(&rules.entry_dates, of_age.max(served)))
}

/// The first entry date on or after the day.
fn next_entry(kind: &str, day: Date) -> Date {
    let every = match kind {
        "immediate" => return day,
        "monthly" => 1,
        "quarterly" => 3,
        "semi_annual" => 6,
        other => panic!("unknown entry dates {other}"),
    };
    let mut entry = date(day.year(), 1, 1);
    while entry < day {
        entry = entry.checked_add(every.months()).expect("a date");
    }
    entry
}

#[test]
fn the_documented_example_enters_on_july_1() {
    let rules = PlanEligibility { waiting_period_days: 90, entry_dates: "quarterly".to_owned(), ..Default::default() };
    let entry = entry_date(&rules, date(2004, 4, 10), date(2025, 2, 3), 4000, false);
    assert_eq!(entry, Some(date(2025, 7, 1)));
    assert_eq!(entry_date(&rules, date(2004, 4, 10), date(2025, 2, 3), 4000, true), None);
}
