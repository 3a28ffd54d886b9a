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
    /// Cost-of-living adjustment of a year, on top of merit.
    #[schemars(with = "Share")]
    pub cola_rate: Rate,
    /// Money for merit raises as a share of opening payroll; `None`: the merit rates of the seed as they are.
    #[schemars(with = "Option<Share>")]
    pub merit_budget: Option<Rate>,
    /// When raises take effect.
    pub raise_timing: RaiseTiming,
    /// When promotions take effect.
    pub promotion_day: MonthDay,
    /// Scales the promotion rates of the seed.
    #[schemars(range(min = 0, max = 100))]
    pub promotion_rate_multiplier: Rate,
    /// What a promotion does to pay.
    pub promotion_compensation: PromotionCompensation,
}

/// When raises take effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseTiming {
    /// One day for all, or drawn.
    pub method: RaiseMethod,
    /// The day, with `fixed_day`.
    pub day: MonthDay,
    /// Share of the raises in each month, January to December, with `monthly_shares`.
    #[schemars(with = "Shares<12>")]
    pub monthly_shares: [f64; 12],
}

/// How the day of a raise is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaiseMethod {
    /// The same day for everyone.
    #[default]
    FixedDay,
    /// A month by shares, a day of it evenly.
    MonthlyShares,
}

/// What a promotion does to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromotionCompensation {
    /// Increase in the middle of the distribution.
    #[schemars(with = "Share")]
    pub base_increase_pct: Rate,
    /// How increases spread around it.
    pub distribution_type: PromotionDistribution,
    /// Half the width, with `uniform`.
    #[schemars(with = "Share")]
    pub distribution_range: Rate,
    /// Standard deviation, with `normal`.
    #[schemars(with = "Share")]
    pub normal_std_dev: Rate,
    /// Highest increase as a share of pay.
    #[schemars(range(min = 0, max = 10))]
    pub max_cap_pct: Rate,
    /// Highest increase in dollars.
    #[schemars(range(max = HIGHEST_PAY))]
    pub max_cap_amount: u32,
    /// Increase by present level, without spread, for example `{ 4: 0.15 }`.
    #[schemars(
        with = "BTreeMap<JobLevel, Share>",
        extend("propertyNames" = { "enum": ["1", "2", "3", "4"] }, "x-note" = "nobody is promoted from level 5")
    )]
    pub level_overrides: BTreeMap<JobLevel, Rate>,
}

/// How the increases of promotions spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromotionDistribution {
    /// Evenly over base +- range.
    #[default]
    Uniform,
    /// Normally around the base.
    Normal,
    /// Everyone has the base.
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
