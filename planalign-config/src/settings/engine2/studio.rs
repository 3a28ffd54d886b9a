//! Keys of the section `dc_plan`, with which Engine 2's Studio overrides other sections.

use super::employer::{OTHER_CORE, OTHER_FORMULAS};
use super::entry::NO_MAGNET;
use super::{Key, percent, planned, refused, renamed, rewritten};

pub(super) const KEYS: &[Key] = &[
    renamed("dc_plan.auto_enroll", "enrollment.auto_enrollment.enabled", ""),
    rewritten("dc_plan.auto_enroll*", "enrollment.auto_enrollment", "now one of the keys there"),
    percent("dc_plan.default_deferral_percent", "enrollment.auto_enrollment.default_deferral_rate"),
    rewritten(
        "dc_plan.opt_out_rate_*",
        "enrollment.auto_enrollment.opt_out_rates",
        "`target` is the rate as a fraction; multipliers by age and income adjust it",
    ),
    rewritten(
        "dc_plan.escalation_*",
        "deferral_auto_escalation",
        "now one of the keys there; a percentage becomes a fraction: 1 is 0.01",
    ),
    renamed(
        "dc_plan.eligibility_months",
        "plan_eligibility.waiting_period_months",
        "calendar months, not 30 days each",
    ),
    rewritten("dc_plan.match_enabled", "employer_match.active_formula", "false is `none`, true is `tiered`"),
    refused("dc_plan.match_template", "write the template's tiers as `employer_match.tiers`"),
    rewritten("dc_plan.match_tiers", "employer_match.tiers", "each tier is `{ up_to, rate }`, both as fractions"),
    rewritten("dc_plan.match_cap_percent", "employer_match.match_cap_percent", "a fraction of pay: 4% is 0.04"),
    rewritten(
        "dc_plan.match_status",
        "employer_match.active_formula",
        "deferral_based is `tiered`; the other formulas are not supported yet",
    ),
    planned("dc_plan.match_graded_schedule", OTHER_FORMULAS),
    planned("dc_plan.points_match_tiers", OTHER_FORMULAS),
    planned("dc_plan.tenure_graded_bands", OTHER_FORMULAS),
    renamed("dc_plan.match_min_hours_annual", "employer_match.eligibility.minimum_hours_annual", ""),
    planned("dc_plan.match_magnet_*", NO_MAGNET),
    rewritten("dc_plan.match_*", "employer_match", "now one of the keys there, or in its `eligibility`"),
    planned("dc_plan.core_integration_*", OTHER_CORE),
    rewritten("dc_plan.core_*", "employer_core_contribution", "now one of the keys there, or in its `eligibility`"),
    renamed("dc_plan.voluntary_enrollment_rate", "enrollment.voluntary_enrollment.voluntary_enrollment_rate", ""),
    rewritten(
        "dc_plan.max_voluntary_deferral_percent",
        "enrollment.voluntary_enrollment.max_deferral_rate",
        "a fraction: 10% is 0.10; PlanAlign Engine 2 doesn't divide it by 100",
    ),
    refused(
        "dc_plan.*",
        "plan settings are in their own sections, such as `enrollment` and `employer_match`, if the model supports them",
    ),
];
