//! Compares `simulate --runner dbt` with the embedded runner.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::{ParityError, replace_in, write_census};
use crate::dbt::Dbt;
use crate::relations;
use crate::simulation::{Simulation, scenarios};
use crate::workspace::{copy_dbt_project, output_of};

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

/// A model that the embedded runner refuses.
const REFUSED: &str = "{{ config(sql_header='set variable answer = 42;') }} select getvariable('answer') as answer";

/// Simulates a project that only dbt can build, and that turns warnings into errors, and resumes it after a change of a model, which must be noticed.
fn only_dbt(program: &Path, dbts: &[Dbt], census: &Path, folder: &Path) -> Result<(), ParityError> {
    let system = ParityError::system("change the project");
    let project = folder.join("project");
    copy_dbt_project(&project)?;
    let model = project.join("models/validation/answer.sql");
    // A configuration that applies to nothing is a warning.
    let settings = project.join("dbt_project.yml");
    let warned = "\nflags:\n  warn_error: true\nmodels:\n  elsewhere:\n    +materialized: table\n";
    replace_in(&settings, "\nmodels:\n", warned)?;
    for dbt in dbts {
        fs::write(&model, REFUSED).map_err(&system)?;
        let database = folder.join("only.duckdb");
        let simulation =
            Simulation { program, years: 1, census, scenario: None, database: &database, dbt: Some(&dbt.0) };
        let with_project = |start: &str| {
            let mut command = simulation.command(&[]);
            command.arg("--project").arg(&project).arg(start);
            output_of(&mut command)
        };
        with_project("--restart")?;
        fs::write(&model, REFUSED.replace("42", "43")).map_err(&system)?;
        if with_project("--resume").is_ok() {
            let differences = vec!["a change of a model was not noticed".to_owned()];
            return Err(ParityError::Differs { settings: "a project that only dbt can build".to_owned(), differences });
        }
        with_project("--restart")?;
        fs::remove_file(&database).map_err(&system)?;
    }
    Ok(())
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
    only_dbt(program, dbts, &census, folder.path())?;
    Ok(format!("runner: {} dbt executables build the same {} years: {}", dbts.len(), extent.years, reported.join(", ")))
}
