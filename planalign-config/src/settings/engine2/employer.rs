//! Keys for the match and the core contribution.

use super::{Key, kept, planned, refused, rewritten};

pub(super) const OTHER_FORMULAS: &str = "the match depends only on deferrals; see `employer_match.tiers`";
pub(super) const OTHER_CORE: &str = "the core contribution is the same share of pay for everyone, `contribution_rate`";

pub(super) const KEYS: &[Key] = &[
    refused(
        "employer_match.apply_eligibility",
        "`employer_match.eligibility` always applies; its defaults are equivalent to false",
    ),
    kept("employer_match.eligibility.minimum_tenure_years", "at most 2"),
    kept("employer_match.eligibility.minimum_hours_annual", "at most 1000"),
    kept("employer_match.eligibility.require_active_at_year_end", ""),
    kept("employer_match.eligibility.allow_new_hires", "true by default, regardless of minimum_tenure_years"),
    kept("employer_match.eligibility.allow_terminated_new_hires", ""),
    kept("employer_match.eligibility.allow_experienced_terminations", ""),
    rewritten(
        "employer_match.employer_match_status",
        "employer_match.active_formula",
        "deferral_based is `tiered`; the other formulas are not supported yet",
    ),
    kept("employer_match.active_formula", "selects the match formula here; PlanAlign Engine 2 ignores it"),
    refused(
        "employer_match.formulas.*",
        "PlanAlign Engine 2 ignores it too; write the intended formula as `employer_match.tiers`",
    ),
    planned("employer_match.tenure_match_tiers", OTHER_FORMULAS),
    planned("employer_match.points_match_tiers", OTHER_FORMULAS),
    planned("employer_match.tenure_graded_bands", OTHER_FORMULAS),
    rewritten(
        "employer_core_contribution.enabled",
        "employer_core_contribution.status",
        "false is `none`, which pays nothing",
    ),
    kept("employer_core_contribution.status", "none means no core contribution here"),
    kept("employer_core_contribution.contribution_rate", ""),
    planned("employer_core_contribution.graded_schedule", OTHER_CORE),
    planned("employer_core_contribution.points_schedule", OTHER_CORE),
    planned("employer_core_contribution.age_schedule", OTHER_CORE),
    kept("employer_core_contribution.eligibility.minimum_tenure_years", "at most 2"),
    kept("employer_core_contribution.eligibility.minimum_hours_annual", "at most 1000"),
    kept("employer_core_contribution.eligibility.require_active_at_year_end", ""),
    kept("employer_core_contribution.eligibility.allow_new_hires", ""),
    kept("employer_core_contribution.eligibility.allow_terminated_new_hires", ""),
    kept("employer_core_contribution.eligibility.allow_experienced_terminations", ""),
    planned("employer_core_contribution.integration.*", OTHER_CORE),
];
