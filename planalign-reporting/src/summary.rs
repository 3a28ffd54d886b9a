//! The multi-year summary and its CSV layout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fixed::{Money, Rate};
use crate::metrics::METRICS;
use crate::year_audit::{LAYOUT_VERSION, YearAudit};

/// The year audits of a run and their totals. The CSV has a row per year and a column per headline metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MultiYearSummary {
    /// Version of this layout.
    pub layout_version: u32,
    /// Totals over all years.
    pub overall: Overall,
    /// Year audits, in order.
    pub years: Vec<YearAudit>,
}

/// Totals over several years.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overall {
    /// Headcount at the start of the first year.
    pub opening_headcount: u64,
    /// Headcount at the end of the last year.
    pub closing_headcount: u64,
    /// `closing / opening - 1`; null if the opening headcount is 0.
    pub growth: Option<Rate>,
    /// Compound annual growth rate (CAGR): `(closing / opening)^(1 / years) - 1`.
    pub compound_growth: Option<Rate>,
    /// Hires.
    pub hires: u64,
    /// Terminations, including new hires.
    pub terminations: u64,
    /// Employee contributions.
    pub employee_contributions: Money,
    /// Matching contributions.
    pub employer_match: Money,
    /// Core contributions.
    pub employer_core: Money,
    /// Total employer contributions.
    pub employer_total: Money,
}

/// Event types that have a CSV column even if no such events occurred.
pub const EVENT_TYPES: [&str; 8] = [
    "hire",
    "termination",
    "promotion",
    "raise",
    "eligibility",
    "enrollment",
    "enrollment_change",
    "deferral_escalation",
];

impl MultiYearSummary {
    /// Combines audits, which must be in year order.
    #[must_use]
    pub fn new(years: Vec<YearAudit>) -> Self {
        let mut summary = Self { layout_version: LAYOUT_VERSION, overall: Overall::default(), years };
        summary.overall = summary.add_up();
        summary
    }

    fn add_up(&self) -> Overall {
        let (Some(first), Some(last)) = (self.years.first(), self.years.last()) else { return Overall::default() };
        let (opening, closing) = (first.headcount.opening, last.headcount.closing);
        let mut overall = Overall {
            opening_headcount: opening,
            closing_headcount: closing,
            growth: Rate::quotient(i128::from(closing) - i128::from(opening), opening.into()),
            compound_growth: self.compound_growth(last.year),
            ..Overall::default()
        };
        for year in &self.years {
            overall.hires += year.headcount.hires;
            overall.terminations += year.headcount.terminations + year.headcount.new_hire_terminations;
            overall.employee_contributions += year.contributions.total;
            overall.employer_match += year.employer.matched;
            overall.employer_core += year.employer.core;
            overall.employer_total += year.employer.total;
        }
        overall
    }

    /// Returns the CAGR of headcount from the opening of the first year to the end of this one.
    #[must_use]
    pub fn compound_growth(&self, year: i32) -> Option<Rate> {
        let years = self.years.iter().position(|audit| audit.year == year)? + 1;
        let (opening, closing) = (self.years[0].headcount.opening, self.years[years - 1].headcount.closing);
        if opening == 0 {
            return None;
        }
        let rate = (closing as f64 / opening as f64).powf(1.0 / years as f64) - 1.0;
        #[expect(clippy::cast_possible_truncation, reason = "rounded, and headcounts are no more than 2^64")]
        Some(Rate::from_units((rate * 1e6).round() as i128))
    }

    /// Returns the CSV: a header, then a row per year. Event types other than [`EVENT_TYPES`] get columns at the end. Two runs
    /// with the same inputs produce the same CSV.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let more = self.further_event_types();
        let names = METRICS.iter().map(|metric| metric.name.to_owned());
        writer.write_record(names.chain(more.iter().map(|name| format!("events_{name}"))))?;
        for year in &self.years {
            let metrics = METRICS.iter().map(|metric| (metric.read)(self, year).to_csv());
            let events = more.iter().map(|name| year.events.get(*name).unwrap_or(&0).to_string());
            writer.write_record(metrics.chain(events))?;
        }
        writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
    }

    fn further_event_types(&self) -> Vec<&str> {
        let all = self.years.iter().flat_map(|year| year.events.keys()).map(String::as_str);
        let mut further: Vec<&str> = all.filter(|name| !EVENT_TYPES.contains(name)).collect();
        further.sort_unstable();
        further.dedup();
        further
    }
}
