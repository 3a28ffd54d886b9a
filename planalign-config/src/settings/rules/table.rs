//! The table of settings: for each, what it may be. Rules that involve several settings are in [`crate::settings::cross_checks`].

use super::Allowed::{
    Choice, Date, Entries, Flag, Identifier, Line, MapOf, MonthDay, Number, Records, Section, Shares, Text, Texts,
    Whole,
};
use super::{Allowed, Rule};
use crate::settings::RATED_RULES;

/// From nothing to all.
const SHARE: Allowed = Number(0.0, 1.0);
/// More than nothing, up to all; a millionth is the least that counts.
const POSITIVE_SHARE: Allowed = Number(MILLIONTH, 1.0);
/// Anything from nothing to ten times.
const MULTIPLIER: Allowed = Number(0.0, 10.0);

const MILLIONTH: f64 = 0.000_001;
/// The models accept pay below 50 million dollars.
const HIGHEST_PAY: i64 = 49_999_999;

/// What each setting may be, in the order of the file.
pub(crate) const TABLE: &[Rule] = &[
    required("scenario_id", Identifier),
    required("plan_design_id", Identifier),
    required("simulation.start_year", Whole(2000, 2100)),
    required("simulation.end_year", Whole(2000, 2100)),
    required("simulation.random_seed", Whole(0, u32::MAX as i64)),
    required("simulation.target_growth_rate", Number(-1.0, 1.0)),
    required("census.path", Text),
    required("census.columns", MapOf(CENSUS_COLUMNS, &Text)),
    required("census.max_rejected_share", SHARE),
    required("workforce.total_termination_rate", SHARE),
    noted(
        "workforce.new_hire_termination_rate",
        Number(0.0, 0.999),
        "if every new hire left, no number of hires would be enough",
    ),
    nullable("workforce.first_full_year_rate", SHARE),
    required("workforce.part_time_new_hire_pct", SHARE),
    nullable("hiring.level_shares", Shares(5)),
    nullable("hiring.monthly_shares", Shares(12)),
    required(
        "new_hire.age_distribution",
        Records(&[("age", Whole(14, 100)), ("weight", Number(MILLIONTH, 1_000_000.0))]),
    ),
    required(
        "new_hire.job_level_compensation",
        Records(&[
            ("level", Whole(1, 5)),
            ("min_compensation", Whole(1, HIGHEST_PAY)),
            ("max_compensation", Whole(1, HIGHEST_PAY)),
        ]),
    ),
    required("new_hire.market_scenario", Choice(&["conservative", "baseline", "competitive", "aggressive"])),
    required("new_hire.range_position_std_dev", SHARE),
    required("compensation.cola_rate", SHARE),
    nullable("compensation.merit_budget", SHARE),
    required("compensation.raise_timing.method", Choice(&["fixed_day", "monthly_shares"])),
    required("compensation.raise_timing.day", MonthDay),
    required("compensation.raise_timing.monthly_shares", Shares(12)),
    required("compensation.promotion_day", MonthDay),
    required("compensation.promotion_rate_multiplier", Number(0.0, 100.0)),
    required("compensation.promotion_compensation.base_increase_pct", SHARE),
    required("compensation.promotion_compensation.distribution_type", Choice(&["uniform", "normal", "deterministic"])),
    required("compensation.promotion_compensation.distribution_range", SHARE),
    required("compensation.promotion_compensation.normal_std_dev", SHARE),
    required("compensation.promotion_compensation.max_cap_pct", Number(0.0, 10.0)),
    required("compensation.promotion_compensation.max_cap_amount", Whole(0, HIGHEST_PAY)),
    noted(
        "compensation.promotion_compensation.level_overrides",
        MapOf(&["1", "2", "3", "4"], &SHARE),
        "nobody is promoted from level 5",
    ),
    noted("plan_eligibility.minimum_age", Whole(0, 21), "IRC 410(a)(1)(A)"),
    noted("plan_eligibility.waiting_period_days", Whole(0, 365), "one year of service, IRC 410(a)(1)(A)"),
    noted("plan_eligibility.waiting_period_months", Whole(0, 12), "one year of service, IRC 410(a)(1)(A)"),
    noted("plan_eligibility.minimum_hours_annual", Whole(0, 1000), "IRC 410(a)(3)(A)"),
    noted(
        "plan_eligibility.entry_dates",
        Choice(&["immediate", "monthly", "quarterly", "semi_annual"]),
        "with annual dates people could wait longer than IRC 410(a)(4) allows",
    ),
    required("plan_eligibility.new_hire_ineligible_pct", SHARE),
    required("enrollment.auto_enrollment.enabled", Flag),
    required("enrollment.auto_enrollment.scope", Choice(&["all_eligible_employees", "new_hires_only"])),
    nullable("enrollment.auto_enrollment.hire_date_cutoff", Date),
    required("enrollment.auto_enrollment.window_days", Whole(0, 365)),
    required("enrollment.auto_enrollment.default_deferral_rate", POSITIVE_SHARE),
    noted("enrollment.auto_enrollment.opt_out_grace_period", Whole(0, 90), "IRC 414(w)(2)(B)"),
    required("enrollment.auto_enrollment.opt_out_rates.target", SHARE),
    required("enrollment.auto_enrollment.opt_out_rates.age_multipliers", MULTIPLIER),
    required("enrollment.auto_enrollment.opt_out_rates.income_multipliers", MULTIPLIER),
    required("enrollment.voluntary_enrollment.enabled", Flag),
    required("enrollment.voluntary_enrollment.voluntary_enrollment_rate", MULTIPLIER),
    required("enrollment.voluntary_enrollment.base_rates_by_age", SHARE),
    required("enrollment.voluntary_enrollment.income_multipliers", MULTIPLIER),
    required("enrollment.voluntary_enrollment.job_level_multipliers", MULTIPLIER),
    required("enrollment.voluntary_enrollment.deferral_rates", POSITIVE_SHARE),
    required("enrollment.voluntary_enrollment.max_deferral_rate", POSITIVE_SHARE),
    required("deferral_auto_escalation.enabled", Flag),
    required("deferral_auto_escalation.effective_day", MonthDay),
    required("deferral_auto_escalation.increment_amount", POSITIVE_SHARE),
    required("deferral_auto_escalation.maximum_rate", POSITIVE_SHARE),
    nullable("deferral_auto_escalation.hire_date_cutoff", Date),
    required("deferral_auto_escalation.first_escalation_delay_years", Whole(0, 50)),
    required("deferrals.maximum_rate", POSITIVE_SHARE),
    required("deferrals.catch_up", Flag),
    required("deferrals.super_catch_up", Flag),
    Rule { note: "limits never fall, IRC 415(d)", ..nullable("irs_limits.index_rate", SHARE) },
    required("employer_match.active_formula", Choice(&["none", "tiered"])),
    required("employer_match.tiers", Records(&[("up_to", POSITIVE_SHARE), ("rate", Number(0.0, 2.0))])),
    nullable("employer_match.match_cap_percent", POSITIVE_SHARE),
    required("employer_match.compensation", Choice(&["plan_year", "from_entry"])),
    required("employer_match.match_catch_up", Flag),
    noted("employer_match.eligibility.minimum_tenure_years", Whole(0, 2), TENURE),
    noted("employer_match.eligibility.minimum_hours_annual", Whole(0, 1000), HOURS),
    required("employer_match.eligibility.require_active_at_year_end", Flag),
    required("employer_match.eligibility.allow_new_hires", Flag),
    required("employer_match.eligibility.allow_terminated_new_hires", Flag),
    required("employer_match.eligibility.allow_experienced_terminations", Flag),
    required("employer_core_contribution.status", Choice(&["none", "flat"])),
    required("employer_core_contribution.contribution_rate", SHARE),
    noted("employer_core_contribution.eligibility.minimum_tenure_years", Whole(0, 2), TENURE),
    noted("employer_core_contribution.eligibility.minimum_hours_annual", Whole(0, 1000), HOURS),
    required("employer_core_contribution.eligibility.require_active_at_year_end", Flag),
    required("employer_core_contribution.eligibility.allow_new_hires", Flag),
    required("employer_core_contribution.eligibility.allow_terminated_new_hires", Flag),
    required("employer_core_contribution.eligibility.allow_experienced_terminations", Flag),
    required(
        "workflow.stages",
        Entries(&[
            ("name", Identifier),
            ("depends_on", Texts),
            ("years", Choice(&["every", "first", "last"])),
            ("models", LIST_CHANGE),
            ("rules", LIST_CHANGE),
            ("parallel_safe", Flag),
            ("checkpoint", Flag),
        ]),
    ),
    required("validation.severity", MapOf(RATED_RULES, &RATING)),
    required(
        "validation.rules",
        Records(&[
            ("name", Identifier),
            ("severity", RATING),
            ("sql", Text),
            ("max_rows", Whole(0, i64::MAX)),
            ("message", Line),
        ]),
    ),
    required("validation.compensation_reasonableness.minimum_compensation", Whole(0, HIGHEST_PAY)),
    required("validation.compensation_reasonableness.maximum_compensation", Whole(1, HIGHEST_PAY)),
    required("validation.compensation_reasonableness.maximum_average_change", Number(0.0, 10.0)),
    required("validation.hire_termination_ratio.minimum_ratio", Number(0.0, 1000.0)),
    required("validation.hire_termination_ratio.maximum_ratio", Number(0.0, 1000.0)),
    required("validation.hire_termination_ratio.steady_growth", SHARE),
    required("validation.pay_outliers.maximum_robust_z", Number(1.0, 1000.0)),
    required("validation.yearly_jumps.maximum_change", Number(0.0, 1000.0)),
    required("validation.distribution_drift.maximum_stability_index", Number(0.0, 100.0)),
    nullable("optimization.threads", Whole(1, 1024)),
    nullable("optimization.memory_limit_gb", Number(0.1, 1_000_000.0)),
];

const LIST_CHANGE: Allowed = Section(&[("replace", Texts), ("drop", Texts), ("add", Texts)]);
const RATING: Allowed = Choice(&["off", "info", "warning", "error"]);
const TENURE: &str = "IRC 410(a)(1)(B)";
const HOURS: &str = "a year of service, 29 CFR 2530.200b-1";

/// Columns of a census, by the names that the models know.
const CENSUS_COLUMNS: &[&str] = &[
    "employee_id",
    "employee_ssn",
    "employee_birth_date",
    "employee_hire_date",
    "employee_termination_date",
    "employee_gross_compensation",
    "employee_deferral_rate",
    "scheduled_hours_per_week",
    "auto_escalation_opt_out",
    "eligibility_override",
];

const fn required(key: &'static str, allowed: Allowed) -> Rule {
    Rule { key, allowed, nullable: false, note: "" }
}

const fn nullable(key: &'static str, allowed: Allowed) -> Rule {
    Rule { key, allowed, nullable: true, note: "" }
}

const fn noted(key: &'static str, allowed: Allowed, note: &'static str) -> Rule {
    Rule { key, allowed, nullable: false, note }
}
