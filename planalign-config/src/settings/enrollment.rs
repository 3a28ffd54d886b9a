//! How employees enroll in the plan, and at which deferral rates.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{CalendarDate, Multiplier, PositiveShare, Share};
use super::month_day::MonthDay;
use super::segments::{ByAge, ByIncome, ByJob};
use crate::fixed::Rate;
use crate::rate;

/// How employees enroll.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrollment {
    /// Automatic enrollment.
    pub auto_enrollment: AutoEnrollment,
    /// Voluntary enrollment.
    pub voluntary_enrollment: VoluntaryEnrollment,
}

/// Automatic enrollment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoEnrollment {
    /// Whether the plan enrolls employees automatically.
    pub enabled: bool,
    /// Who is enrolled automatically.
    pub scope: AutoEnrollmentScope,
    /// Only employees hired on or after this date (YYYY-MM-DD); `None`: everyone in scope.
    #[schemars(with = "Option<CalendarDate>")]
    pub hire_date_cutoff: Option<Date>,
    /// Days between the entry date and automatic enrollment.
    #[schemars(range(max = 365))]
    pub window_days: u16,
    /// Deferral rate for automatic enrollment.
    #[schemars(with = "PositiveShare")]
    pub default_deferral_rate: Rate,
    /// Days after automatic enrollment during which employees may opt out.
    #[schemars(range(max = 90), extend("x-note" = "IRC 414(w)(2)(B)"))]
    pub opt_out_grace_period: u16,
    /// Opt-out rates.
    pub opt_out_rates: OptOutRates,
}

/// Who is enrolled automatically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoEnrollmentScope {
    /// All eligible employees who don't defer.
    #[default]
    AllEligibleEmployees,
    /// Only employees hired during the simulation.
    NewHiresOnly,
}

/// Opt-out rates after automatic enrollment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptOutRates {
    /// Share that opts out when both multipliers are 1.
    #[schemars(with = "Share")]
    pub target: Rate,
    /// Multipliers by age: under 30, under 45, under 60, and 60 or older.
    #[schemars(with = "ByAge<Multiplier>")]
    pub age_multipliers: ByAge<Rate>,
    /// Multipliers by income: under $50,000, under $100,000, under $200,000, and higher.
    #[schemars(with = "ByIncome<Multiplier>")]
    pub income_multipliers: ByIncome<Rate>,
}

/// Voluntary enrollment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoluntaryEnrollment {
    /// Whether employees may enroll on their own.
    pub enabled: bool,
    /// Multiplier for every probability below.
    #[schemars(with = "Multiplier")]
    pub voluntary_enrollment_rate: Rate,
    /// Enrollment probability by age: under 31, under 46, under 56, and 56 or older.
    #[schemars(with = "ByAge<Share>")]
    pub base_rates_by_age: ByAge<Rate>,
    /// Multipliers by income segment.
    #[schemars(with = "ByIncome<Multiplier>")]
    pub income_multipliers: ByIncome<Rate>,
    /// Multipliers by group of job levels: 1 and 2, 3 and 4, 5 and 6, and higher.
    #[schemars(with = "ByJob<Multiplier>")]
    pub job_level_multipliers: ByJob<Rate>,
    /// Deferral rates chosen, by age and income segment.
    #[schemars(with = "ByAge<ByIncome<PositiveShare>>")]
    pub deferral_rates: ByAge<ByIncome<Rate>>,
    /// Highest deferral rate chosen.
    #[schemars(with = "PositiveShare")]
    pub max_deferral_rate: Rate,
}

/// Automatic annual increases in deferral rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeferralAutoEscalation {
    /// Whether the plan increases deferral rates automatically.
    pub enabled: bool,
    /// Day of the increases.
    pub effective_day: MonthDay,
    /// Annual increase in the deferral rate.
    #[schemars(with = "PositiveShare")]
    pub increment_amount: Rate,
    /// Deferral rate at which increases stop.
    #[schemars(with = "PositiveShare")]
    pub maximum_rate: Rate,
    /// Only employees hired on or after this date (YYYY-MM-DD); `None`: everyone.
    #[schemars(with = "Option<CalendarDate>")]
    pub hire_date_cutoff: Option<Date>,
    /// Calendar years between the year of enrollment and the first increase.
    #[schemars(range(max = 50))]
    pub first_escalation_delay_years: u8,
}

impl Default for AutoEnrollment {
    fn default() -> Self {
        Self {
            enabled: true,
            scope: AutoEnrollmentScope::default(),
            hire_date_cutoff: None,
            window_days: 45,
            default_deferral_rate: rate!(0.06),
            opt_out_grace_period: 30,
            opt_out_rates: OptOutRates::default(),
        }
    }
}

impl Default for OptOutRates {
    fn default() -> Self {
        Self {
            target: rate!(0.09),
            age_multipliers: ByAge {
                young: rate!(1.8),
                mid_career: rate!(1.1),
                mature: rate!(0.7),
                senior: rate!(0.4),
            },
            income_multipliers: ByIncome {
                low: rate!(1.3),
                moderate: rate!(1.0),
                high: rate!(0.8),
                executive: rate!(0.5),
            },
        }
    }
}

impl Default for VoluntaryEnrollment {
    fn default() -> Self {
        let rates = |low, moderate, high, executive| ByIncome { low, moderate, high, executive };
        Self {
            enabled: true,
            voluntary_enrollment_rate: rate!(1.0),
            base_rates_by_age: ByAge {
                young: rate!(0.3),
                mid_career: rate!(0.55),
                mature: rate!(0.7),
                senior: rate!(0.8),
            },
            income_multipliers: rates(rate!(0.7), rate!(1.0), rate!(1.15), rate!(1.25)),
            job_level_multipliers: ByJob {
                individual: rate!(0.9),
                senior: rate!(1.0),
                manager: rate!(1.1),
                executive: rate!(1.2),
            },
            deferral_rates: ByAge {
                young: rates(rate!(0.03), rate!(0.03), rate!(0.04), rate!(0.06)),
                mid_career: rates(rate!(0.04), rate!(0.06), rate!(0.08), rate!(0.1)),
                mature: rates(rate!(0.05), rate!(0.08), rate!(0.1), rate!(0.12)),
                senior: rates(rate!(0.06), rate!(0.1), rate!(0.12), rate!(0.15)),
            },
            max_deferral_rate: rate!(0.1),
        }
    }
}

impl Default for DeferralAutoEscalation {
    fn default() -> Self {
        Self {
            enabled: true,
            effective_day: MonthDay::NEW_YEAR,
            increment_amount: rate!(0.01),
            maximum_rate: rate!(0.1),
            hire_date_cutoff: None,
            first_escalation_delay_years: 1,
        }
    }
}
