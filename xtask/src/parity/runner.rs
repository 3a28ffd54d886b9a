//! Compares `simulate --runner dbt` with the embedded runner.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::dbt::Dbt;
use super::{ParityError, write_census};
use crate::relations;
use crate::simulation::{Simulation, scenarios};

/// How much to compare.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Workforce size.
    pub(super) employees: u32,
    /// Years to simulate.
    pub(super) years: i16,
    /// Whether to compare each scenario, or only the default settings.
    pub(super) scenarios: bool,
}

/// Simulates with both runners and compares the relations.
pub(super) fn compare(program: &Path, dbts: &[Dbt], extent: Extent) -> Result<String, ParityError> {
    let folder = tempfile::tempdir().map_err(ParityError::system("create a temporary folder"))?;
    let census = folder.path().join("census.csv");
    write_census(&census, extent.employees)?;
    let all = scenarios().map_err(ParityError::system("list config/scenarios"))?;
    let mut reported = Vec::new();
    for scenario in all.into_iter().filter(|scenario| extent.scenarios || scenario.is_none()) {
        let settings = scenario.as_deref().and_then(Path::file_stem).unwrap_or(OsStr::new("the default settings"));
        let settings = settings.to_string_lossy().into_owned();
        let embedded = folder.path().join("embedded.duckdb");
        let simulation = Simulation {
            program,
            years: extent.years,
            census: &census,
            scenario: scenario.as_deref(),
            database: &embedded,
            dbt: None,
        };
        simulation.run(&[])?;
        for dbt in dbts {
            let database = folder.path().join("external.duckdb");
            Simulation { database: &database, dbt: Some(&dbt.0), ..simulation }.run(&[])?;
            let found = relations::compare(&embedded, &database)?;
            if !found.differences.is_empty() {
                return Err(ParityError::Differs { settings, differences: found.differences });
            }
            reported.push(format!("{} rows with {settings}", found.rows));
            fs::remove_file(&database).map_err(ParityError::system("remove a database"))?;
        }
        fs::remove_file(&embedded).map_err(ParityError::system("remove a database"))?;
    }
    Ok(format!("runner: {} dbt executables build the same {} years: {}", dbts.len(), extent.years, reported.join(", ")))
}
