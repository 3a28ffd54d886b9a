//! The built-in rules, one file each.

mod accumulator_integrity;
mod census_acceptance;
mod compensation_reasonableness;
mod contribution_limits;
mod data_freshness_check;
mod event_sequence;
mod hire_termination_ratio;
mod row_count_drift;
mod snapshot_consistency;
mod state_consistency;
mod workforce_feasibility;
mod workforce_totals;

use std::sync::Arc;

use planalign_config::Database;
use planalign_registries::Registry;

use crate::counts::Probe;
use crate::rule::Rule;
use crate::settings::RuleSettings;

/// All built-in rules, in the order of the stages that they belong to. They read on the connection of `db`, so within a
/// unit of work they see what it has written; so must `registries`, which `state_consistency` asks.
#[must_use]
pub fn builtin_rules(db: &Database, settings: &RuleSettings, registries: Vec<Box<dyn Registry>>) -> Vec<Box<dyn Rule>> {
    let settings = Arc::new(settings.clone());
    let probe = |rule| Probe::new(rule, db, &settings);
    vec![
        Box::new(census_acceptance::CensusAcceptance(probe("census_acceptance"))),
        Box::new(data_freshness_check::DataFreshness(probe("data_freshness_check"))),
        Box::new(row_count_drift::RowCountDrift(probe("row_count_drift"))),
        Box::new(compensation_reasonableness::CompensationReasonableness(probe("compensation_reasonableness"))),
        Box::new(workforce_feasibility::WorkforceFeasibility(probe("workforce_feasibility"))),
        Box::new(hire_termination_ratio::HireTerminationRatio(probe("hire_termination_ratio"))),
        Box::new(event_sequence::EventSequence(probe("event_sequence"))),
        Box::new(accumulator_integrity::AccumulatorIntegrity(probe("accumulator_integrity"))),
        Box::new(state_consistency::StateConsistency { probe: probe("state_consistency"), registries }),
        Box::new(workforce_totals::WorkforceTotals(probe("workforce_totals"))),
        Box::new(snapshot_consistency::rule(probe("snapshot_consistency"))),
        Box::new(contribution_limits::ContributionLimits(probe("contribution_limits"))),
    ]
}

#[cfg(test)]
mod tests;
