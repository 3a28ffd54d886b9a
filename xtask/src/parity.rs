//! Checks that dbt builds the same rows as the program from the same project, census, and settings: on its own year by year, and
//! as the program's runner, also when it is killed; and that it reads what `planalign dbt` leaves.

mod canary;
mod full_disk;
mod kills;
mod record;
mod runner;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use clap::Args;
use jiff::civil::date;
use planalign_config::settings::{ConfigError, Sources, load};
use planalign_config::{DatabaseError, SimulationConfig};

use crate::census::{self, CensusArguments, CensusError};
use crate::dbt::{Dbt, DbtError};
use crate::relations;
use crate::simulation::{START_YEAR, Simulation, scenarios};
use crate::workspace::{self, CommandError, cargo, output_of};
use runner::Extent;

/// Options for the comparison.
#[derive(Args, Clone, Debug)]
pub(crate) struct ParityArguments {
    /// dbt executable [default: installs dbt Core]
    #[arg(long)]
    dbt: Option<PathBuf>,
    /// Workforce size
    #[arg(long, default_value_t = 1_000)]
    employees: u32,
    /// Years to simulate
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i16).range(1..=50))]
    years: i16,
    /// Runs with `--runner dbt` to kill: with dbt 2.0 this many, with dbt Core a sixth of it
    #[arg(long, default_value_t = 6)]
    kills: u64,
    /// Seed of the kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Compare both runners over five years with each scenario, instead of one year of 300 people
    #[arg(long)]
    long: bool,
    /// Only record what dbt prints in `planalign-dbt/tests/recorded`
    #[arg(long)]
    record: bool,
}

/// Why the two differ, or couldn't be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParityError {
    /// The program, dbt, or its installation failed.
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
    /// A file or folder can't be accessed.
    #[error("can't {what}: {cause}")]
    System {
        /// What failed.
        what: &'static str,
        /// The system's error.
        cause: io::Error,
    },
    /// dbt can't be installed or run.
    #[error(transparent)]
    Dbt(#[from] DbtError),
    /// A file doesn't have what is to be changed in it.
    #[error("`{text}` is not in {}; adapt the task", file.display())]
    Absent {
        /// What was looked for.
        text: &'static str,
        /// The file.
        file: PathBuf,
    },
    /// Something has no value, or none that is understood.
    #[error("{what} can't be read from `{found}`")]
    Unreadable {
        /// What is missing.
        what: &'static str,
        /// Where it should be.
        found: String,
    },
    /// dbt doesn't recognize its project.
    #[error("to dbt, these nodes differ from `planalign dbt compile`'s manifest:\n  {}", changed.join("\n  "))]
    Manifest {
        /// Their names.
        changed: Vec<String>,
    },
    /// Relations differ, or a run left or printed something else than expected.
    #[error("with {settings}, runs don't end as they should:\n  {}", differences.join("\n  "))]
    Differs {
        /// The settings.
        settings: String,
        /// One line each.
        differences: Vec<String>,
    },
}

impl ParityError {
    fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Self::System { what, cause }
    }
}

