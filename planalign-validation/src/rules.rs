//! The rules, one file each: those that are built in, and those that the configuration holds.

mod accumulator_integrity;
mod census_acceptance;
mod compensation_reasonableness;
mod contribution_limits;
mod data_freshness_check;
mod distribution_drift;
mod event_sequence;
mod hire_termination_ratio;
mod own;
mod pay_outliers;
mod rated;
mod row_count_drift;
mod snapshot_consistency;
mod state_consistency;
mod workforce_feasibility;
mod workforce_totals;
mod yearly_jumps;

use std::sync::Arc;

use own::OwnRule;
pub use own::not_a_query;
use planalign_config::Database;
use planalign_config::settings::SqlRule;
use planalign_registries::Registry;
use rated::{Rated, severity};

use crate::counts::Probe;
use crate::rule::Rule;
use crate::settings::RuleSettings;

/// The rules of a simulation: the built-in ones in the order of their stages, and then the user's own; without those that are
/// off. They read on the connection of `db`, so within a unit of work they see what it has written; so must `registries`, which
/// `state_consistency` asks.
#[must_use]
pub fn rules(db: &Database, settings: &RuleSettings, registries: Vec<Box<dyn Registry>>) -> Vec<Box<dyn Rule>> {
    let settings = Arc::new(settings.clone());
    let probe = |rule: &str| Probe::new(rule, db, &settings);
    let builtin: Vec<Box<dyn Rule>> = vec![
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
        Box::new(snapshot_consistency::SnapshotConsistency(probe("snapshot_consistency"))),
        Box::new(contribution_limits::ContributionLimits(probe("contribution_limits"))),
        Box::new(pay_outliers::PayOutliers(probe("pay_outliers"))),
        Box::new(yearly_jumps::YearlyJumps(probe("yearly_jumps"))),
        Box::new(distribution_drift::DistributionDrift(probe("distribution_drift"))),
    ];
    let rated = |rule: Box<dyn Rule>| match settings.severity.get(rule.name()) {
        None => Some(rule),
        Some(rating) => severity(*rating).map(|severity| Box::new(Rated { rule, severity }) as Box<dyn Rule>),
    };
    let own = |rule: &SqlRule| {
        let severity = severity(rule.severity)?;
        Some(Box::new(OwnRule { probe: probe(&rule.name), rule: rule.clone(), severity }) as Box<dyn Rule>)
    };
    builtin.into_iter().filter_map(rated).chain(settings.own.iter().filter_map(own)).collect()
}

#[cfg(test)]
mod tests;
