//! What an instrumented process leaves when it ends: its counters, function by function.
//!
//! The layout is that of LLVM's `InstrProfData.inc`, version 10, which rustc 1.95 writes.

use std::collections::HashMap;

use super::Malformed;
use super::bytes::Bytes;

const MAGIC: u64 = u64::from_be_bytes([255, b'l', b'p', b'r', b'o', b'f', b'r', 129]);
const VERSION: u64 = 10;

/// Bits of the version that tell variants of the format; those of Rust are plain.
const VARIANTS: u64 = 0xff << 56;

/// Size of what the profile holds about a function, beside its counters.
const RECORD: u64 = 64;

/// A function: the hash of its name and the hash of its control flow.
pub(crate) type FunctionKey = (u64, u64);

/// The counters of all functions, added up over processes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(HashMap<FunctionKey, Vec<u64>>);

impl Counts {
    /// The counters of a function; none if no process had it.
    pub(crate) fn of(&self, function: FunctionKey) -> &[u64] {
        self.0.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Adds the counters of a process, all of them or none.
    pub(crate) fn add(&mut self, profile: &[u8]) -> Result<(), Malformed> {
        for (function, counters) in read(profile)? {
            let sums = self.0.entry(function).or_default();
            sums.resize(counters.len().max(sums.len()), 0);
            for (sum, counter) in sums.iter_mut().zip(counters) {
                *sum = sum.saturating_add(counter);
            }
        }
        Ok(())
    }
}

/// Reads the counters of one process.
fn read(profile: &[u8]) -> Result<Vec<(FunctionKey, Vec<u64>)>, Malformed> {
    let mut bytes = Bytes(profile);
    let mut header = [0; 16];
    for field in &mut header {
        *field = bytes.u64()?;
    }
    let [magic, version, identity, functions, before, counters, _, _, _, _, delta, ..] = header;
    if magic != MAGIC || version & !VARIANTS != VERSION {
        return Err(Malformed("it is no profile of version 10"));
    }
    bytes.take(size(identity)?)?;
    let mut records = Bytes(bytes.take(size(functions.saturating_mul(RECORD))?)?);
    bytes.take(size(before)?)?;
    let counters = bytes.take(size(counters.saturating_mul(8))?)?;
    let mut found = Vec::new();
    for index in 0..functions {
        let mut record = Bytes(records.take(size(RECORD)?)?);
        let (name, flow, place) = (record.u64()?, record.u64()?, record.u64()?);
        record.take(3 * 8)?;
        let count = record.u32()?;
        // A place is told relative to its own record, the delta relative to the first one.
        let start = place.wrapping_sub(delta.wrapping_sub(index * RECORD));
        let mut values = Bytes(counters.get(size(start)?..).ok_or(Malformed("a counter lies outside"))?);
        let values: Result<Vec<u64>, Malformed> = (0..count).map(|_| values.u64()).collect();
        found.push(((name, flow), values?));
    }
    Ok(found)
}

fn size(value: u64) -> Result<usize, Malformed> {
    usize::try_from(value).map_err(|_| Malformed("a size is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile of two functions, with one and with two counters.
    fn profile(counters: [u64; 3]) -> Vec<u8> {
        let delta = 1_000_u64;
        let header = [MAGIC, VERSION | 1 << 63, 8, 2, 0, 3, 0, 0, 0, 0, delta, 0, 0, 0, 0, 2];
        // The second record is 64 bytes closer to its counters, which begin 8 bytes further.
        let functions = [[7, 70, delta, 0, 0, 0, 1, 0], [8, 80, delta - 64 + 8, 0, 0, 0, 2, 0]];
        let words = header.into_iter().chain([0]).chain(functions.concat()).chain(counters);
        words.flat_map(u64::to_le_bytes).collect()
    }

    #[test]
    fn counters_are_added_up_over_processes() {
        let mut counts = Counts::default();
        counts.add(&profile([1, 0, 5])).expect("first");
        counts.add(&profile([2, 0, u64::MAX])).expect("second");
        assert_eq!(counts.of((7, 70)), [3]);
        assert_eq!(counts.of((8, 80)), [0, u64::MAX]);
        assert!(counts.of((8, 81)).is_empty(), "another version of the function");
    }

    #[test]
    fn a_profile_that_was_not_written_to_its_end_adds_nothing() {
        let whole = profile([1, 2, 3]);
        let mut counts = Counts::default();
        for length in 0..whole.len() {
            assert!(counts.add(&whole[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(counts, Counts::default());
    }

    #[test]
    fn a_counter_outside_of_the_profile_is_an_error() {
        let mut lying = profile([1, 2, 3]);
        // Where the counters of the first function lie: behind the header, the identity, and two numbers of the function.
        lying[16 * 8 + 8 + 2 * 8..][..8].copy_from_slice(&9_999_u64.to_le_bytes());
        assert_eq!(Counts::default().add(&lying), Err(Malformed("a counter lies outside")));
    }

    #[test]
    fn other_versions_are_refused() {
        let mut newer = profile([1, 2, 3]);
        newer[8] = 11;
        assert_eq!(Counts::default().add(&newer), Err(Malformed("it is no profile of version 10")));
    }
}
