//! Keys of entering the plan, enrollment and the deferrals of people.

use super::{Key, kept, planned, refused, renamed, rewritten};

pub(super) const ONE_WAITING_PERIOD: &str = "one waiting period counts, and enrollment follows the entry date";
pub(super) const NO_MAGNET: &str = "rates are not drawn to the rate that gets the full match";

pub(super) const KEYS: &[Key] = &[
    renamed("eligibility.waiting_period_days", "plan_eligibility.waiting_period_days", ONE_WAITING_PERIOD),
    renamed("eligibility.new_hire_ineligible_pct", "plan_eligibility.new_hire_ineligible_pct", ""),
    refused(
        "eligibility.new_hire_eligibility_match_census",
        "write the share of the census' people who are excluded as `plan_eligibility.new_hire_ineligible_pct`",
    ),
    refused("eligibility.*", "who enters the plan, and when, is `plan_eligibility`"),
    kept("plan_eligibility.minimum_age", "read here; PlanAlign Engine 2 uses 21 whatever it says"),
    kept("plan_eligibility.waiting_period_days", "read here; PlanAlign Engine 2 ignores it"),
    renamed(
        "plan_eligibility_minimum_age",
        "plan_eligibility.minimum_age",
        "no file of PlanAlign Engine 2 sets this variable",
    ),
    kept("enrollment.auto_enrollment.enabled", ""),
    kept("enrollment.auto_enrollment.scope", "new_hires_only are people hired after the census date"),
    kept("enrollment.auto_enrollment.hire_date_cutoff", "null by default, which is no cutoff"),
    kept("enrollment.auto_enrollment.window_days", "counts from the entry date"),
    kept("enrollment.auto_enrollment.default_deferral_rate", ""),
    kept("enrollment.auto_enrollment.opt_out_grace_period", "at most 90 days"),
    kept("enrollment.auto_enrollment.opt_out_rates.target", "multiplied by age and income segment"),
    refused(
        "enrollment.auto_enrollment.opt_out_rates.by_age.*",
        "PlanAlign Engine 2 does not read it either; `age_multipliers` beside it multiply `target`",
    ),
    refused(
        "enrollment.auto_enrollment.opt_out_rates.by_income.*",
        "PlanAlign Engine 2 does not read it either; `income_multipliers` beside it multiply `target`",
    ),
    renamed(
        "enrollment.auto_enrollment.voluntary_enrollment_rate",
        "enrollment.voluntary_enrollment.voluntary_enrollment_rate",
        "",
    ),
    refused(
        "enrollment.proactive_enrollment.*",
        "enrolling of one's own accord is one decision, made once in the window: `enrollment.voluntary_enrollment`",
    ),
    kept("enrollment.voluntary_enrollment.enabled", "read here; PlanAlign Engine 2 ignores it"),
    kept("enrollment.voluntary_enrollment.base_rates_by_age", "for the one decision in the window, not for each year"),
    kept("enrollment.voluntary_enrollment.income_multipliers", ""),
    kept("enrollment.voluntary_enrollment.job_level_multipliers", ""),
    rewritten(
        "enrollment.voluntary_enrollment.deferral_rates.demographic_base_rates.*",
        "enrollment.voluntary_enrollment.deferral_rates",
        "by age, then by income: `young_low: 0.03` is `young: { low: 0.03 }`",
    ),
    refused(
        "enrollment.voluntary_enrollment.annual_*",
        "PlanAlign Engine 2 does not read it either; people decide once, by `base_rates_by_age` and its multipliers",
    ),
    refused(
        "enrollment.voluntary_enrollment.timing.*",
        "PlanAlign Engine 2 does not read it either; the day is drawn from the window of automatic enrollment",
    ),
    planned("enrollment.year_over_year_conversion.*", "who lets the window pass stays out of the plan"),
    planned("enrollment.match_magnet.*", NO_MAGNET),
    refused("enrollment.timing.*", "PlanAlign Engine 2 does not read it either; every day of the year counts"),
    refused(
        "enrollment.multi_year.*",
        "PlanAlign Engine 2 does not read it either; enrollment is carried from year to year",
    ),
    refused("enrollment.performance.*", "PlanAlign Engine 2 does not read it either; nothing needs to be tuned"),
    kept("deferral_auto_escalation.enabled", ""),
    kept("deferral_auto_escalation.effective_day", ""),
    kept("deferral_auto_escalation.increment_amount", ""),
    kept("deferral_auto_escalation.maximum_rate", ""),
    kept("deferral_auto_escalation.hire_date_cutoff", ""),
    kept("deferral_auto_escalation.first_escalation_delay_years", ""),
    refused(
        "deferral_auto_escalation.require_active_enrollment",
        "only rates of people who defer are increased, always",
    ),
    planned("deferral_match_response.*", "people do not change their rates because of the match"),
    refused(
        "deferral_rates.*",
        "PlanAlign Engine 2 does not read it either; `enrollment.voluntary_enrollment.deferral_rates` is what people choose",
    ),
    refused(
        "deferral_baseline.*",
        "PlanAlign Engine 2 does not read it either; rates at the start are those of the census",
    ),
    renamed("plan_deferral_cap", "deferrals.maximum_rate", "no file of PlanAlign Engine 2 sets this variable"),
    refused(
        "irs_402g_limit",
        "no file of PlanAlign Engine 2 sets this variable either; limits are those of the year, see `irs_limits`",
    ),
    refused(
        "census_fallback_rate",
        "no file of PlanAlign Engine 2 sets this variable either; no rate is made up for people without one in the census",
    ),
];
