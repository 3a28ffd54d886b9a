//! Growth over three years of the sample census, with a custom rule and reporter.
//!
//! `cargo run -p planalign-cli --example growth`, in the root of the repository.
#![expect(clippy::print_stdout, reason = "examples print their results")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use planalign::{CheckError, Finding, ReportError, ReportSource, Rule, Severity, Tables, YearAuditor};

const ACTIVE: &str = "from fct_workforce_snapshot where simulation_year = $1 and employment_status = 'active'";

/// Warns if any of the five job levels has no employees.
struct EveryLevel;

impl Rule for EveryLevel {
    fn name(&self) -> &'static str {
        "every_level"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let levels = tables.query_value(&format!("select count(distinct level_id) {ACTIVE}"), &[year.into()])?;
        let missing = 5 - levels.integer().unwrap_or_default();
        let message = format!("{missing} of the five job levels have no employees");
        let finding = Finding::new(self.name(), year, Severity::Warning, message).advice("see hiring.level_shares");
        Ok(if missing > 0 { vec![finding] } else { Vec::new() })
    }
}

/// Keeps the headcount at the end of each year.
#[derive(Default)]
struct Headcounts(BTreeMap<i32, i64>);

impl YearAuditor for Headcounts {
    fn write_year(&mut self, year: i32, source: &ReportSource<'_>) -> Result<Option<PathBuf>, ReportError> {
        let people = source.tables.query_value(&format!("select count(*) {ACTIVE}"), &[year.into()])?;
        self.0.insert(year, people.integer().unwrap_or_default());
        Ok(None)
    }

    fn has_year(&self, year: i32) -> bool {
        self.0.contains_key(&year)
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = planalign::load_simulation_config("config/simulation_config.yaml")?;
    let mut headcounts = Headcounts::default();
    let mut orchestrator = planalign::orchestrator(config)
        .database("growth.duckdb")
        .replace_existing()
        .rule(EveryLevel)
        .reporter(&mut headcounts)
        .build()?;
    let summary = orchestrator.execute_multi_year_simulation(2025..=2027)?;
    drop(orchestrator);
    println!("{}\n{:?}", summary.growth_analysis(), headcounts.0);
    Ok(())
}
