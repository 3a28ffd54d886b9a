//! The simulated years, and the limits of the tax code that they need.

use std::ops::RangeInclusive;

use super::Report;

/// Years whose limits the seed `config_irs_limits` holds as published.
pub(super) const PUBLISHED_LIMITS: RangeInclusive<i32> = 2024..=2026;

/// Nobody can say anything about a workforce further away.
const MOST_YEARS: i32 = 50;

const START: &str = "simulation.start_year";
const END: &str = "simulation.end_year";
const INDEX: &str = "irs_limits.index_rate";

pub(super) fn check(report: &mut Report<'_>) {
    let settings = &report.loaded.settings;
    let (start, end) = (settings.simulation.start_year, settings.simulation.end_year);
    let (first, last) = (*PUBLISHED_LIMITS.start(), *PUBLISHED_LIMITS.end());
    let is_projected = settings.irs_limits.index_rate.is_some();
    report.expect(start >= first, START, &[], || {
        format!("{first} or later: limits of the tax code are known for {first} to {last} and projected after that")
    });
    report.expect(end >= start, END, &[START], || format!("{start} or later, as {START} is {start}"));
    report.expect(end < start.saturating_add(MOST_YEARS), END, &[START], || {
        format!("{} at most: a simulation has {MOST_YEARS} years at most and starts in {start}", start + MOST_YEARS - 1)
    });
    report.expect(is_projected || end <= last, INDEX, &[START, END], || {
        format!("a rate: {END} is {end}, and limits of the tax code are published up to {last} only")
    });
}
