//! A scripted rule, for testing code that calls rules.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use planalign_config::{DatabaseError, Fault, Tables};

use crate::rule::{CheckError, Finding, Rule, Severity};

/// A scripted rule. Clones share the script and the log, so a test can keep one and pass the other on.
#[derive(Clone, Debug)]
pub struct InMemoryRule {
    name: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    findings: BTreeMap<i32, Vec<Finding>>,
    failures: BTreeMap<i32, Vec<Fault>>,
    repairs: BTreeMap<i32, usize>,
    calls: Vec<i32>,
}

impl InMemoryRule {
    /// Creates a rule with this name that finds nothing.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), inner: Arc::default() }
    }

    /// Adds a finding that the rule reports every time it checks `year`.
    #[must_use]
    pub fn finding(self, year: i32, severity: Severity, message: &str) -> Self {
        let rows = format!("rows of {}", self.name);
        let finding = Finding::new(&self.name, year, severity, message).advice("look at it").rows(&rows);
        self.lock().findings.entry(year).or_default().push(finding);
        self
    }

    /// Makes one check of `year` fail. Failures come before findings, in the order they were added.
    #[must_use]
    pub fn failure(self, year: i32, fault: Fault) -> Self {
        self.lock().failures.entry(year).or_default().push(fault);
        self
    }

    /// Drops the findings for `year`, as if the data had been repaired.
    pub fn repair(&self, year: i32) {
        self.lock().findings.remove(&year);
    }

    /// Drops the findings for `year` after this many checks, as if the data had been repaired.
    pub fn repair_after(&self, year: i32, checks: usize) {
        self.lock().repairs.insert(year, checks);
    }

    /// Returns the years checked, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<i32> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule for InMemoryRule {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, year: i32, _tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let mut inner = self.lock();
        let checks = inner.calls.iter().filter(|checked| **checked == year).count();
        if inner.repairs.get(&year).is_some_and(|most| checks >= *most) {
            inner.findings.remove(&year);
        }
        inner.calls.push(year);
        if let Some(failures) = inner.failures.get_mut(&year).filter(|f| !f.is_empty()) {
            let fault = failures.remove(0);
            return Err(DatabaseError::new(fault, "as scripted").into());
        }
        Ok(inner.findings.get(&year).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_fails_as_scripted() {
        let given = InMemoryRule::new("r").finding(2025, Severity::Error, "wrong").failure(2025, Fault::Transient);
        let (rule, tables) = (given.clone(), planalign_config::InMemoryTables::default());
        assert_eq!(rule.check(2025, &tables).expect_err("scripted").fault(), Fault::Transient);
        assert_eq!(rule.check(2025, &tables).expect("check").len(), 1);
        given.repair(2025);
        assert!(rule.check(2025, &tables).expect("check").is_empty());
        assert!(rule.check(2026, &tables).expect("check").is_empty());
        assert_eq!(given.calls(), [2025, 2025, 2025, 2026]);
    }
}
