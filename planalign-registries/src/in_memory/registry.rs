//! A scripted registry for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use planalign_config::{DatabaseError, Fault};

use crate::checkpoint::RelationState;
use crate::registry::{Disagreement, Registry, RegistryError, RegistrySnapshot};

/// A registry that only stores the number of people per year. Clones share state, so that a test can keep one and pass another.
///
/// It doesn't take part in a unit of work: updates stay, as if they had been repeated.
#[derive(Clone, Debug)]
pub struct InMemoryRegistry {
    name: &'static str,
    inner: Rc<RefCell<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    people: BTreeMap<i32, u64>,
    years: BTreeMap<i32, u64>,
    disagreements: BTreeMap<i32, Vec<Disagreement>>,
    failures: Vec<(&'static str, Fault)>,
    calls: Vec<String>,
    forgets_all: bool,
}

impl InMemoryRegistry {
    /// Creates a registry without people.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, inner: Rc::default() }
    }

    /// Sets the number of people that the update of a year returns.
    pub fn holds(&self, year: i32, people: u64) {
        self.inner.borrow_mut().people.insert(year, people);
    }

    /// Sets the result of the check for a year.
    pub fn disagrees(&self, year: i32, disagreements: Vec<Disagreement>) {
        self.inner.borrow_mut().disagreements.insert(year, disagreements);
    }

    /// Makes the next call of `update`, `check`, `snapshot`, or `restore` fail. Several failures occur in order.
    pub fn fail_next(&self, method: &'static str, fault: Fault) {
        self.inner.borrow_mut().failures.push((method, fault));
    }

    /// Makes `restore` remove all years, regardless of its argument.
    pub fn forgets_all(&self) {
        self.inner.borrow_mut().forgets_all = true;
    }

    /// Returns the calls that changed something or tried to, in order, such as `update 2025`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.inner.borrow().calls.clone()
    }

    fn failure(&self, method: &'static str, year: &str) -> Result<(), RegistryError> {
        let failures = &mut self.inner.borrow_mut().failures;
        let Some(at) = failures.iter().position(|(m, _)| *m == method) else { return Ok(()) };
        let (_, fault) = failures.remove(at);
        let cause = Box::new(DatabaseError::new(fault, "as the test asked").into());
        Err(RegistryError { registry: self.name, action: method, year: year.to_owned(), cause })
    }
}

impl Registry for InMemoryRegistry {
    fn name(&self) -> &'static str {
        self.name
    }

    fn update(&mut self, year: i32, _start_year: i32) -> Result<u64, RegistryError> {
        self.inner.borrow_mut().calls.push(format!("update {year}"));
        self.failure("update", &year.to_string())?;
        let inner = &mut *self.inner.borrow_mut();
        let people = inner.people.get(&year).copied().unwrap_or_default();
        inner.years.insert(year, people);
        Ok(people)
    }

    fn check(&self, year: i32) -> Result<Vec<Disagreement>, RegistryError> {
        self.failure("check", &year.to_string())?;
        Ok(self.inner.borrow().disagreements.get(&year).cloned().unwrap_or_default())
    }

    fn snapshot(&self, year: i32) -> Result<RegistrySnapshot, RegistryError> {
        self.failure("snapshot", &year.to_string())?;
        let rows = self.inner.borrow().years.get(&year).copied().unwrap_or_default();
        let (relation, hash, engine) = (self.name.to_owned(), rows.to_string(), "in memory".to_owned());
        let state = RelationState { relation, year: Some(year), rows, hash, engine, sums: Vec::new() };
        Ok(RegistrySnapshot { registry: self.name.to_owned(), state })
    }

    fn restore(&mut self, year: Option<i32>) -> Result<(), RegistryError> {
        let label = year.map_or_else(|| "all years".to_owned(), |y| y.to_string());
        self.inner.borrow_mut().calls.push(format!("restore {label}"));
        self.failure("restore", &label)?;
        let inner = &mut *self.inner.borrow_mut();
        inner.years.retain(|y, _| !inner.forgets_all && year.is_some_and(|kept| *y <= kept));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use planalign_config::full_message;

    use super::*;

    #[test]
    fn returns_scripted_results_and_logs_calls() {
        let test = InMemoryRegistry::new("enrollment");
        let mut registry = test.clone();
        test.holds(2025, 7);
        test.disagrees(2025, vec![Disagreement { what: "dates".into(), count: 2, rows: None }]);
        assert_eq!(registry.update(2025, 2025).expect("update"), 7);
        assert_eq!(registry.update(2026, 2025).expect("update"), 0);
        assert_eq!(registry.snapshot(2025).expect("snapshot").state.rows, 7);
        assert_eq!(registry.check(2025).expect("check").len(), 1);
        assert!(registry.check(2026).expect("check").is_empty());
        registry.restore(Some(2025)).expect("restore");
        assert_eq!(registry.snapshot(2025).expect("snapshot").state.rows, 7);
        registry.restore(None).expect("restore");
        assert_eq!(registry.snapshot(2025).expect("snapshot").state.rows, 0);
        assert_eq!(test.calls(), ["update 2025", "update 2026", "restore 2025", "restore all years"]);
        assert_eq!(registry.name(), "enrollment");
    }

    #[test]
    fn fails_once_where_the_script_says() {
        let mut registry = InMemoryRegistry::new("enrollment");
        registry.fail_next("update", Fault::Transient);
        assert!(registry.check(2025).is_ok());
        let error = registry.update(2025, 2025).expect_err("must fail");
        assert_eq!(full_message(&error), "the enrollment registry cannot update for 2025: as the test asked");
        assert_eq!(error.fault(), Fault::Transient);
        assert!(registry.update(2025, 2025).is_ok());
    }
}