/// Simulates with the program and with dbt, with the default settings and each scenario, and compares the relations.
pub(crate) fn run(arguments: &ParityArguments) -> Result<String, ParityError> {
    output_of(cargo().args(["build", "--quiet", "-p", "planalign-cli"]))?;
    let program = workspace::program().map_err(ParityError::system("find the built program"))?;
    let dbts = match &arguments.dbt {
        Some(path) => vec![Dbt(path.clone())],
        None => vec![Dbt::core_2()?, Dbt::core_1()?],
    };
    if arguments.record {
        return record::run(&dbts);
    }
    let Some(dbt) = dbts.last() else { return Ok(String::new()) };
    let folder = tempfile::tempdir().map_err(ParityError::system("create a temporary folder"))?;
    let census = folder.path().join("census.csv");
    write_census(&census, arguments.employees)?;
    let mut reported = Vec::new();
    for scenario in scenarios().map_err(ParityError::system("list config/scenarios"))? {
        let settings = scenario.as_deref().and_then(Path::file_stem).unwrap_or(OsStr::new("the default settings"));
        let settings = settings.to_string_lossy().into_owned();
        let databases = [folder.path().join(format!("{settings}.duckdb")), folder.path().join("dbt.duckdb")];
        let (years, scenario_file) = (arguments.years, scenario.as_deref());
        Simulation {
            program: &program,
            years,
            census: &census,
            scenario: scenario_file,
            database: &databases[0],
            dbt: None,
        }
        .run(&[])?;
        let config = settings_of(scenario)?;
        for year in START_YEAR..START_YEAR + arguments.years {
            dbt.build(&planalign_config::settings::vars::dbt_vars(&config, year.into(), &census), &databases[1])?;
        }
        let found = relations::compare(&databases[0], &databases[1])?;
        if !found.differences.is_empty() {
            return Err(ParityError::Differs { settings, differences: found.differences });
        }
        reported.push(format!("{} rows of {} relations with {settings}", found.rows, found.relations));
        fs::remove_file(&databases[1]).map_err(ParityError::system("remove a database"))?;
    }
    // The artifacts are those of Core 1.11; what another dbt makes of them is its own.
    if arguments.dbt.is_none() {
        check_artifacts(&program, dbt, folder.path())?;
    }
    let same = format!("parity: dbt builds the same {} years: {}", arguments.years, reported.join(", "));
    let extent = if arguments.long {
        Extent { employees: arguments.employees, years: 5, scenarios: true }
    } else {
        Extent { employees: 300, years: 1, scenarios: false }
    };
    let runner = runner::compare(&program, &dbts, extent)?;
    // dbt Core takes seven times as long.
    let canaries = canary::run(&program, if arguments.long { &dbts } else { &dbts[..1] })?;
    let full_disk = full_disk::run(&program, &dbts[0])?;
    let cases = dbts
        .iter()
        .enumerate()
        .map(|(at, dbt)| (dbt.clone(), if at == 0 { arguments.kills } else { arguments.kills.div_ceil(6) }));
    let kills = kills::run(&program, &cases.collect::<Vec<_>>(), arguments.seed)?;
    Ok([same, runner, canaries, full_disk, kills].join("\n"))
}

/// Whether dbt finds its project unchanged in the manifest that `planalign dbt compile` writes.
fn check_artifacts(program: &Path, dbt: &Dbt, folder: &Path) -> Result<(), ParityError> {
    let (state, database) = (folder.join("state"), folder.join("artifacts.duckdb"));
    let mut compile = Command::new(program);
    compile.args(["dbt", "compile", "--quiet", "--project-dir"]).arg(workspace::root().join("dbt"));
    compile.arg("--target-path").arg(&state).env("PLANALIGN_DATABASE", &database);
    output_of(&mut compile)?;
    let changed = dbt.changed_since(&state, &database)?;
    if changed.is_empty() { Ok(()) } else { Err(ParityError::Manifest { changed }) }
}

/// Replaces a text of a file, which must have it.
fn replace_in(file: &Path, text: &'static str, by: &str) -> Result<(), ParityError> {
    let system = ParityError::system("change a file");
    let before = fs::read_to_string(file).map_err(&system)?;
    if !before.contains(text) {
        return Err(ParityError::Absent { text, file: file.to_owned() });
    }
    fs::write(file, before.replacen(text, by, 1)).map_err(system)
}

/// Writes a census for the comparisons.
fn write_census(out: &Path, employees: u32) -> Result<(), ParityError> {
    let (as_of, out) = (date(START_YEAR - 1, 12, 31), out.to_owned());
    census::run(&CensusArguments { employees, seed: 1, out, as_of, terminated: 20, bad_rows: 0, with_ssn: false })?;
    Ok(())
}

fn settings_of(scenario: Option<PathBuf>) -> Result<SimulationConfig, ParityError> {
    let file = workspace::root().join("config/simulation_config.yaml");
    Ok(load(&Sources { file, scenario, ..Sources::default() })?.settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_not_there_is_not_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        fs::write(&file, "a b a").expect("write");
        replace_in(&file, "a", "c").expect("replaced");
        assert_eq!(fs::read_to_string(&file).expect("read"), "c b a");
        replace_in(&file, "d", "e").expect_err("absent");
    }
}
