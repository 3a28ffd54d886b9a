//! Benchmarks: runs the real program on synthetic censuses and measures time and memory from its events.

mod measurement;
mod program;
mod table;

use std::ops::RangeInclusive;

use clap::Args;
use jiff::civil::date;

use crate::census::{self, CensusArguments, CensusError};
use crate::workspace::{CommandError, cargo, output_of};
use measurement::Measurement;

/// First simulated year; the censuses are dated the day before.
const START_YEAR: i16 = 2025;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArguments {
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
}

/// Why the benchmark failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The program can't be built.
    #[error(transparent)]
    Build(#[from] CommandError),
    /// A census can't be written.
    #[error(transparent)]
    Census(#[from] CensusError),
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

/// Builds the program, runs it once per size, and returns a table for each run.
pub(crate) fn run(arguments: &BenchArguments) -> Result<String, BenchError> {
    output_of(cargo().args(["build", "--quiet", "-p", "planalign-cli"]))?;
    let mut tables = Vec::new();
    for &employees in &arguments.employees {
        tables.push(table::render(employees, &measure(arguments, employees)?));
    }
    Ok(tables.join("\n\n"))
}

/// Runs the program once with a new database in a temporary folder.
fn measure(arguments: &BenchArguments, employees: u32) -> Result<Measurement, BenchError> {
    let folder =
        tempfile::tempdir().map_err(|cause| BenchError::System { what: "create a temporary folder", cause })?;
    let census = folder.path().join("census.parquet");
    census::run(&CensusArguments {
        employees,
        seed: arguments.seed,
        out: census.clone(),
        as_of: date(START_YEAR - 1, 12, 31),
        terminated: 0,
        bad_rows: 0,
        with_ssn: false,
    })?;
    let years = START_YEAR..=START_YEAR + arguments.years - 1;
    program::run(&program::Simulation { years, census, folder: folder.path().to_owned(), threads: arguments.threads })
}

/// Formats years like the program's argument.
fn year_range(years: &RangeInclusive<i16>) -> String {
    format!("{}-{}", years.start(), years.end())
}
