//! What is done differently when a stage that failed is tried again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is done differently when a stage is tried again. Its text is what journals hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum RetryStrategy {
    /// The same again, after a pause of whole milliseconds.
    Pause(Duration),
    /// One thread works on each statement.
    OneThread,
    /// The tables of the stage are built again, though they were committed.
    RebuildTables,
    /// With more memory or less need of it, in the words of the unit of work.
    RelieveMemory(String),
    /// One that only a newer program knows, in its words.
    Other(String),
}

const AGAIN: &str = "again ";
const ON_ONE_THREAD: &str = "on one thread";
const WITH_TABLES_REBUILT: &str = "with its tables built anew";

impl fmt::Display for RetryStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause(pause) => write!(f, "{AGAIN}after {} ms", pause.as_millis()),
            Self::OneThread => write!(f, "{AGAIN}{ON_ONE_THREAD}"),
            Self::RebuildTables => write!(f, "{AGAIN}{WITH_TABLES_REBUILT}"),
            Self::RelieveMemory(how) => write!(f, "{AGAIN}{how}"),
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
        let Some(how) = text.strip_prefix(AGAIN) else { return Self::Other(text) };
        let pause = how.strip_prefix("after ").and_then(|rest| rest.strip_suffix(" ms"));
        match (how, pause.and_then(|milliseconds| milliseconds.parse().ok())) {
            (_, Some(milliseconds)) => Self::Pause(Duration::from_millis(milliseconds)),
            (ON_ONE_THREAD, _) => Self::OneThread,
            (WITH_TABLES_REBUILT, _) => Self::RebuildTables,
            _ => Self::RelieveMemory(how.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_survive_as_the_words_of_a_journal() {
        let cases = [
            (RetryStrategy::Pause(Duration::from_millis(100)), "again after 100 ms"),
            (RetryStrategy::OneThread, "again on one thread"),
            (RetryStrategy::RebuildTables, "again with its tables built anew"),
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
            assert_eq!(serde_json::from_str::<RetryStrategy>(&json).expect("a strategy"), strategy);
        }
    }
}
