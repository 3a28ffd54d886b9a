//! The threads, memory, and disk space that a run uses.

use std::fmt;
use std::num::NonZero;
use std::path::Path;

use planalign_config::disk::free_space_at;
use planalign_config::fixed::{Fixed, grouped};
use planalign_config::{DatabaseOptions, counted};
use planalign_pipeline::RunPlan;

use crate::error::Error;
use crate::inputs::Inputs;
use crate::session::RunOptions;

/// Measured: up to this many people, one thread is faster than several, because the tables are too small to split.
pub(crate) const ONE_THREAD_UP_TO: u64 = 30_000;

/// Measured: up to that many people, models of a stage are faster side by side, but more than two gain nothing.
const WORKERS: usize = 2;

/// Measured: more memory than this doesn't make a run faster.
const MEMORY_AT_LEAST: u64 = 700_000_000;
const MEMORY_PER_PERSON: u64 = 6_500;

/// Measured: bytes of a database with a few people, and bytes that each person adds per year. Files of 10,000 and 100,000
/// people over five years grow to 57 and 455 MB.
const AT_LEAST: u64 = 9_000_000;
const PER_PERSON_AND_YEAR: u64 = 830;

/// Fails if the disk is too full for a run. `years` is the number of years still to simulate; only a new file also needs the
/// base size. `copies` of the file exist while another process works on it.
pub(crate) fn require_disk_space(
    database: &Path,
    people: u64,
    years: u64,
    is_new: bool,
    copies: u64,
) -> Result<(), Error> {
    let growth = people * years * PER_PERSON_AND_YEAR + if is_new { AT_LEAST } else { 0 };
    let now = std::fs::metadata(database).map_or(0, |file| file.len());
    let needed = growth + copies * (now + growth);
    let free = free_space_at(database).unwrap_or(u64::MAX);
    if free >= needed {
        return Ok(());
    }
    Err(Error::Space { needed, free, people, years })
}

/// The bytes that a new run copies in all before its calls of a dbt executable, if files can't share blocks.
pub(crate) fn copied_bytes(plan: &RunPlan, people: u64) -> u64 {
    let calls = plan.remaining().filter(|(_, _, models)| *models > 0);
    let size = |year: i32| {
        let years = u64::try_from(year - plan.start_year()).unwrap_or(0);
        AT_LEAST + people * years * PER_PERSON_AND_YEAR
    };
    calls.map(|(year, _, _)| size(year)).sum()
}

/// The threads of the engine, and the workers that build models side by side. Together they keep up to
/// `workers + threads - 1` cores busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Cores that the process may use.
    pub cores: usize,
    /// People in the census.
    pub people: u64,
    /// Threads of the engine for all statements together.
    pub threads: usize,
    /// How many models of a parallel-safe stage are built at the same time.
    pub workers: usize,
    /// Why.
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The size of the census decides.
    Size,
    /// The user decides.
    Chosen,
    /// The user wants this many workers, but there are too few cores.
    TooFewCores(usize),
    /// dbt 2.0 builds two models at the same time, even with `--threads 1`.
    Dbt2,
}

impl Resources {
    /// Decides from the caller's options, else from the configuration, else from the size of the census. Workers never exceed the
    /// cores, but threads that the user chose are kept. `dbt` is the version of the dbt that builds the models, if any.
    pub(crate) fn new(run: &RunOptions, inputs: &Inputs, dbt: Option<&str>) -> Self {
        let optimization = &inputs.config.settings.optimization;
        // Heeds affinity and the limits of a container.
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = run.threads.or(optimization.threads).map(usize::from);
        let workers = run.workers.or(optimization.workers).map(usize::from);
        Self::of(cores, inputs.census.rows, threads, workers, dbt.is_some_and(|version| version.starts_with("2.")))
    }

    fn of(cores: usize, people: u64, threads: Option<usize>, workers: Option<usize>, is_dbt_2: bool) -> Self {
        let is_small = people <= ONE_THREAD_UP_TO;
        let least = if is_dbt_2 { 2 } else { 1 };
        let wanted = workers.unwrap_or(if is_small { WORKERS } else { 1 }).max(least);
        let left = |used: usize| (cores + 1).saturating_sub(used).max(1);
        let is_chosen = threads.is_some() || workers.is_some();
        let threads = threads.unwrap_or(if is_small { 1 } else { left(wanted) });
        let allowed = wanted.min(left(threads)).max(least);
        let why = match workers {
            Some(workers) if workers > allowed => Why::TooFewCores(workers),
            _ if is_dbt_2 => Why::Dbt2,
            _ if is_chosen => Why::Chosen,
            _ => Why::Size,
        };
        Self { cores, people, threads, workers: allowed, why }
    }

