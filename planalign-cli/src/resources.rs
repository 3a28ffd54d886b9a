//! The threads, memory, and disk space that a run uses.

use std::path::Path;

use planalign_config::DatabaseOptions;
use planalign_config::disk::free_space_at;
use planalign_config::fixed::Fixed;
use planalign_pipeline::RunPlan;

use crate::error::Error;
use crate::inputs::Inputs;

/// Measured: up to this many people, one thread is faster than several, because the tables are too small to split.
pub(crate) const ONE_THREAD_UP_TO: u64 = 30_000;

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

/// Options from the caller, else from the configuration, else from the size of the census.
pub(crate) fn database_options(threads: Option<u16>, inputs: &Inputs) -> DatabaseOptions {
    let optimization = &inputs.config.settings.optimization;
    let by_size = (inputs.census.rows <= ONE_THREAD_UP_TO).then_some(1);
    DatabaseOptions {
        threads: threads.or(optimization.threads).or(by_size).map(usize::from),
        memory_limit: optimization.memory_limit_gb.map(bytes),
        memory_need: Some(MEMORY_AT_LEAST.max(inputs.census.rows * MEMORY_PER_PERSON)),
        ..DatabaseOptions::default()
    }
}

fn bytes(gigabytes: Fixed<6>) -> u64 {
    u64::try_from(gigabytes.units() * 1_000).unwrap_or(u64::MAX)
}
