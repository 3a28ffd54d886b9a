//! Values by employee segment, and job levels.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One value per age segment. The limits depend on the setting; its description lists them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByAge<T> {
    /// The youngest segment.
    pub young: T,
    /// Above the youngest, up to about 45.
    pub mid_career: T,
    /// Above mid-career, up to about 60.
    pub mature: T,
    /// The oldest segment.
    pub senior: T,
}

/// One value per income segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByIncome<T> {
    /// Under $50,000.
    pub low: T,
    /// Under $100,000.
    pub moderate: T,
    /// Under $200,000.
    pub high: T,
    /// $200,000 or more.
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
    /// Levels above 6.
    pub executive: T,
}

/// A job level as the key of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct JobLevel(u8);

impl JobLevel {
    /// Returns the level number, starting at 1.
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
