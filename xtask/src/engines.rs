//! Checks that DuckDB compiled from source and prebuilt give the same rows, and compares their speed.

mod pace;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use clap::Args;
use jiff::civil::date;
use planalign_config::DatabaseError;

use crate::census::{self, CensusArguments, CensusError};
use crate::copy::{Copy, CopyError};
use crate::relations;
use crate::simulation::{START_YEAR, Simulation, scenarios};
use crate::workspace::{self, CommandError, cargo, output_of};

/// Rows must depend neither on the engine nor on the machine's time zone.
const ZONES: [&str; 3] = ["UTC", "America/Chicago", "Asia/Tokyo"];

/// Options for the comparison.
#[derive(Args, Clone, Debug)]
pub(crate) struct EnginesArguments {
    /// Workforce size for the speed comparison
    #[arg(long, default_value_t = 10_000)]
    employees: u32,
    /// Runs per engine for the speed comparison; 0 compares rows only
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

/// Why the engines couldn't be compared, or how they differ.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnginesError {
    /// A build or a run failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The workspace can't be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The census can't be written.
    #[error(transparent)]
    Census(#[from] CensusError),
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
    /// Tables differ.
    #[error("in time zone {zone}, rows from `{}` differ from those of DuckDB built from source in UTC:\n  {}", program.display(), differences.join("\n  "))]
    Differs {
        /// The program.
        program: PathBuf,
        /// The time zone of the run.
        zone: &'static str,
        /// One line per relation.
        differences: Vec<String>,
    },
}

/// The program, linked with each engine.
struct Programs {
    source: PathBuf,
    prebuilt: PathBuf,
}

/// Builds the program with each engine, then compares rows and speed.
pub(crate) fn run(arguments: &EnginesArguments) -> Result<String, EnginesError> {
    let target = PathBuf::from(workspace::target_folder()?);
    let copy = Copy::of(&workspace::root(), &target.join("engines/workspace"))?;
    let programs = Programs { source: build(&copy, &target, "source")?, prebuilt: build(&copy, &target, "prebuilt")? };
    let folder = tempfile::tempdir().map_err(system("create a temporary folder"))?;
    let rows = compare_rows(&programs, folder.path())?;
    let same = format!("engines: same {rows} rows with both, in {} time zones", ZONES.len());
    if arguments.rounds == 0 {
        return Ok(same);
    }
    let census = write_census(arguments.employees, folder.path())?;
    Ok(format!("{same}\n{}", pace::compare(&programs, arguments, &census, folder.path())?))
}

/// Builds the program in the copy, which selects its engine without changing the workspace's.
fn build(copy: &Copy, target: &Path, engine: &str) -> Result<PathBuf, EnginesError> {
    let mut setup = Command::new(copy.folder().join("setup"));
    output_of(setup.args((engine == "source").then_some("--source")))?;
    let programs = target.join("engines").join(engine);
    let mut command = cargo();
    // Dependencies are shared; the wrapper keeps the copy's crates separate from the workspace's.
    command.current_dir(copy.folder()).env("CARGO_BUILD_BUILD_DIR", target).env("CARGO_TARGET_DIR", &programs);
    command.env("RUSTC_WORKSPACE_WRAPPER", copy.folder().join("xtask/engines/rustc.sh"));
    output_of(command.args(["build", "--quiet", "--locked", "-p", "planalign-cli"]))?;
    Ok(programs.join("debug").join(format!("planalign{}", env::consts::EXE_SUFFIX)))
}

/// Simulates two years with a small census, with the default settings and each scenario, in each time zone.
fn compare_rows(programs: &Programs, folder: &Path) -> Result<i64, EnginesError> {
    let census = write_census(1_000, folder)?;
    let mut rows = 0;
    for scenario in scenarios().map_err(system("list config/scenarios"))? {
        let reference = folder.join("source.duckdb");
        let simulation = Simulation {
            program: &programs.source,
            years: 2,
            census: &census,
            scenario: scenario.as_deref(),
            database: &reference,
            dbt: None,
        };
        simulation.run(&[("TZ", "UTC")])?;
        for (zone, program) in ZONES.iter().flat_map(|zone| [(zone, &programs.source), (zone, &programs.prebuilt)]) {
            let database = folder.join("other.duckdb");
            Simulation { program, database: &database, ..simulation }.run(&[("TZ", zone)])?;
            let found = relations::compare(&reference, &database)?;
            if !found.differences.is_empty() {
                return Err(EnginesError::Differs { program: program.clone(), zone, differences: found.differences });
            }
            rows += found.rows;
            fs::remove_file(database).map_err(system("remove a database"))?;
        }
        fs::remove_file(reference).map_err(system("remove a database"))?;
    }
    Ok(rows)
}

fn write_census(employees: u32, folder: &Path) -> Result<PathBuf, CensusError> {
    let (out, as_of) = (folder.join(format!("census_{employees}.csv")), date(START_YEAR - 1, 12, 31));
    census::run(&CensusArguments {
        employees,
        seed: 1,
        out: out.clone(),
        as_of,
        terminated: 20,
        bad_rows: 0,
        with_ssn: false,
    })?;
    Ok(out)
}

fn system(what: &'static str) -> impl Fn(io::Error) -> EnginesError {
    move |cause| EnginesError::System { what, cause }
}