    /// Says so if there are fewer workers than asked for.
    pub(crate) fn log(&self) {
        if let Why::TooFewCores(_) = self.why {
            log::warn!("{self}");
        }
    }

    /// Options for the database of a run.
    pub(crate) fn database_options(&self, inputs: &Inputs) -> DatabaseOptions {
        DatabaseOptions {
            threads: Some(self.threads),
            memory_limit: inputs.config.settings.optimization.memory_limit_gb.map(bytes),
            memory_need: Some(MEMORY_AT_LEAST.max(self.people * MEMORY_PER_PERSON)),
            ..DatabaseOptions::default()
        }
    }
}

impl fmt::Display for Resources {
    /// `2 workers and 1 engine thread on 2 cores`, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, people, threads, workers, why } = self;
        let count = |number: usize, what: &str| counted(number as u64, what);
        write!(
            f,
            "{} and {} on {}: ",
            count(*workers, "worker"),
            count(*threads, "engine thread"),
            count(*cores, "core")
        )?;
        match why {
            Why::TooFewCores(asked) => write!(f, "{asked} workers would need {} cores", asked + threads - 1),
            Why::Dbt2 => write!(f, "dbt 2.0 always builds at least two models at the same time"),
            Why::Chosen => write!(f, "as configured"),
            Why::Size => {
                let limit = grouped(ONE_THREAD_UP_TO.into());
                let people = grouped((*people).into());
                if self.people <= ONE_THREAD_UP_TO {
                    write!(f, "with {people} people (up to {limit}), models of a stage are faster side by side")
                } else {
                    write!(f, "with {people} people (more than {limit}), threads work on one model after the other")
                }
            }
        }
    }
}

fn bytes(gigabytes: Fixed<6>) -> u64 {
    u64::try_from(gigabytes.units() * 1_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cores, people, threads and workers asked for, whether dbt is 2.0; threads and workers decided, and why.
    type Case = (usize, u64, Option<usize>, Option<usize>, bool, usize, usize, &'static str);

    #[test]
    fn threads_and_workers_never_need_more_cores_than_there_are() {
        let small = "with 10,000 people (up to 30,000), models of a stage are faster side by side";
        let large = "with 100,000 people (more than 30,000), threads work on one model after the other";
        let cases: [Case; 14] = [
            (2, 10_000, None, None, false, 1, 2, small),
            (1, 10_000, None, None, false, 1, 1, small),
            (8, 10_000, None, None, false, 1, 2, small),
            (2, 100_000, None, None, false, 2, 1, large),
            (8, 100_000, None, None, false, 8, 1, large),
            (2, 10_000, None, Some(8), false, 1, 2, "8 workers would need 8 cores"),
            (2, 10_000, Some(2), Some(2), false, 2, 1, "2 workers would need 3 cores"),
            (2, 10_000, Some(2), None, false, 2, 1, "as configured"),
            (2, 10_000, Some(9), None, false, 9, 1, "as configured"),
            (2, 10_000, None, Some(1), false, 1, 1, "as configured"),
            (8, 100_000, None, Some(2), false, 7, 2, "as configured"),
            (8, 10_000, Some(4), Some(4), false, 4, 4, "as configured"),
            (2, 100_000, None, None, true, 1, 2, "dbt 2.0 always builds at least two models at the same time"),
            (8, 100_000, None, Some(1), true, 7, 2, "dbt 2.0 always builds at least two models at the same time"),
        ];
        for (cores, people, threads, workers, is_dbt_2, expected_threads, expected_workers, why) in cases {
            let found = Resources::of(cores, people, threads, workers, is_dbt_2);
            let asked = format!("{cores} cores, {people} people, {threads:?} threads, {workers:?} workers");
            assert_eq!((found.threads, found.workers), (expected_threads, expected_workers), "{asked}");
            assert!(found.to_string().ends_with(why), "{asked}: {found}");
        }
    }

    #[test]
    fn what_is_decided_is_a_sentence() {
        let found = Resources::of(2, 10_000, None, Some(8), false).to_string();
        assert_eq!(found, "2 workers and 1 engine thread on 2 cores: 8 workers would need 8 cores");
    }
}
