//! A place in a run that a user names.

use std::fmt;
use std::str::FromStr;

use planalign_registries::CheckpointKey;

/// `2026/VALIDATION`, or `2026` for all checkpoints of a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Simulated year.
    pub year: i32,
    /// Stage, in any case.
    pub stage: Option<String>,
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (year, stage) = text.split_once('/').map_or((text, None), |(year, stage)| (year, Some(stage.to_owned())));
        let year = year.parse().map_err(|_| format!("`{text}` is not of the form 2026/VALIDATION"))?;
        Ok(Self { year, stage })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Some(stage) => write!(f, "{}/{stage}", self.year),
            None => write!(f, "{}", self.year),
        }
    }
}

impl Point {
    /// Whether a checkpoint is there.
    #[must_use]
    pub fn names(&self, key: &CheckpointKey) -> bool {
        key.year == self.year && self.stage.as_ref().is_none_or(|stage| key.stage.eq_ignore_ascii_case(stage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_a_year_with_or_without_a_stage() {
        for (text, year, stage) in [("2026", 2026, None), ("2026/VALIDATION", 2026, Some("VALIDATION".to_owned()))] {
            let point: Point = text.parse().expect("a point");
            assert_eq!((point.to_string().as_str(), &point), (text, &Point { year, stage }));
        }
        assert!("VALIDATION".parse::<Point>().is_err());
    }
}
