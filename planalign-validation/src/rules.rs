//! The built-in rules, one per file, and the rules defined in the configuration.

mod accumulator_integrity;
mod census_acceptance;
mod compensation_reasonableness;
mod contribution_limits;
mod data_freshness_check;
mod distribution_drift;
mod event_sequence;
mod hire_termination_ratio;
mod pay_outliers;
mod rated;
mod row_count_drift;
mod snapshot_consistency;
mod state_consistency;
mod user_rule;
mod workforce_feasibility;
mod workforce_totals;
mod yearly_jumps;

use std::sync::Arc;
use std::time::Duration;

use planalign_config::settings::SqlRule;
use planalign_registries::Registry;

pub use accumulator_integrity::AccumulatorIntegrityRule;
pub use census_acceptance::CensusAcceptanceRule;
pub use compensation_reasonableness::CompensationReasonablenessRule;
pub use contribution_limits::ContributionLimitsRule;
pub use data_freshness_check::DataFreshnessRule;
pub use distribution_drift::DistributionDriftRule;
pub use event_sequence::EventSequenceRule;
pub use hire_termination_ratio::HireTerminationRatioRule;
pub use pay_outliers::PayOutliersRule;
pub use row_count_drift::RowCountDriftRule;
pub use snapshot_consistency::SnapshotConsistencyRule;
pub use state_consistency::StateConsistencyRule;
pub use user_rule::sql_problem;
pub use workforce_feasibility::WorkforceFeasibilityRule;
pub use workforce_totals::WorkforceTotalsRule;
pub use yearly_jumps::YearlyJumpsRule;

use crate::rule::Rule;
use crate::settings::RuleSettings;
use rated::{Rated, severity};
use user_rule::UserRule;

/// Adds constructors from settings, and defaults from the configuration's defaults.
macro_rules! with_settings {
    ($($rule:ident),*) => { $(
        impl $rule {
            /// Creates the rule with these thresholds and limits.
            #[must_use]
            pub fn new(settings: RuleSettings) -> Self {
                Self(Arc::new(settings))
            }
        }

        impl Default for $rule {
            fn default() -> Self {
                Self::new(RuleSettings::default())
            }
        }
    )* };
}

with_settings!(
    CensusAcceptanceRule,
    CompensationReasonablenessRule,
    ContributionLimitsRule,
    DataFreshnessRule,
    DistributionDriftRule,
    HireTerminationRatioRule,
    PayOutliersRule,
    RowCountDriftRule,
    WorkforceFeasibilityRule,
    YearlyJumpsRule
);

/// Returns the rules of a simulation that aren't turned off: the built-in ones in stage order, then the user's own.
/// `state_consistency` checks the registries.
#[must_use]
pub fn rules(settings: &RuleSettings, registries: Vec<Box<dyn Registry>>) -> Vec<Box<dyn Rule>> {
    let shared = Arc::new(settings.clone());
    let shared = || Arc::clone(&shared);
    let builtin: Vec<Box<dyn Rule>> = vec![
        Box::new(CensusAcceptanceRule(shared())),
        Box::new(DataFreshnessRule(shared())),
        Box::new(RowCountDriftRule(shared())),
        Box::new(CompensationReasonablenessRule(shared())),
        Box::new(WorkforceFeasibilityRule(shared())),
        Box::new(HireTerminationRatioRule(shared())),
        Box::new(EventSequenceRule),
        Box::new(AccumulatorIntegrityRule),
        Box::new(StateConsistencyRule::new(registries)),
        Box::new(WorkforceTotalsRule),
        Box::new(SnapshotConsistencyRule),
        Box::new(ContributionLimitsRule(shared())),
        Box::new(PayOutliersRule(shared())),
        Box::new(YearlyJumpsRule(shared())),
        Box::new(DistributionDriftRule(shared())),
    ];
    let rated = |rule: Box<dyn Rule>| match settings.severity.get(rule.name()) {
        None => Some(rule),
        Some(rating) => severity(*rating).map(|severity| Box::new(Rated { rule, severity }) as Box<dyn Rule>),
    };
    let (check, limit) = (Arc::default(), Duration::from_secs(settings.rule_seconds.into()));
    let user_rule = |rule: &SqlRule| {
        let severity = severity(rule.severity)?;
        Some(Box::new(UserRule { rule: rule.clone(), severity, limit, check: Arc::clone(&check) }) as Box<dyn Rule>)
    };
    builtin.into_iter().filter_map(rated).chain(settings.user_rules.iter().filter_map(user_rule)).collect()
}

#[cfg(test)]
mod tests;
