//! Termination dates: past ones, and known future ones.

use jiff::ToSpan;
use jiff::civil::Date;

use super::draw::Draws;
use super::person::Person;

/// How far back the file lists terminations.
const DAYS_KEPT: u32 = 730;

/// Moves a person's service into the past so that it ended within the last two years; returns the termination date.
pub(crate) fn past(person: &mut Person, as_of: Date, draws: &mut Draws) -> Result<Date, jiff::Error> {
    let days = i64::from(draws.below(DAYS_KEPT)).days();
    person.birth = person.birth.checked_sub(days)?;
    person.hire = person.hire.checked_sub(days)?;
    as_of.checked_sub(days)
}

/// Returns a date within the year after the as-of date.
pub(crate) fn future(as_of: Date, draws: &mut Draws) -> Result<Date, jiff::Error> {
    as_of.checked_add(i64::from(draws.within(1, 365)).days())
}
