//! Headcount growth over a simulation.

use std::fmt;

use crate::columns::{Column, in_columns};
use crate::fixed::{Rate, grouped};
use crate::metrics::MetricValue;
use crate::summary::{MultiYearSummary, Overall};

/// Headcount growth by year and over all years. Displays as a line per year and one for the CAGR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthAnalysis {
    /// Growth by year.
    pub years: Vec<YearGrowth>,
    /// CAGR from the opening of the first year to the closing of the last; `None` if the opening headcount is 0.
    pub compound: Option<Rate>,
}

/// Growth in one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearGrowth {
    /// Simulated year.
    pub year: i32,
    /// Closing headcount.
    pub headcount: u64,
    /// `closing / opening - 1`; `None` if the opening headcount is 0.
    pub rate: Option<Rate>,
}

impl MultiYearSummary {
    /// Returns headcount growth by year and overall.
    #[must_use]
    pub fn growth_analysis(&self) -> GrowthAnalysis {
        let Overall { compound_growth: compound, .. } = self.overall;
        let years = self.years.iter().map(|year| YearGrowth {
            year: year.year,
            headcount: year.headcount.closing,
            rate: year.headcount.growth,
        });
        GrowthAnalysis { years: years.collect(), compound }
    }
}

impl fmt::Display for GrowthAnalysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |rate: &Option<Rate>| MetricValue::Share(*rate).to_console();
        let years = self.years.iter().map(|YearGrowth { year, headcount, rate }| {
            vec![year.to_string(), grouped((*headcount).into()), percent(rate)]
        });
        let compound = vec!["CAGR".to_owned(), String::new(), percent(&self.compound)];
        let columns = [Column::left(), Column::right().min_width(12), Column::right().min_width(8)];
        f.write_str(&in_columns(&columns, years.chain([compound])))
    }
}
