//! What is known about a person between two events.

use jiff::civil::Date;

/// Events drawn for a later year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) enrollment: Option<(Date, String, i128)>,
    pub(super) opt_out: Option<Date>,
}

/// Age, pay, and level when the window opens, on which voluntary rates and probabilities depend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) age: i128,
    pub(super) pay: i128,
    pub(super) level: i128,
}

/// Amounts in cents, rates in millionths, hours in hundredths.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) birth: Date,
    pub(super) hire: Date,
    pub(super) known_termination: Option<Date>,
    pub(super) weekly_hours: i128,
    pub(super) entry: Option<Date>,
    pub(super) is_grandfathered: bool,
    pub(super) refuses_increases: bool,
    pub(super) pay: i128,
    pub(super) level: i128,
    pub(super) earned_last_year: Option<i128>,
    pub(super) rate: i128,
    pub(super) original_rate: Option<i128>,
    pub(super) rate_source: &'static str,
    pub(super) enrollment: Option<(Date, String)>,
    pub(super) opt_out: Option<Date>,
    pub(super) increases: i128,
    pub(super) increased_by: i128,
    pub(super) last_increase: Option<Date>,
    pub(super) window: Option<Window>,
    pub(super) pending: Pending,
}

impl Person {
    /// Creates someone who doesn't defer.
    pub(super) fn new(birth: Date, hire: Date, weekly_hours: i128, entry: Option<Date>, pay: i128) -> Self {
        Self {
            birth,
            hire,
            known_termination: None,
            weekly_hours,
            entry,
            is_grandfathered: false,
            refuses_increases: false,
            pay,
            level: level_of(pay),
            earned_last_year: None,
            rate: 0,
            original_rate: None,
            rate_source: "none",
            enrollment: None,
            opt_out: None,
            increases: 0,
            increased_by: 0,
            last_increase: None,
            window: None,
            pending: Pending { enrollment: None, opt_out: None },
        }
    }

    /// Adds deferrals from the census; when they started is unknown, so its date counts.
    pub(super) fn defers_since(mut self, census_date: Date, rate: i128) -> Self {
        if rate > 0 {
            self.rate = rate;
            self.original_rate = Some(rate);
            self.rate_source = "census";
            self.enrollment = Some((census_date, "census".to_owned()));
            self.is_grandfathered = self.entry.is_none_or(|day| day > census_date);
        }
        self
    }

    pub(super) fn is_enrolled(&self) -> bool {
        self.rate > 0
    }
}

/// The minimum pay of levels 2 to 5, in dollars.
pub(super) const LEVEL_MINIMA: [i128; 4] = [81_000, 121_000, 161_000, 300_000];

fn level_of(pay: i128) -> i128 {
    LEVEL_MINIMA.iter().fold(1, |level, minimum| level + i128::from(pay >= minimum * 100))
}

pub(super) fn age_band(age: i128) -> &'static str {
    match age {
        ..25 => "< 25",
        25..35 => "25-34",
        35..45 => "35-44",
        45..55 => "45-54",
        55..65 => "55-64",
        _ => "65+",
    }
}

pub(super) fn tenure_band(years: i128) -> &'static str {
    match years {
        ..2 => "< 2",
        2..5 => "2-4",
        5..10 => "5-9",
        10..20 => "10-19",
        _ => "20+",
    }
}
