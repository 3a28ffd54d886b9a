//! Names checkpoints on the command line.

use std::fmt;
use std::str::FromStr;

use planalign_registries::CheckpointKey;

/// Selects one checkpoint (`2026/VALIDATION`) or all checkpoints of a year (`2026`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointSelector {
    /// Simulated year.
    pub year: i32,
    /// Stage, case-insensitive; `None` for all stages.
    pub stage: Option<String>,
}

impl FromStr for CheckpointSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (year, stage) = text.split_once('/').map_or((text, None), |(year, stage)| (year, Some(stage.to_owned())));
        let year = year.parse().map_err(|_| format!("`{text}` is not of the form 2026/VALIDATION"))?;
        Ok(Self { year, stage })
    }
}

impl fmt::Display for CheckpointSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Some(stage) => write!(f, "{}/{stage}", self.year),
            None => write!(f, "{}", self.year),
        }
    }
}

impl CheckpointSelector {
    /// Whether the selector includes this checkpoint.
    #[must_use]
    pub fn matches(&self, key: &CheckpointKey) -> bool {
        key.year == self.year && self.stage.as_ref().is_none_or(|stage| key.stage.eq_ignore_ascii_case(stage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_a_year_with_or_without_a_stage() {
        for (text, year, stage) in [("2026", 2026, None), ("2026/VALIDATION", 2026, Some("VALIDATION".to_owned()))] {
            let selector: CheckpointSelector = text.parse().expect("a selector");
            assert_eq!((selector.to_string().as_str(), &selector), (text, &CheckpointSelector { year, stage }));
        }
        assert!("VALIDATION".parse::<CheckpointSelector>().is_err());
    }
}
