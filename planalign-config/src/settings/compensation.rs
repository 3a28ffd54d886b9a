//! Raises and promotions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HIGHEST_PAY;
use super::markers::{Share, Shares};
use super::month_day::MonthDay;
use super::segments::JobLevel;
use crate::fixed::Rate;
use crate::rate;

/// Raises and promotions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compensation {
    /// Annual cost-of-living adjustment, on top of merit.
    #[schemars(with = "Share")]
    pub cola_rate: Rate,
    /// Merit budget as a share of opening payroll; `None`: the seed's merit rates, unscaled.
    #[schemars(with = "Option<Share>")]
    pub merit_budget: Option<Rate>,
    /// When raises take effect.
    pub raise_timing: RaiseTiming,
    /// When promotions take effect.
    pub promotion_day: MonthDay,
    /// Multiplier for the seed's promotion rates.
    #[schemars(range(min = 0, max = 100))]
    pub promotion_rate_multiplier: Rate,
    /// How promotions change pay.
    pub promotion_compensation: PromotionCompensation,
}

/// When raises take effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseTiming {
    /// How the day of a raise is chosen.
    pub method: RaiseMethod,
    /// Day of the raises, with `fixed_day`.
    pub day: MonthDay,
    /// Share of raises in each month, January to December, with `monthly_shares`.
    #[schemars(with = "Shares<12>")]
    pub monthly_shares: [f64; 12],
}

/// How the day of a raise is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaiseMethod {
    /// The same day for everyone.
    #[default]
    FixedDay,
    /// A month drawn by these shares, then a random day in it.
    MonthlyShares,
}

/// How promotions change pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromotionCompensation {
    /// Center of the distribution of increases.
    #[schemars(with = "Share")]
    pub base_increase_pct: Rate,
    /// How increases are distributed around it.
    pub distribution_type: PromotionDistribution,
    /// Half the width of the distribution, with `uniform`.
    #[schemars(with = "Share")]
    pub distribution_range: Rate,
    /// Standard deviation, with `normal`.
    #[schemars(with = "Share")]
    pub normal_std_dev: Rate,
    /// Maximum increase as a share of pay.
    #[schemars(range(min = 0, max = 10))]
    pub max_cap_pct: Rate,
    /// Maximum increase in dollars.
    #[schemars(range(max = HIGHEST_PAY))]
    pub max_cap_amount: u32,
    /// Fixed increase by current level, such as `{ 4: 0.15 }`.
    #[schemars(
        with = "BTreeMap<JobLevel, Share>",
        extend("propertyNames" = { "enum": ["1", "2", "3", "4"] }, "x-note" = "nobody is promoted from level 5")
    )]
    pub level_overrides: BTreeMap<JobLevel, Rate>,
}

/// How promotion increases are distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromotionDistribution {
    /// Evenly between base - range and base + range.
    #[default]
    Uniform,
    /// Normally around the base.
    Normal,
    /// Everyone gets the base.
    Deterministic,
}

impl Default for Compensation {
    fn default() -> Self {
        Self {
            cola_rate: rate!(0.02),
            merit_budget: Some(rate!(0.035)),
            raise_timing: RaiseTiming::default(),
            promotion_day: MonthDay::new(2, 1).unwrap_or(MonthDay::NEW_YEAR),
            promotion_rate_multiplier: rate!(1.0),
            promotion_compensation: PromotionCompensation::default(),
        }
    }
}

impl Default for RaiseTiming {
    fn default() -> Self {
        Self {
            method: RaiseMethod::default(),
            day: MonthDay::new(7, 15).unwrap_or(MonthDay::NEW_YEAR),
            monthly_shares: [0.26, 0.03, 0.06, 0.17, 0.04, 0.05, 0.21, 0.03, 0.04, 0.07, 0.02, 0.02],
        }
    }
}

impl Default for PromotionCompensation {
    fn default() -> Self {
        Self {
            base_increase_pct: rate!(0.2),
            distribution_type: PromotionDistribution::default(),
            distribution_range: rate!(0.05),
            normal_std_dev: rate!(0.02),
            max_cap_pct: rate!(0.3),
            max_cap_amount: 500_000,
            level_overrides: BTreeMap::new(),
        }
    }
}
