//! Random IDs.

use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;

/// Creates the ID of a run that starts at this time: UTC and a random suffix, `20251123T184012-3f2a9c`. IDs sort by time.
#[must_use]
pub fn new_run_id(started_at: Timestamp) -> String {
    // Every `RandomState` has its own keys, seeded by the operating system.
    let suffix = RandomState::new().hash_one(started_at) & 0x00ff_ffff;
    format!("{}-{suffix:06x}", started_at.strftime("%Y%m%dT%H%M%S"))
}

/// Creates a random UUID (version 4), such as dbt's `invocation_id`.
#[must_use]
pub fn new_uuid() -> String {
    let random = || RandomState::new().hash_one(0);
    let digits = format!("{:016x}{:016x}", random(), random());
    // Version 4, variant 8.
    format!("{}-{}-4{}-8{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn uuids_differ_and_have_their_form() {
        let uuids: BTreeSet<String> = (0..50).map(|_| new_uuid()).collect();
        assert_eq!(uuids.len(), 50);
        for uuid in uuids {
            let parts: Vec<_> = uuid.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
            assert_eq!((&uuid[14..15], &uuid[19..20]), ("4", "8"));
        }
    }

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
