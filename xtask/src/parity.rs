//! Whether real dbt builds what the program builds: the same project, census and settings, year after year, row for row.

mod dbt;
mod relations;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use clap::Args;
use jiff::civil::date;
use planalign_config::settings::{ConfigError, Sources, load};
use planalign_config::{DatabaseError, SimulationConfig};

use crate::census::{self, CensusArguments, CensusError};
use crate::workspace::{self, CommandError, cargo, output_of};
use dbt::Dbt;

/// First simulated year; the census is as of the day before.
const START_YEAR: i16 = 2025;

/// What to compare with, and how much.
#[derive(Args, Clone, Debug)]
pub(crate) struct ParityArguments {
    /// A dbt executable; by default dbt Core, which is installed.
    #[arg(long)]
    dbt: Option<PathBuf>,
    /// Size of the workforce.
    #[arg(long, default_value_t = 1_000)]
    employees: u32,
    /// Simulated years.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i16).range(1..=50))]
    years: i16,
}

/// Why the two do not agree, or cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParityError {
    /// The program, dbt or its installation failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The census can't be written.
    #[error(transparent)]
    Census(#[from] CensusError),
    /// The settings can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The databases can't be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file or a folder is not to be had.
    #[error("can't {what}: {cause}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// Relations differ.
    #[error("with {settings}, dbt builds something else:\n  {}", differences.join("\n  "))]
    Differs {
        /// The settings with which they do.
        settings: String,
        /// One line for each relation.
        differences: Vec<String>,
    },
}

impl ParityError {
    fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Self::System { what, cause }
    }
}

/// Simulates with the program and with dbt, once with the default settings and once with each scenario, and compares what they built.
pub(crate) fn run(arguments: &ParityArguments) -> Result<String, ParityError> {
    output_of(cargo().args(["build", "--quiet", "-p", "planalign-cli"]))?;
    let dbt = arguments.dbt.clone().map_or_else(Dbt::install, |path| Ok(Dbt(path)))?;
    let folder = tempfile::tempdir().map_err(ParityError::system("make a temporary folder"))?;
    let census = folder.path().join("census.csv");
    let (employees, as_of) = (arguments.employees, date(START_YEAR - 1, 12, 31));
    let out = census.clone();
    census::run(&CensusArguments { employees, seed: 1, out, as_of, terminated: 20, bad_rows: 0, with_ssn: false })?;

    let mut told = Vec::new();
    for scenario in scenarios()? {
        let settings = scenario.as_deref().and_then(Path::file_stem).unwrap_or(OsStr::new("the default settings"));
        let settings = settings.to_string_lossy().into_owned();
        let databases = [folder.path().join(format!("{settings}.duckdb")), folder.path().join("dbt.duckdb")];
        simulate(arguments.years, scenario.as_deref(), &census, &databases[0])?;
        let config = settings_of(scenario)?;
        for year in START_YEAR..START_YEAR + arguments.years {
            dbt.build(&planalign_config::vars::dbt_vars(&config, year.into(), &census), &databases[1])?;
        }
        let found = relations::compare(&databases[0], &databases[1])?;
        if !found.differences.is_empty() {
            return Err(ParityError::Differs { settings, differences: found.differences });
        }
        told.push(format!("{} rows of {} relations with {settings}", found.rows, found.relations));
        fs::remove_file(&databases[1]).map_err(ParityError::system("remove a database"))?;
    }
    Ok(format!("parity: dbt builds the same {} years: {}", arguments.years, told.join(", ")))
}

/// None, for the default settings, and those of the project.
fn scenarios() -> Result<Vec<Option<PathBuf>>, ParityError> {
    let folder = workspace::root().join("config/scenarios");
    let entries = fs::read_dir(folder).map_err(ParityError::system("list config/scenarios"))?;
    let paths = entries.map(|entry| Ok(Some(entry?.path()))).collect::<io::Result<Vec<_>>>();
    let mut all = paths.map_err(ParityError::system("list config/scenarios"))?;
    all.push(None);
    all.sort();
    Ok(all)
}

fn settings_of(scenario: Option<PathBuf>) -> Result<SimulationConfig, ParityError> {
    let file = workspace::root().join("config/simulation_config.yaml");
    Ok(load(&Sources { file, scenario, ..Sources::default() })?.settings)
}

fn simulate(years: i16, scenario: Option<&Path>, census: &Path, database: &Path) -> Result<(), ParityError> {
    let mut command = Command::new(workspace::program().map_err(ParityError::system("find the built program"))?);
    command.current_dir(workspace::root());
    // Settings in the environment would reach the program alone.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLANALIGN_")) {
        command.env_remove(name);
    }
    command.args(["simulate", &format!("{START_YEAR}-{}", START_YEAR + years - 1), "--census"]).arg(census);
    command.arg("--database").arg(database).arg("--reports").arg(database.with_extension("reports"));
    if let Some(scenario) = scenario {
        command.arg("--scenario").arg(scenario);
    }
    output_of(&mut command)?;
    Ok(())
}
