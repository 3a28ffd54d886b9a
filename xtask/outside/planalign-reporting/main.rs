//! Prints employer cost from the summary of a run, with custom titles.
//!
//! Simulate 2025 to 2027 in this folder first.

use std::error::Error;
use std::fs::File;

use planalign_reporting::{MultiYearSummary, Template, render_summary};

const TEMPLATE: &str = "
title: Cost of the plan
sections:
  - metrics:
      - { metric: employer_total, title: Employer cost }
      - { metric: employer_match, title: '  match' }
";

fn main() -> Result<(), Box<dyn Error>> {
    let summary: MultiYearSummary = serde_json::from_reader(File::open("reports/multi_year_summary_2025_2027.json")?)?;
    let template = Template::parse(TEMPLATE).map_err(|problems| format!("{problems:?}"))?;
    let table = render_summary(&summary, &template, 80);
    println!("{table}\n\nHeadcount\n{}", summary.growth_analysis());
    assert!(table.contains(&summary.years[0].employer.total.grouped()));
    Ok(())
}
