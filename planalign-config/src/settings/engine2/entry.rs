//! Keys for plan entry, enrollment, and deferrals.

use super::{Key, kept, planned, refused, renamed, rewritten};

pub(super) const ONE_WAITING_PERIOD: &str = "there is a single waiting period, and enrollment follows the entry date";
pub(super) const NO_MAGNET: &str = "deferral rates don't gravitate toward the rate that earns the full match";

pub(super) const KEYS: &[Key] = &[
    renamed("eligibility.waiting_period_days", "plan_eligibility.waiting_period_days", ONE_WAITING_PERIOD),
    renamed("eligibility.new_hire_ineligible_pct", "plan_eligibility.new_hire_ineligible_pct", ""),
    refused(
        "eligibility.new_hire_eligibility_match_census",
        "set `plan_eligibility.new_hire_ineligible_pct` to the share of excluded employees in the census",
    ),
    refused("eligibility.*", "use `plan_eligibility`, which defines who enters the plan and when"),
    kept("plan_eligibility.minimum_age", "used here; PlanAlign Engine 2 always uses 21"),
    kept("plan_eligibility.waiting_period_days", "used here; PlanAlign Engine 2 ignores it"),
    renamed(
        "plan_eligibility_minimum_age",
        "plan_eligibility.minimum_age",
        "no PlanAlign Engine 2 file sets this variable",
    ),
    kept("enrollment.auto_enrollment.enabled", ""),
    kept("enrollment.auto_enrollment.scope", "new_hires_only means employees hired after the census date"),
    kept("enrollment.auto_enrollment.hire_date_cutoff", "null by default, which means no cutoff"),
    kept("enrollment.auto_enrollment.window_days", "counted from the entry date"),
    kept("enrollment.auto_enrollment.default_deferral_rate", ""),
    kept("enrollment.auto_enrollment.opt_out_grace_period", "at most 90 days"),
    kept("enrollment.auto_enrollment.opt_out_rates.target", "multiplied by the age and income multipliers"),
    refused(
        "enrollment.auto_enrollment.opt_out_rates.by_age.*",
        "PlanAlign Engine 2 ignores it too; use `age_multipliers`, which multiply `target`",
    ),
    refused(
        "enrollment.auto_enrollment.opt_out_rates.by_income.*",
        "PlanAlign Engine 2 ignores it too; use `income_multipliers`, which multiply `target`",
    ),
    renamed(
        "enrollment.auto_enrollment.voluntary_enrollment_rate",
        "enrollment.voluntary_enrollment.voluntary_enrollment_rate",
        "",
    ),
    refused(
        "enrollment.proactive_enrollment.*",
        "voluntary enrollment is a single decision during the window; see `enrollment.voluntary_enrollment`",
    ),
    kept("enrollment.voluntary_enrollment.enabled", "used here; PlanAlign Engine 2 ignores it"),
    kept(
        "enrollment.voluntary_enrollment.base_rates_by_age",
        "for the single decision during the window, not for each year",
    ),
    kept("enrollment.voluntary_enrollment.income_multipliers", ""),
    kept("enrollment.voluntary_enrollment.job_level_multipliers", ""),
    rewritten(
        "enrollment.voluntary_enrollment.deferral_rates.demographic_base_rates.*",
        "enrollment.voluntary_enrollment.deferral_rates",
        "by age, then by income: `young_low: 0.03` becomes `young: { low: 0.03 }`",
    ),
    refused(
        "enrollment.voluntary_enrollment.annual_*",
        "PlanAlign Engine 2 ignores it too; employees decide once, by `base_rates_by_age` and its multipliers",
    ),
    refused(
        "enrollment.voluntary_enrollment.timing.*",
        "PlanAlign Engine 2 ignores it too; the day is drawn from the automatic enrollment window",
    ),
    planned("enrollment.year_over_year_conversion.*", "employees who let the window pass don't enroll later"),
    planned("enrollment.match_magnet.*", NO_MAGNET),
    refused("enrollment.timing.*", "PlanAlign Engine 2 ignores it too; enrollment can fall on any day of the year"),
    refused("enrollment.multi_year.*", "PlanAlign Engine 2 ignores it too; enrollment carries over from year to year"),
    refused("enrollment.performance.*", "PlanAlign Engine 2 ignores it too; there is nothing to tune"),
    kept("deferral_auto_escalation.enabled", ""),
    kept("deferral_auto_escalation.effective_day", ""),
    kept("deferral_auto_escalation.increment_amount", ""),
    kept("deferral_auto_escalation.maximum_rate", ""),
    kept("deferral_auto_escalation.hire_date_cutoff", ""),
    kept("deferral_auto_escalation.first_escalation_delay_years", ""),
    refused("deferral_auto_escalation.require_active_enrollment", "only participants' rates increase, always"),
    planned("deferral_match_response.*", "participants don't change their rates in response to the match"),
    refused(
        "deferral_rates.*",
        "PlanAlign Engine 2 ignores it too; use `enrollment.voluntary_enrollment.deferral_rates` for the rates that employees choose",
    ),
    refused("deferral_baseline.*", "PlanAlign Engine 2 ignores it too; initial rates come from the census"),
    renamed("plan_deferral_cap", "deferrals.maximum_rate", "no PlanAlign Engine 2 file sets this variable"),
    refused(
        "irs_402g_limit",
        "no PlanAlign Engine 2 file sets this variable; each year has its own limits, see `irs_limits`",
    ),
    refused(
        "census_fallback_rate",
        "no PlanAlign Engine 2 file sets this variable; missing rates in the census aren't filled in",
    ),
];
