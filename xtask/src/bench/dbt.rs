//! Measures what `simulate --runner dbt` costs on top of its calls of dbt.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BenchError, year_range};
use crate::dbt::Dbt;
use crate::workspace::{self, output_of};

/// Runs the program with dbt 2.0 and returns a line with the time of the run, of its calls, and of its copies.
pub(super) fn measure(
    years: &std::ops::RangeInclusive<i16>,
    census: &Path,
    folder: &Path,
) -> Result<String, BenchError> {
    let failed = |what: &'static str| move |cause| BenchError::System { what, cause };
    let times = folder.join("times");
    let dbt = Dbt::core_2()?.timed(folder, &times)?;
    let program = workspace::program().map_err(failed("find the built program"))?;
    let database = folder.join("bench.duckdb");
    let mut command = Command::new(&program);
    command.arg("simulate").arg(year_range(years)).args(["--progress", "none", "--runner", "dbt", "--dbt-executable"]);
    command.arg(&dbt.0).arg("--census").arg(census).arg("--database").arg(&database);
    command.arg("--reports").arg(folder.join("reports")).current_dir(workspace::root());
    let started = Instant::now();
    output_of(&mut command)?;
    let wall = started.elapsed();
    let calls: Vec<u64> = fs::read_to_string(&times)
        .map_err(failed("read the times of dbt"))?
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let in_dbt = Duration::from_nanos(calls.iter().sum());
    let log = output_of(Command::new(&program).args(["log", "--format", "json", "--database"]).arg(&database))?;
    let released: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["event"] == "database_released")
        .collect();
    let sum = |field: &str| released.iter().filter_map(|event| event[field].as_u64()).sum::<u64>();
    let copies = Duration::from_micros(sum("elapsed_us"));
    Ok(format!(
        "run {:.2} s, {} calls of dbt {:.2} s, ratio {:.3}; of the run, {} copies of the database took {:.2} s for {} MB; \
         without them, the ratio is {:.3}",
        wall.as_secs_f64(),
        calls.len(),
        in_dbt.as_secs_f64(),
        wall.as_secs_f64() / in_dbt.as_secs_f64(),
        released.len(),
        copies.as_secs_f64(),
        sum("bytes") / 1_000_000,
        (wall.as_secs_f64() - copies.as_secs_f64()) / in_dbt.as_secs_f64()
    ))
}
