//! Benchmarks: runs the real program on synthetic censuses and measures time and memory from its events.

mod dbt;
mod measurement;
mod program;
mod table;
mod workers;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::date;
use tempfile::TempDir;

use crate::census::{self, CensusArguments, CensusError};
use crate::dbt::DbtError;
use crate::workspace::{CommandError, cargo, output_of};
use measurement::Measurement;

/// First simulated year; the censuses are dated the day before.
const START_YEAR: i16 = 2025;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArguments {
    /// What to measure instead of the embedded runner
    #[arg(value_enum)]
    subject: Option<Subject>,
    /// Workforce sizes, one run each
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    employees: Vec<u32>,
    /// Years to simulate
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(i16).range(1..=50))]
    years: i16,
    /// Engine threads [default: all cores]
    #[arg(long)]
    threads: Option<u16>,
    /// Seed for the censuses
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// With `workers`, rounds of runs [default: 20, or 10 from 100,000 people on]
    #[arg(long)]
    rounds: Option<usize>,
    /// With `workers`, a program in the target folder of another checkout to compare with
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
}

/// Something else to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// What `simulate --runner dbt` costs on top of its calls of dbt 2.0
    Dbt,
    /// Runs with one and two workers, in turn
    Workers,
}

/// Why the benchmark failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The program can't be built.
    #[error(transparent)]
    Build(#[from] CommandError),
    /// dbt can't be installed.
    #[error(transparent)]
    Dbt(#[from] DbtError),
    /// A census can't be written.
    #[error(transparent)]
    Census(#[from] CensusError),
    /// An option has no effect.
    #[error("--rounds and --baseline only apply to `bench workers`")]
    OnlyForWorkers,
    /// The baseline has no settings and models of its own.
    #[error("--baseline needs a program in the target folder of a checkout, whose config and dbt folders it uses")]
    NotInCheckout,
    /// A file or process can't be accessed.
    #[error("can't {what}: {cause}")]
    System {
        /// What failed.
        what: &'static str,
        /// The system's error.
        cause: std::io::Error,
    },
    /// The program ended with an error.
    #[error("planalign ended with {status}:\n{messages}")]
    Program {
        /// Its exit status.
        status: std::process::ExitStatus,
        /// Its output other than events.
        messages: String,
    },
}

/// Builds the program, runs it once per size (or in rounds), and returns a table for each run.
pub(crate) fn run(arguments: &BenchArguments) -> Result<String, BenchError> {
    if arguments.subject != Some(Subject::Workers) && (arguments.rounds.is_some() || arguments.baseline.is_some()) {
        return Err(BenchError::OnlyForWorkers);
    }
    output_of(cargo().args(["build", "--quiet", "-p", "planalign-cli"]))?;
    let mut tables = Vec::new();
    for &employees in &arguments.employees {
        tables.push(match arguments.subject {
            None => table::render(employees, &measure(arguments, employees)?),
            Some(Subject::Workers) => {
                let folder = folder()?;
                let census = write_census(arguments, employees, folder.path())?;
                workers::measure(arguments, employees, &census, folder.path())?
            }
            Some(Subject::Dbt) => {
                let folder = folder()?;
                let census = write_census(arguments, employees, folder.path())?;
                format!("{employees} people: {}", dbt::measure(&years(arguments), &census, folder.path())?)
            }
        });
    }
    Ok(tables.join("\n\n"))
}

/// Runs the program once with a new database in a temporary folder.
fn measure(arguments: &BenchArguments, employees: u32) -> Result<Measurement, BenchError> {
    let folder = folder()?;
    let census = write_census(arguments, employees, folder.path())?;
    program::run(&program::Simulation {
        years: years(arguments),
        census,
        folder: folder.path().to_owned(),
        threads: arguments.threads,
        workers: None,
        baseline: None,
    })
}

fn folder() -> Result<TempDir, BenchError> {
    tempfile::tempdir().map_err(|cause| BenchError::System { what: "create a temporary folder", cause })
}

fn years(arguments: &BenchArguments) -> RangeInclusive<i16> {
    START_YEAR..=START_YEAR + arguments.years - 1
}

fn write_census(arguments: &BenchArguments, employees: u32, folder: &Path) -> Result<PathBuf, BenchError> {
    let census = folder.join("census.parquet");
    census::run(&CensusArguments {
        employees,
        seed: arguments.seed,
        out: census.clone(),
        as_of: date(START_YEAR - 1, 12, 31),
        terminated: 0,
        bad_rows: 0,
        with_ssn: false,
    })?;
    Ok(census)
}

/// Formats years like the program's argument.
fn year_range(years: &RangeInclusive<i16>) -> String {
    format!("{}-{}", years.start(), years.end())
}
