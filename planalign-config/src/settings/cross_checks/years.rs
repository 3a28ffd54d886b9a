//! The simulated years and the IRS limits they need.

use std::ops::RangeInclusive;

use super::Report;

/// Years with published limits in the seed `config_irs_limits`.
pub(super) const PUBLISHED_LIMITS: RangeInclusive<i32> = 2024..=2026;

/// Projections beyond this many years are meaningless.
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
        format!("{first} or later; IRS limits are published for {first} to {last} and projected after that")
    });
    report.expect(end >= start, END, &[START], || format!("{start} or later, because {START} is {start}"));
    report.expect(end < start.saturating_add(MOST_YEARS), END, &[START], || {
        format!(
            "at most {}; a simulation spans at most {MOST_YEARS} years and starts in {start}",
            start + MOST_YEARS - 1
        )
    });
    report.expect(is_projected || end <= last, INDEX, &[START, END], || {
        format!("a rate, because {END} is {end} and IRS limits are published only through {last}")
    });
}
