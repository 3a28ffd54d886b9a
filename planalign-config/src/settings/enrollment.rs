//! How people come to take part in the plan, and at which rate.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{CalendarDate, Multiplier, PositiveShare, Share};
use super::month_day::MonthDay;
use super::segments::{ByAge, ByIncome, ByJob};

/// How people come to take part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrollment {
    /// Enrollment by the plan.
    pub auto_enrollment: AutoEnrollment,
    /// Enrollment by people's own choice.
    pub voluntary_enrollment: VoluntaryEnrollment,
}

/// Enrollment by the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoEnrollment {
    /// Whether there is any.
    pub enabled: bool,
    /// Whom it takes in.
    pub scope: AutoEnrollmentScope,
    /// Only people hired on or after this date (YYYY-MM-DD); `None`: everyone in the scope.
    #[schemars(with = "Option<CalendarDate>")]
    pub hire_date_cutoff: Option<Date>,
    /// Days between the entry date and automatic enrollment.
    #[schemars(range(max = 365))]
    pub window_days: u16,
    /// Deferral rate that the plan sets.
    #[schemars(with = "PositiveShare")]
    pub default_deferral_rate: f64,
    /// Days after automatic enrollment in which a person may opt out.
    #[schemars(range(max = 90), extend("x-note" = "IRC 414(w)(2)(B)"))]
    pub opt_out_grace_period: u16,
    /// How many do.
    pub opt_out_rates: OptOutRates,
}

/// Whom automatic enrollment takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoEnrollmentScope {
    /// Everyone who is eligible and does not defer.
    #[default]
    AllEligibleEmployees,
    /// Only those hired in the simulation.
    NewHiresOnly,
}

/// How many of those enrolled by the plan opt out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptOutRates {
    /// Share that opts out where both multipliers are 1.
    #[schemars(with = "Share")]
    pub target: f64,
    /// Under 30, under 45, under 60, above.
    #[schemars(with = "ByAge<Multiplier>")]
    pub age_multipliers: ByAge<f64>,
    /// By income segment: below 50,000, below 100,000, below 200,000, above.
    #[schemars(with = "ByIncome<Multiplier>")]
    pub income_multipliers: ByIncome<f64>,
}

/// Enrollment by people's own choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoluntaryEnrollment {
    /// Whether there is any.
    pub enabled: bool,
    /// Scales every probability below.
    #[schemars(with = "Multiplier")]
    pub voluntary_enrollment_rate: f64,
    /// Probability under 31, under 46, under 56, above.
    #[schemars(with = "ByAge<Share>")]
    pub base_rates_by_age: ByAge<f64>,
    /// By income segment.
    #[schemars(with = "ByIncome<Multiplier>")]
    pub income_multipliers: ByIncome<f64>,
    /// By group of job levels: 1 and 2, 3 and 4, 5 and 6, above.
    #[schemars(with = "ByJob<Multiplier>")]
    pub job_level_multipliers: ByJob<f64>,
    /// Deferral rate chosen, by age and income segment.
    #[schemars(with = "ByAge<ByIncome<PositiveShare>>")]
    pub deferral_rates: ByAge<ByIncome<f64>>,
    /// Highest rate that is chosen.
    #[schemars(with = "PositiveShare")]
    pub max_deferral_rate: f64,
}

/// Automatic yearly increases of deferral rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeferralAutoEscalation {
    /// Whether there are any.
    pub enabled: bool,
    /// Day of the increase.
    pub effective_day: MonthDay,
    /// Increase of the rate.
    #[schemars(with = "PositiveShare")]
    pub increment_amount: f64,
    /// Rate at which increases end.
    #[schemars(with = "PositiveShare")]
    pub maximum_rate: f64,
    /// Only people hired on or after this date (YYYY-MM-DD); `None`: everyone.
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
            default_deferral_rate: 0.06,
            opt_out_grace_period: 30,
            opt_out_rates: OptOutRates::default(),
        }
    }
}

impl Default for OptOutRates {
    fn default() -> Self {
        Self {
            target: 0.09,
            age_multipliers: ByAge { young: 1.8, mid_career: 1.1, mature: 0.7, senior: 0.4 },
            income_multipliers: ByIncome { low: 1.3, moderate: 1.0, high: 0.8, executive: 0.5 },
        }
    }
}

impl Default for VoluntaryEnrollment {
    fn default() -> Self {
        let rates = |low, moderate, high, executive| ByIncome { low, moderate, high, executive };
        Self {
            enabled: true,
            voluntary_enrollment_rate: 1.0,
            base_rates_by_age: ByAge { young: 0.30, mid_career: 0.55, mature: 0.70, senior: 0.80 },
            income_multipliers: rates(0.70, 1.0, 1.15, 1.25),
            job_level_multipliers: ByJob { individual: 0.90, senior: 1.0, manager: 1.10, executive: 1.20 },
            deferral_rates: ByAge {
                young: rates(0.03, 0.03, 0.04, 0.06),
                mid_career: rates(0.04, 0.06, 0.08, 0.10),
                mature: rates(0.05, 0.08, 0.10, 0.12),
                senior: rates(0.06, 0.10, 0.12, 0.15),
            },
            max_deferral_rate: 0.10,
        }
    }
}

impl Default for DeferralAutoEscalation {
    fn default() -> Self {
        Self {
            enabled: true,
            effective_day: MonthDay::NEW_YEAR,
            increment_amount: 0.01,
            maximum_rate: 0.10,
            hire_date_cutoff: None,
            first_escalation_delay_years: 1,
        }
    }
}
