//! A person in an ordinary company: age, service, job level, pay, hours, and deferrals, and how they relate.

use jiff::civil::Date;
use jiff::{ToSpan, Unit};

use super::draw::Draws;

/// Minimum age at hire.
const HIRING_AGE: u32 = 18;
/// Minimum age of participants: the default plan's minimum age.
const PLAN_AGE: u32 = 21;
/// Annual hours of full-time work, for hourly employees.
const HOURS_PER_YEAR: u32 = 2080;

/// Bands of completed years on the as-of date: first, last, and share per thousand.
const AGES: [((u32, u32), u32); 11] = [
    ((18, 20), 20),
    ((21, 24), 75),
    ((25, 29), 145),
    ((30, 34), 150),
    ((35, 39), 135),
    ((40, 44), 120),
    ((45, 49), 110),
    ((50, 54), 100),
    ((55, 59), 85),
    ((60, 64), 50),
    ((65, 70), 10),
];

/// Job levels by age: the first age of a row, and the percentages of levels 1 to 5.
const LEVELS: [(u32, [u32; 5]); 5] = [
    (18, [88, 11, 1, 0, 0]),
    (25, [64, 24, 9, 3, 0]),
    (35, [48, 28, 15, 7, 2]),
    (45, [43, 27, 17, 9, 4]),
    (55, [43, 26, 17, 9, 5]),
];

/// Lowest and highest annual pay of levels 1 to 5, in dollars.
const PAY_RANGES: [(u32, u32); 5] =
    [(52_000, 80_000), (81_000, 120_000), (121_000, 160_000), (161_000, 298_000), (300_000, 480_000)];

/// Deferral rates in percent and their weights, for levels up to 2 and above.
const RATES: [[(u32, u32); 11]; 2] = [
    [(1, 2), (2, 3), (3, 22), (4, 13), (5, 20), (6, 24), (7, 1), (8, 8), (10, 6), (12, 1), (15, 0)],
    [(1, 0), (2, 1), (3, 8), (4, 8), (5, 14), (6, 25), (7, 2), (8, 15), (10, 18), (12, 5), (15, 4)],
];

/// A synthetic person on the as-of date.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Date of birth.
    pub(crate) birth: Date,
    /// Date of hire, at the age of 18 or later.
    pub(crate) hire: Date,
    /// Last day of work, if past or known.
    pub(crate) termination: Option<Date>,
    /// Annual full-time pay in cents.
    pub(crate) pay_cents: u64,
    /// Elective deferral in percent of pay; 0 for nonparticipants.
    pub(crate) deferral_percent: u32,
    /// Scheduled hours per week.
    pub(crate) weekly_hours: u32,
    /// Whether the person opted out of automatic increases.
    pub(crate) declines_escalation: bool,
    /// Whether the person is in a class of employees excluded from the plan.
    pub(crate) is_excluded: bool,
}

impl Person {
    /// Draws a person employed on that date.
    pub(crate) fn draw(as_of: Date, draws: &mut Draws) -> Result<Self, jiff::Error> {
        let (youngest, oldest) = draws.pick(&AGES, (30, 34));
        let age = draws.within(youngest, oldest);
        let birth = as_of.checked_sub(i64::from(age).years())?.checked_sub(i64::from(draws.below(365)).days())?;
        let hire = draw_hire(birth, as_of, draws)?;
        let service = completed_years(hire, as_of)?;
        let level = draw_level(age, service, draws);
        let weekly_hours = draw_hours(age, level, draws);
        let pay_cents = draw_pay(level, service, draws);
        let is_excluded = draws.permille(5);
        let participates =
            !is_excluded && age >= PLAN_AGE && draws.permille(participation(age, service, level, weekly_hours));
        let deferral_percent = if participates { draws.pick(&RATES[usize::from(level > 2)], 6) } else { 0 };
        let declines_escalation = participates && draws.permille(30);
        Ok(Self {
            birth,
            hire,
            termination: None,
            pay_cents,
            deferral_percent,
            weekly_hours,
            declines_escalation,
            is_excluded,
        })
    }
}

/// One in eight was hired in the as-of year; for others, short service is more common, and older people have more.
fn draw_hire(birth: Date, as_of: Date, draws: &mut Draws) -> Result<Date, jiff::Error> {
    let earliest = birth.checked_add(i64::from(HIRING_AGE).years())?;
    let possible_days = days_until(earliest, as_of)?;
    let days_of_year = u32::from(as_of.day_of_year().unsigned_abs());
    let days = if draws.permille(125) || possible_days < days_of_year {
        draws.below(days_of_year.min(possible_days + 1))
    } else {
        days_of_year + draws.low_below(possible_days - days_of_year + 1)
    };
    as_of.checked_sub(i64::from(days).days())
}

/// By age; one in six with ten years of service is a level higher.
fn draw_level(age: u32, service: u32, draws: &mut Draws) -> usize {
    let shares = LEVELS.iter().rev().find(|(from, _)| age >= *from).map_or(LEVELS[0].1, |(_, shares)| *shares);
    let weighted: [(usize, u32); 5] = std::array::from_fn(|index| (index + 1, shares[index]));
    let level = draws.pick(&weighted, 1);
    let rises = service >= 10 && level < 4 && draws.permille(167);
    level + usize::from(rises)
}

/// Part-timers are in the lower two levels, and more common among younger and older people.
fn draw_hours(age: u32, level: usize, draws: &mut Draws) -> u32 {
    let chance = match (level, age) {
        (3.., _) => 0,
        (_, ..25 | 60..) => 140,
        _ => 60,
    };
    if draws.permille(chance) { draws.within(20, 29) } else { 40 }
}

/// A position in the level's range that rises with service. The lowest level is hourly, so its annual pay is uneven; the
/// others have round salaries.
fn draw_pay(level: usize, service: u32, draws: &mut Draws) -> u64 {
    let (lowest, highest) = PAY_RANGES[level - 1];
    let by_service = (service * 20).min(400);
    let position = by_service + draws.within(20, 120) + draws.low_below(480);
    let dollars = lowest + (highest - lowest) * position / 1000;
    if level == 1 {
        let cents_per_hour = dollars * 100 / HOURS_PER_YEAR;
        u64::from(cents_per_hour * HOURS_PER_YEAR)
    } else {
        u64::from(dollars / 100) * 10_000
    }
}

/// Returns the participation rate of such people, per thousand.
fn participation(age: u32, service: u32, level: usize, weekly_hours: u32) -> u32 {
    let by_age = match age {
        ..30 => 560,
        30..45 => 670,
        _ => 750,
    };
    let newcomer = if service == 0 { 220 } else { 0 };
    let part_timer = if weekly_hours < 30 { 250 } else { 0 };
    let senior = if level > 2 { 100 } else { 0 };
    by_age + senior - newcomer - part_timer
}

fn completed_years(from: Date, to: Date) -> Result<u32, jiff::Error> {
    Ok(u32::from(from.until((Unit::Year, to))?.get_years().unsigned_abs()))
}

fn days_until(from: Date, to: Date) -> Result<u32, jiff::Error> {
    Ok(u32::try_from(from.until((Unit::Day, to))?.get_days()).unwrap_or(0))
}
