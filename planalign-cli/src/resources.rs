//! Whether the disk has room for a run.

use std::path::Path;

use planalign_config::disk::free_space_beside;

use crate::failure::Failure;

/// Measured: a database of a few people takes this much, and each person adds the other in each year. Files of 10,000 and 100,000
/// people over five years grow to 57 and 455 MB.
const AT_LEAST: u64 = 9_000_000;
const PER_PERSON_AND_YEAR: u64 = 830;

/// Refuses a run that cannot end for lack of space. `years` are those that are still to be simulated; a file that holds others
/// already grows by their rows only.
pub(crate) fn refuse_too_little(database: &Path, people: u64, years: u64, is_new: bool) -> Result<(), Failure> {
    let needed = people * years * PER_PERSON_AND_YEAR + if is_new { AT_LEAST } else { 0 };
    let free = free_space_beside(database).unwrap_or(u64::MAX);
    if free >= needed {
        return Ok(());
    }
    Err(Failure::Space { needed, free, people, years })
}
