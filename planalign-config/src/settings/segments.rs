//! Values by segment of people, and the job levels.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One value per age segment. Where each ends depends on the setting and is told in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByAge<T> {
    /// The youngest.
    pub young: T,
    /// From the end of the youngest, up to 45 or so.
    pub mid_career: T,
    /// Up to about 60.
    pub mature: T,
    /// The oldest.
    pub senior: T,
}

/// One value per income segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByIncome<T> {
    /// Below 50,000.
    pub low: T,
    /// Below 100,000.
    pub moderate: T,
    /// Below 200,000.
    pub high: T,
    /// All above.
    pub executive: T,
}

/// One value per group of job levels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByJob<T> {
    /// Levels 1 and 2.
    pub individual: T,
    /// Levels 3 and 4.
    pub senior: T,
    /// Levels 5 and 6.
    pub manager: T,
    /// All above.
    pub executive: T,
}

/// A job level as the key of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct JobLevel(u8);

impl JobLevel {
    /// The number of the level, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl FromStr for JobLevel {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for JobLevel {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<JobLevel> for String {
    fn from(level: JobLevel) -> Self {
        level.to_string()
    }
}

impl fmt::Display for JobLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
