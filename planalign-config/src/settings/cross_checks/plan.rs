//! Plan provisions that constrain each other.

use super::Report;
use crate::settings::{EmployerEligibility, MatchFormula, PromotionDistribution};

const PLAN_MAXIMUM: &str = "deferrals.maximum_rate";

pub(super) fn check(report: &mut Report<'_>) {
    service(report);
    deferrals(report);
    promotions(report);
    match_tiers(report);
    let settings = &report.loaded.settings;
    employer("employer_match", &settings.employer_match.eligibility, report);
    employer("employer_core_contribution", &settings.employer_core_contribution.eligibility, report);
}

fn service(report: &mut Report<'_>) {
    let plan = &report.loaded.settings.plan_eligibility;
    let (days, months) = (plan.waiting_period_days, plan.waiting_period_months);
    let key = "plan_eligibility.waiting_period_months";
    report.expect(days == 0 || months == 0, key, &["plan_eligibility.waiting_period_days"], || {
        format!(
            "0, because plan_eligibility.waiting_period_days is {days}; service is counted in either days or months"
        )
    });
}

fn deferrals(report: &mut Report<'_>) {
    let settings = &report.loaded.settings;
    let maximum = settings.deferrals.maximum_rate;
    let rates = [
        ("enrollment.auto_enrollment.default_deferral_rate", settings.enrollment.auto_enrollment.default_deferral_rate),
        (
            "enrollment.voluntary_enrollment.max_deferral_rate",
            settings.enrollment.voluntary_enrollment.max_deferral_rate,
        ),
        ("deferral_auto_escalation.maximum_rate", settings.deferral_auto_escalation.maximum_rate),
    ];
    for (key, rate) in rates {
        report.expect(rate <= maximum, key, &[PLAN_MAXIMUM], || {
            format!("at most {}, the plan's cap ({PLAN_MAXIMUM})", maximum.shortest())
        });
    }
}

fn promotions(report: &mut Report<'_>) {
    let promotion = &report.loaded.settings.compensation.promotion_compensation;
    let (base, range) = (promotion.base_increase_pct, promotion.distribution_range);
    let holds = promotion.distribution_type != PromotionDistribution::Uniform || range <= base;
    let section = "compensation.promotion_compensation";
    let base_key = format!("{section}.base_increase_pct");
    report.expect(holds, &format!("{section}.distribution_range"), &[&base_key], || {
        let base = base.shortest();
        format!("at most {base}, because {base_key} is {base} and promotions can't lower pay")
    });
}

fn match_tiers(report: &mut Report<'_>) {
    let employer_match = &report.loaded.settings.employer_match;
    let key = "employer_match.tiers";
    let needed = employer_match.active_formula == MatchFormula::Tiered;
    report.expect(!needed || !employer_match.tiers.is_empty(), key, &["employer_match.active_formula"], || {
        "at least one tier, because employer_match.active_formula is tiered".to_owned()
    });
    let ascending = employer_match.tiers.windows(2).all(|pair| pair[0].up_to < pair[1].up_to);
    report.expect(ascending, key, &[], || "tiers in ascending order of up_to".to_owned());
}

fn employer(section: &str, eligibility: &EmployerEligibility, report: &mut Report<'_>) {
    let key = format!("{section}.eligibility.allow_terminated_new_hires");
    let hires = format!("{section}.eligibility.allow_new_hires");
    let holds = eligibility.allow_new_hires || !eligibility.allow_terminated_new_hires;
    report.expect(holds, &key, &[&hires], || format!("false, because {hires} is false"));
}
