//! Run IDs.

use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;

/// Creates the ID of a run that starts at this time: UTC and a random suffix, `20251123T184012-3f2a9c`. IDs sort by time.
#[must_use]
pub fn new_run_id(started_at: Timestamp) -> String {
    // Every `RandomState` has its own keys, seeded by the operating system.
    let suffix = RandomState::new().hash_one(started_at) & 0x00ff_ffff;
    format!("{}-{suffix:06x}", started_at.strftime("%Y%m%dT%H%M%S"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_contain_the_time_and_differ() {
        let start: Timestamp = "2025-11-23T18:40:12.9Z".parse().expect("time");
        let names: BTreeSet<String> = (0..50).map(|_| new_run_id(start)).collect();
        assert!(names.len() >= 49, "{names:?}");
        for name in names {
            let suffix = name.strip_prefix("20251123T184012-").expect("time");
            assert!(suffix.len() == 6 && suffix.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{name}");
        }
    }
}
