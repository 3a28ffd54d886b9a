//! How the headcount of a simulation grows.

use std::fmt;

use crate::columns::{Column, in_columns};
use crate::fixed::{Rate, grouped};
use crate::metrics::Reading;
use crate::summary::{MultiYearSummary, Overall};

/// Growth of the headcount, year by year and over all years. Its text is a line for each year and one for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthAnalysis {
    /// Each year.
    pub years: Vec<YearGrowth>,
    /// The compound annual growth rate from the opening of the first year to the end of the last; `None` if nobody was there.
    pub compound: Option<Rate>,
}

/// Growth within a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearGrowth {
    /// Simulated year.
    pub year: i32,
    /// Employed at its end.
    pub headcount: u64,
    /// `closing / opening - 1`; `None` if nobody was there.
    pub rate: Option<Rate>,
}

impl MultiYearSummary {
    /// How the headcount grows.
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
        let percent = |rate: &Option<Rate>| Reading::Share(*rate).to_console();
        let years = self.years.iter().map(|YearGrowth { year, headcount, rate }| {
            vec![year.to_string(), grouped((*headcount).into()), percent(rate)]
        });
        let compound = vec!["CAGR".to_owned(), String::new(), percent(&self.compound)];
        let columns = [Column::left(), Column::right().at_least(12), Column::right().at_least(8)];
        f.write_str(&in_columns(&columns, years.chain([compound])))
    }
}
