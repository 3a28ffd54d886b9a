//! Names of runs.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

/// Names runs, never twice.
pub trait RunIds: Send + Sync {
    /// The name of a run that starts at this time.
    fn next(&self, started_at: Timestamp) -> String;
}

/// UTC time of the start and a random suffix: `20251123T184012-3f2a9c`. Names sort by time.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomRunIds;

impl RunIds for RandomRunIds {
    fn next(&self, started_at: Timestamp) -> String {
        // Every `RandomState` has keys of its own, seeded by the operating system.
        let suffix = RandomState::new().hash_one(started_at) & 0x00ff_ffff;
        format!("{}-{suffix:06x}", started_at.strftime("%Y%m%dT%H%M%S"))
    }
}

/// `run-1`, `run-2` and so on, for tests.
#[derive(Debug, Default)]
pub struct SequentialRunIds {
    given: AtomicU32,
}

impl RunIds for SequentialRunIds {
    fn next(&self, _started_at: Timestamp) -> String {
        format!("run-{}", self.given.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn random_names_tell_the_time_and_differ() {
        let start: Timestamp = "2025-11-23T18:40:12.9Z".parse().expect("time");
        let names: BTreeSet<String> = (0..50).map(|_| RandomRunIds.next(start)).collect();
        assert!(names.len() >= 49, "{names:?}");
        for name in names {
            let suffix = name.strip_prefix("20251123T184012-").expect("time");
            assert!(suffix.len() == 6 && suffix.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{name}");
        }
    }

    #[test]
    fn sequential_names_count() {
        let ids = SequentialRunIds::default();
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!([ids.next(start), ids.next(start)], ["run-1", "run-2"]);
    }
}
