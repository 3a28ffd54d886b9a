//! Strategies for retrying a failed stage.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a retry of a stage does differently. Journals store its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum RetryStrategy {
    /// Retry after a pause of whole milliseconds.
    Pause(Duration),
    /// Build one model after the other, also in the rest of the run.
    OneWorker,
    /// Run each statement on one thread.
    OneThread,
    /// Rebuild the stage's tables, although they were committed.
    RebuildTables,
    /// Allow more memory or use less, as described by the unit of work.
    RelieveMemory(String),
    /// A strategy of a newer version, by its text.
    Other(String),
}

const PREFIX: &str = "again ";
const WITH_ONE_WORKER: &str = "with one worker from now on";
const ON_ONE_THREAD: &str = "on one thread";
const WITH_TABLES_REBUILT: &str = "with its tables rebuilt";
/// As older versions wrote it.
const WITH_TABLES_REBUILT_IN_OLD_JOURNALS: &str = "with its tables built anew";

impl fmt::Display for RetryStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause(pause) => write!(f, "{PREFIX}after {} ms", pause.as_millis()),
            Self::OneWorker => write!(f, "{PREFIX}{WITH_ONE_WORKER}"),
            Self::OneThread => write!(f, "{PREFIX}{ON_ONE_THREAD}"),
            Self::RebuildTables => write!(f, "{PREFIX}{WITH_TABLES_REBUILT}"),
            Self::RelieveMemory(how) => write!(f, "{PREFIX}{how}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<RetryStrategy> for String {
    fn from(strategy: RetryStrategy) -> Self {
        strategy.to_string()
    }
}

impl From<String> for RetryStrategy {
    fn from(text: String) -> Self {
        let Some(how) = text.strip_prefix(PREFIX) else { return Self::Other(text) };
        let pause = how.strip_prefix("after ").and_then(|rest| rest.strip_suffix(" ms"));
        match (how, pause.and_then(|milliseconds| milliseconds.parse().ok())) {
            (_, Some(milliseconds)) => Self::Pause(Duration::from_millis(milliseconds)),
            (WITH_ONE_WORKER, _) => Self::OneWorker,
            (ON_ONE_THREAD, _) => Self::OneThread,
            (WITH_TABLES_REBUILT | WITH_TABLES_REBUILT_IN_OLD_JOURNALS, _) => Self::RebuildTables,
            _ => Self::RelieveMemory(how.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_round_trip_through_journal_text() {
        let cases = [
            (RetryStrategy::Pause(Duration::from_millis(100)), "again after 100 ms"),
            (RetryStrategy::OneWorker, "again with one worker from now on"),
            (RetryStrategy::OneThread, "again on one thread"),
            (RetryStrategy::RebuildTables, "again with its tables rebuilt"),
            (
                RetryStrategy::RelieveMemory("on one thread, with rows in any order".to_owned()),
                "again on one thread, with rows in any order",
            ),
            (RetryStrategy::RelieveMemory("after a few ms".to_owned()), "again after a few ms"),
            (RetryStrategy::Other("elsewhere".to_owned()), "elsewhere"),
        ];
        for (strategy, words) in cases {
            let json = serde_json::to_string(&strategy).expect("JSON");
            assert_eq!(json, format!("\"{words}\""));
            assert_eq!(serde_json::from_str::<RetryStrategy>(&json).expect("strategy"), strategy);
        }
        let older = "again with its tables built anew".to_owned();
        assert_eq!(RetryStrategy::from(older), RetryStrategy::RebuildTables);
    }
}
