//! Terminations and hires.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HIGHEST_PAY;
use super::markers::{MILLIONTH, Share, Shares};
use crate::fixed::Rate;
use crate::rate;

/// Termination rates and part-time hires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workforce {
    /// Annual termination rate of experienced employees (hired before Jan 1 of the prior year).
    #[schemars(with = "Share")]
    pub total_termination_rate: Rate,
    /// Share of new hires who terminate in the year of hire.
    #[schemars(
        range(min = 0, max = 0.999),
        extend("x-note" = "if every new hire terminated, no number of hires would be enough")
    )]
    pub new_hire_termination_rate: Rate,
    /// Share of the prior year's hires who terminate; `None`: same as `new_hire_termination_rate`.
    #[schemars(with = "Option<Share>")]
    pub first_full_year_rate: Option<Rate>,
    /// Share of new hires who work 20 hours per week.
    #[schemars(with = "Share")]
    pub part_time_new_hire_pct: Rate,
}

/// Hires by job level and month.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hiring {
    /// Share of hires at each job level, 1 to 5; `None`: same as the current workforce.
    #[schemars(with = "Option<Shares<5>>")]
    pub level_shares: Option<[f64; 5]>,
    /// Share of hires in each month, January to December; `None`: spread evenly over the year.
    #[schemars(with = "Option<Shares<12>>")]
    pub monthly_shares: Option<[f64; 12]>,
}

/// Ages and pay of new hires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHire {
    /// Ages at hire and their relative frequencies.
    pub age_distribution: Vec<AgeWeight>,
    /// Hiring ranges that replace the seed's.
    ///
    /// ```yaml
    /// - { level: 1, min_compensation: 56000, max_compensation: 80000 }
    /// ```
    pub job_level_compensation: Vec<HiringRange>,
    /// New-hire pay relative to the hiring range.
    pub market_scenario: MarketScenario,
    /// Standard deviation of new hires' position in the hiring range.
    #[schemars(with = "Share")]
    pub range_position_std_dev: Rate,
}

/// An age at hire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeWeight {
    /// Age in completed years.
    #[schemars(range(min = 14, max = 100))]
    pub age: u8,
    /// Relative frequency.
    #[schemars(range(min = MILLIONTH, max = 1_000_000))]
    pub weight: Rate,
}

/// The hiring range of a job level, in dollars per year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HiringRange {
    /// Job level.
    #[schemars(range(min = 1, max = 5))]
    pub level: u8,
    /// Lowest pay.
    #[schemars(range(min = 1, max = HIGHEST_PAY))]
    pub min_compensation: u32,
    /// Highest pay.
    #[schemars(range(min = 1, max = HIGHEST_PAY))]
    pub max_compensation: u32,
}

/// New-hire pay relative to the hiring range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarketScenario {
    /// 5% below.
    Conservative,
    /// Same as the range.
    #[default]
    Baseline,
    /// 5% above.
    Competitive,
    /// 10% above.
    Aggressive,
}

impl Default for Workforce {
    fn default() -> Self {
        Self {
            total_termination_rate: rate!(0.12),
            new_hire_termination_rate: rate!(0.25),
            first_full_year_rate: None,
            part_time_new_hire_pct: rate!(0.0),
        }
    }
}

impl Default for NewHire {
    fn default() -> Self {
        let ages = [
            (22, rate!(0.05)),
            (25, rate!(0.15)),
            (28, rate!(0.2)),
            (32, rate!(0.25)),
            (35, rate!(0.15)),
            (40, rate!(0.1)),
            (45, rate!(0.08)),
            (50, rate!(0.02)),
        ];
        Self {
            age_distribution: ages.map(|(age, weight)| AgeWeight { age, weight }).to_vec(),
            job_level_compensation: Vec::new(),
            market_scenario: MarketScenario::default(),
            range_position_std_dev: rate!(0.1),
        }
    }
}
