//! The settings that the replay uses, with the documented defaults.
#![expect(clippy::struct_field_names, reason = "the names are those of the configuration file")]

use jiff::civil::Date;
use serde::Deserialize;

/// A fraction in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "f64")]
pub(super) struct Rate(pub(super) i128);

impl From<f64> for Rate {
    fn from(fraction: f64) -> Self {
        Self(format!("{fraction:.6}").replace('.', "").parse().expect("a fraction"))
    }
}

macro_rules! settings {
    ($($(#[$about:meta])* $name:ident { $($key:ident: $kind:ty = $default:expr,)* })*) => { $(
        $(#[$about])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(default)]
        pub(super) struct $name { $(pub(super) $key: $kind,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
    )* };
}

settings! {
    /// Keys are those of the configuration file.
    Settings {
        simulation: Simulation = Simulation::default(),
        workforce: Workforce = Workforce::default(),
        compensation: Compensation = Compensation::default(),
        plan_eligibility: PlanEligibility = PlanEligibility::default(),
        enrollment: Enrollment = Enrollment::default(),
        deferral_auto_escalation: Escalation = Escalation::default(),
        deferrals: Deferrals = Deferrals::default(),
        irs_limits: IrsLimits = IrsLimits::default(),
        employer_match: Match = Match::default(),
        employer_core_contribution: Core = Core::default(),
    }
    Simulation {
        start_year: i16 = 2025,
        end_year: i16 = 2029,
        target_growth_rate: Rate = Rate(30_000),
    }
    Workforce {
        total_termination_rate: Rate = Rate(120_000),
        new_hire_termination_rate: Rate = Rate(250_000),
        first_full_year_rate: Option<Rate> = None,
    }
    Compensation {
        cola_rate: Rate = Rate(20_000),
        merit_budget: Option<Rate> = Some(Rate(35_000)),
        raise_timing: RaiseTiming = RaiseTiming::default(),
        promotion_day: String = "02-01".to_owned(),
        promotion_compensation: PromotionCompensation = PromotionCompensation::default(),
    }
    RaiseTiming {
        method: String = "fixed_day".to_owned(),
        day: String = "07-15".to_owned(),
        monthly_shares: [f64; 12] = [0.26, 0.03, 0.06, 0.17, 0.04, 0.05, 0.21, 0.03, 0.04, 0.07, 0.02, 0.02],
    }
    PromotionCompensation {
        base_increase_pct: Rate = Rate(200_000),
        distribution_range: Rate = Rate(50_000),
        max_cap_pct: Rate = Rate(300_000),
        max_cap_amount: i128 = 500_000,
    }
    PlanEligibility {
        minimum_age: i64 = 21,
        waiting_period_days: i64 = 0,
        waiting_period_months: i64 = 0,
        minimum_hours_annual: i128 = 0,
        entry_dates: String = "immediate".to_owned(),
    }
    Enrollment {
        auto_enrollment: AutoEnrollment = AutoEnrollment::default(),
        voluntary_enrollment: VoluntaryEnrollment = VoluntaryEnrollment::default(),
    }
    AutoEnrollment {
        enabled: bool = true,
        scope: String = "all_eligible_employees".to_owned(),
        hire_date_cutoff: Option<Date> = None,
        window_days: i64 = 45,
        default_deferral_rate: Rate = Rate(60_000),
        opt_out_grace_period: i64 = 30,
        opt_out_rates: OptOutRates = OptOutRates::default(),
    }
    OptOutRates {
        target: Rate = Rate(90_000),
    }
    VoluntaryEnrollment {
        enabled: bool = true,
        voluntary_enrollment_rate: Rate = Rate(1_000_000),
        max_deferral_rate: Rate = Rate(100_000),
    }
    Escalation {
        enabled: bool = true,
        effective_day: String = "01-01".to_owned(),
        increment_amount: Rate = Rate(10_000),
        maximum_rate: Rate = Rate(100_000),
        hire_date_cutoff: Option<Date> = None,
        first_escalation_delay_years: i16 = 1,
    }
    Deferrals {
        maximum_rate: Rate = Rate(750_000),
        catch_up: bool = true,
        super_catch_up: bool = true,
    }
    IrsLimits {
        index_rate: Rate = Rate(25_000),
    }
    Match {
        active_formula: String = "tiered".to_owned(),
        tiers: Vec<Tier> = vec![
            Tier { up_to: Rate(30_000), rate: Rate(1_000_000) },
            Tier { up_to: Rate(50_000), rate: Rate(500_000) },
        ],
        match_cap_percent: Option<Rate> = Some(Rate(40_000)),
        compensation: String = "plan_year".to_owned(),
        match_catch_up: bool = true,
        eligibility: MatchEligibility = MatchEligibility::default(),
    }
    /// A tier of the match.
    Tier {
        up_to: Rate = Rate(0),
        rate: Rate = Rate(0),
    }
    Core {
        status: String = "flat".to_owned(),
        contribution_rate: Rate = Rate(20_000),
        eligibility: CoreEligibility = CoreEligibility::default(),
    }
    MatchEligibility {
        minimum_tenure_years: i128 = 0,
        minimum_hours_annual: i128 = 1000,
        require_active_at_year_end: bool = true,
        allow_new_hires: bool = true,
        allow_terminated_new_hires: bool = false,
        allow_experienced_terminations: bool = false,
    }
    CoreEligibility {
        minimum_tenure_years: i128 = 1,
        minimum_hours_annual: i128 = 1000,
        require_active_at_year_end: bool = true,
        allow_new_hires: bool = false,
        allow_terminated_new_hires: bool = false,
        allow_experienced_terminations: bool = false,
    }
}

impl Settings {
    /// The defaults with these changes, given as in a scenario file.
    pub(super) fn with(changes: &serde_json::Value) -> Self {
        serde_json::from_value(changes.clone()).expect("settings")
    }

    /// The day before the simulation.
    pub(super) fn census_date(&self) -> Date {
        super::calendar::last_day(self.simulation.start_year - 1)
    }
}
