//! What a person earned and deferred, added up day by day, and the limits on deferrals.

use jiff::civil::Date;

use super::calendar::{completed_years, days_in_year, last_day};
use super::limits::Limits;
use super::money::rounded;
use super::records::{Fact, money};
use super::settings::Settings;
use super::year::PersonYear;

/// A year's amounts, in cents.
#[derive(Clone, Debug)]
pub(super) struct Earnings {
    pub(super) pay: i128,
    pub(super) pay_since_entry: i128,
    pub(super) elected: i128,
    pub(super) regular: i128,
    pub(super) catch_up: i128,
    limit: i128,
    catch_up_limit: i128,
    limit_type: &'static str,
    limit_reached_on: Option<Date>,
}

/// Pay and rate of each day of employment in the year.
fn days<'a>(life: &'a PersonYear) -> impl Iterator<Item = (Date, i128, i128)> + 'a {
    let mut next = 0;
    let days = std::iter::successors(Some(life.first_day()), |day| day.tomorrow().ok());
    days.take_while(|day| *day <= life.last_day()).map(move |day| {
        while life.steps.get(next).is_some_and(|step| step.day <= day) {
            next += 1;
        }
        let step = life.steps[next - 1];
        (day, step.pay, step.rate)
    })
}

impl Earnings {
    pub(super) fn of(life: &PersonYear, limits: &Limits, settings: &Settings) -> Self {
        let days_of_year = days_in_year(life.year);
        let (limit_type, catch_up_limit) = catch_up(life, limits, settings);
        let full_limit = limits.deferrals + catch_up_limit;
        let is_in_plan =
            |day: Date| life.opening.is_grandfathered || life.opening.entry.is_some_and(|entry| entry <= day);
        let (mut pay_days, mut since_entry, mut rate_days, mut limit_reached_on) = (0, 0, 0, None);
        for (day, pay, rate) in days(life) {
            pay_days += pay;
            since_entry += if is_in_plan(day) { pay } else { 0 };
            rate_days += pay * rate;
            if rate_days >= full_limit * 1_000_000 * days_of_year {
                limit_reached_on = limit_reached_on.or(Some(day));
            }
        }
        let elected = rounded(rate_days, 1_000_000 * days_of_year);
        let regular = elected.min(limits.deferrals);
        Self {
            pay: rounded(pay_days, days_of_year),
            pay_since_entry: rounded(since_entry, days_of_year),
            elected,
            regular,
            catch_up: elected.min(full_limit) - regular,
            limit: limits.deferrals,
            catch_up_limit,
            limit_type,
            limit_reached_on,
        }
    }

    pub(super) fn contributed(&self) -> i128 {
        self.regular + self.catch_up
    }

    pub(super) fn is_limit_reached(&self) -> bool {
        self.elected >= self.limit + self.catch_up_limit
    }

    /// The row of `int_employee_contributions`.
    pub(super) fn row(&self, life: &PersonYear, limits: &Limits) -> Vec<(&'static str, Fact)> {
        let earned_last_year = life.opening.earned_last_year;
        let above = earned_last_year.zip(limits.roth_threshold).is_some_and(|(earned, threshold)| earned > threshold);
        vec![
            ("prorated_annual_compensation", money(self.pay)),
            ("elected_deferrals", money(self.elected)),
            ("irs_402g_limit", money(self.limit)),
            ("catch_up_limit", money(self.catch_up_limit)),
            ("limit_type", self.limit_type.into()),
            ("regular_deferrals", money(self.regular)),
            ("catch_up_deferrals", money(self.catch_up)),
            ("annual_contribution_amount", money(self.contributed())),
            ("irs_limit_reached", self.is_limit_reached().into()),
            ("irs_limit_reached_date", self.limit_reached_on.into()),
            ("catch_up_must_be_roth", (self.catch_up > 0 && above).into()),
        ]
    }
}

/// By age on Dec 31, including terminated employees.
fn catch_up(life: &PersonYear, limits: &Limits, settings: &Settings) -> (&'static str, i128) {
    match completed_years(life.opening.birth, last_day(life.year)) {
        _ if !settings.deferrals.catch_up => ("base", 0),
        60..=63 if settings.deferrals.super_catch_up => ("super_catch_up", limits.super_catch_up),
        50.. => ("catch_up", limits.catch_up),
        _ => ("base", 0),
    }
}
