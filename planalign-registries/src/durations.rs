//! Durations in records and events, as whole numbers in the unit given by their key.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Keys that end in `_ms`.
pub(crate) mod milliseconds {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Keys that end in `_us`.
pub(crate) mod microseconds {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::Duration;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record(#[serde(with = "super::milliseconds")] Duration, #[serde(with = "super::microseconds")] Duration);

    #[test]
    fn whole_units_are_written_and_longer_durations_are_capped() {
        let cases = [
            (Record(Duration::from_micros(1_999), Duration::from_nanos(1_999)), "[1,1]"),
            (Record(Duration::MAX, Duration::MAX), "[18446744073709551615,18446744073709551615]"),
        ];
        for (record, expected) in cases {
            assert_eq!(serde_json::to_string(&record).expect("JSON"), expected);
        }
        let read: Record = serde_json::from_str("[17,9]").expect("record");
        assert_eq!(read, Record(Duration::from_millis(17), Duration::from_micros(9)));
    }
}
