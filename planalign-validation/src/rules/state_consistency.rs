//! `state_consistency`: the registries and the accumulators agree on who is enrolled, since when, at what rate, and with how
//! many increases.

use planalign_config::Tables;
use planalign_registries::{Disagreement, Registry};

use crate::counts::{Probe, Unit};
use crate::rule::{CheckError, Finding, Rule, Severity};

/// Checks each registry. Registries track the events independently of the models, with their own SQL.
#[derive(Default)]
pub struct StateConsistencyRule(pub(super) Vec<Box<dyn Registry>>);

impl StateConsistencyRule {
    /// Creates a rule for these registries, which must see what the unit of work wrote.
    #[must_use]
    pub fn new(registries: Vec<Box<dyn Registry>>) -> Self {
        Self(registries)
    }
}

const ADVICE: &str =
    "likely a bug in the models, or rows edited by hand: restore the prior year's last checkpoint and rerun this year";

impl Rule for StateConsistencyRule {
    fn name(&self) -> &'static str {
        "state_consistency"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let mut findings = Vec::new();
        for registry in &self.0 {
            let name = registry.name();
            findings.extend(registry.check(year)?.into_iter().map(|Disagreement { what, count, rows }| {
                let message = format!("{name} registry: {what}: {}", Unit::People.of(count));
                let finding = probe.finding(Severity::Error, count, message, ADVICE);
                Finding { rows, ..finding }
            }));
        }
        Ok(findings)
    }
}
