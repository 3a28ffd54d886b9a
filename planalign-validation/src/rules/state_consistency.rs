//! `state_consistency`: the registries and the accumulators agree on who is enrolled, since when, at what rate, with how
//! many increases.

use planalign_registries::{Disagreement, Registry, RegistryError};

use crate::counts::{Probe, Unit};
use crate::rule::{Finding, Rule, RuleError, Severity};

/// Asks each registry. They follow the events on their own, with other SQL than the models.
pub(super) struct StateConsistency {
    pub(super) probe: Probe,
    pub(super) registries: Vec<Box<dyn Registry>>,
}

const ADVICE: &str =
    "this is a defect of the models or of rows changed by hand: roll back to the year before and run it again";

impl Rule for StateConsistency {
    fn name(&self) -> &str {
        &self.probe.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let mut findings = Vec::new();
        for registry in &self.registries {
            let disagreements = registry.check(year).map_err(|e| self.cannot_run(year, &e))?;
            let name = registry.name();
            findings.extend(disagreements.into_iter().map(|Disagreement { what, count, rows }| {
                let message = format!("{name} registry: {what}: {}", Unit::People.of(count));
                let finding = self.probe.finding(year, Severity::Error, count, message, ADVICE);
                Finding { rows, ..finding }
            }));
        }
        Ok(findings)
    }
}

impl StateConsistency {
    fn cannot_run(&self, year: i32, cause: &RegistryError) -> RuleError {
        RuleError { rule: self.probe.rule.clone(), year, fault: cause.fault, cause: cause.to_string() }
    }
}
