//! The summary of several years, and its layout as CSV.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fixed::{Money, Rate};
use crate::metrics::METRICS;
use crate::year_audit::{LAYOUT_VERSION, YearAudit};

/// The years of a run, one audit each, and what they come to. As CSV: a row per year, a column per headline metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MultiYearSummary {
    /// Version of this layout.
    pub layout_version: u32,
    /// What the years come to.
    pub overall: Overall,
    /// The audits, by year.
    pub years: Vec<YearAudit>,
}

/// What several years come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overall {
    /// Employed when the first year opens.
    pub opening_headcount: u64,
    /// Employed at the end of the last year.
    pub closing_headcount: u64,
    /// `closing / opening - 1`; nothing if nobody was there.
    pub growth: Option<Rate>,
    /// The yearly rate that makes this growth, the compound annual growth rate: `(closing / opening)^(1 / years) - 1`.
    pub compound_growth: Option<Rate>,
    /// Hired.
    pub hires: u64,
    /// Left, new hires among them.
    pub terminations: u64,
    /// Employee contributions.
    pub employee_contributions: Money,
    /// Matching contributions.
    pub employer_match: Money,
    /// Core contributions.
    pub employer_core: Money,
    /// Both.
    pub employer_total: Money,
}

/// Types of simulation events that have a column whether or not the years have such events.
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
    /// Puts audits together, which are in the order of their years.
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

    /// The compound annual growth rate of the headcount from the opening of the first year to the end of this one.
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

    /// The CSV file: a header, and a row per year. Types of events that are not among [`EVENT_TYPES`] have columns at the end.
    /// Nothing in it differs between two runs of the same inputs.
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
