//! When the rules that check a run speak up.

use serde::{Deserialize, Serialize};

/// Thresholds of the rules; results do not depend on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Pay that can be.
    pub compensation_reasonableness: CompensationReasonableness,
    /// Hires to leavers.
    pub hire_termination_ratio: HireTerminationRatio,
}

/// Pay that can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompensationReasonableness {
    /// Annual rates of pay below this, in dollars, are errors.
    pub minimum_compensation: u32,
    /// Annual rates of pay above this, in dollars, are errors.
    pub maximum_compensation: u32,
    /// A yearly change of the average rate of pay by more than this share is a warning.
    pub maximum_average_change: f64,
}

/// Hires to leavers, in years whose headcount hardly changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HireTerminationRatio {
    /// Fewer hires to a leaver are a warning.
    pub minimum_ratio: f64,
    /// More hires to a leaver are a warning.
    pub maximum_ratio: f64,
    /// The headcount hardly changes if it does by at most this share.
    pub steady_growth: f64,
}

impl Default for CompensationReasonableness {
    fn default() -> Self {
        Self { minimum_compensation: 10_000, maximum_compensation: 5_000_000, maximum_average_change: 0.15 }
    }
}

impl Default for HireTerminationRatio {
    fn default() -> Self {
        Self { minimum_ratio: 0.3, maximum_ratio: 3.0, steady_growth: 0.05 }
    }
}
