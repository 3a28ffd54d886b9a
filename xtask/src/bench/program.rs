//! Runs the program and measures it by its events.

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::measurement::Measurement;
use super::{BenchError, year_range};
use crate::workspace;

/// Exit code of a complete run with error findings; its time still counts.
const RAN_WITH_FINDINGS: i32 = 4;

/// A simulation to measure.
#[derive(Debug)]
pub(crate) struct Simulation {
    /// Years to simulate.
    pub(crate) years: RangeInclusive<i16>,
    /// The census file.
    pub(crate) census: PathBuf,
    /// Folder for the database and reports.
    pub(crate) folder: PathBuf,
    /// Engine threads.
    pub(crate) threads: Option<u16>,
    /// Models of a stage built at the same time.
    pub(crate) workers: Option<u16>,
    /// Another program than the one that was built.
    pub(crate) baseline: Option<Baseline>,
}

/// A program that was built in another checkout and runs there, with the settings and models of its time.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    program: PathBuf,
    checkout: PathBuf,
}

impl Baseline {
    /// Finds the checkout of a program in its `target` folder.
    pub(crate) fn find(program: &Path) -> Result<Self, BenchError> {
        let program =
            program.canonicalize().map_err(|cause| BenchError::System { what: "find the baseline", cause })?;
        let checkout = program.ancestors().skip(1).find(|folder| folder.join("dbt/dbt_project.yml").is_file());
        let checkout = checkout.ok_or(BenchError::NotInCheckout)?.to_owned();
        Ok(Self { program, checkout })
    }
}

impl Simulation {
    fn command(&self) -> Result<Command, BenchError> {
        let built =
            || workspace::program().map_err(|cause| BenchError::System { what: "find the built program", cause });
        let (program, folder) = match &self.baseline {
            Some(baseline) => (baseline.program.clone(), baseline.checkout.clone()),
            None => (built()?, workspace::root()),
        };
        let mut command = Command::new(program);
        command.arg("simulate").arg(year_range(&self.years)).args(["--progress", "json"]);
        command.arg("--census").arg(&self.census);
        command.arg("--database").arg(self.folder.join("bench.duckdb"));
        command.arg("--reports").arg(self.folder.join("reports"));
        command.args(self.threads.map(|threads| format!("--threads={threads}")));
        command.args(self.workers.map(|workers| format!("--workers={workers}")));
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(command)
    }
}

/// Runs the program to completion and measures it.
pub(crate) fn run(simulation: &Simulation) -> Result<Measurement, BenchError> {
    let failed = |what: &'static str| move |cause| BenchError::System { what, cause };
    let started = Instant::now();
    let mut child = simulation.command()?.spawn().map_err(failed("start planalign"))?;
    let mut measurement = Measurement::default();
    let mut messages = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line.map_err(failed("read the events of planalign"))?;
            if !measurement.observe(&line) {
                messages.push(line);
            }
            // The peak never falls, and the last events follow the last work.
            measurement.peak_bytes = peak_memory(child.id()).or(measurement.peak_bytes);
        }
    }
    let status = child.wait().map_err(failed("wait for planalign"))?;
    measurement.wall = started.elapsed();
    if status.success() || status.code() == Some(RAN_WITH_FINDINGS) {
        return Ok(measurement);
    }
    messages.append(&mut measurement.problems);
    Err(BenchError::Program { status, messages: messages.join("\n") })
}

/// Returns the peak memory of a running process, if the system reports it.
fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kilobytes.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb * 1024)
}
