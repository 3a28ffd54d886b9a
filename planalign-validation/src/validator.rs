//! A set of rules.

use planalign_config::Tables;

use crate::rule::{Finding, Rule, RuleError};

/// A set of rules with unique names, checked one by one or all together.
#[derive(Default)]
pub struct DataValidator<'a> {
    rules: Vec<Box<dyn Rule + 'a>>,
}

impl<'a> DataValidator<'a> {
    /// Creates a validator with these rules.
    #[must_use]
    pub fn new(rules: Vec<Box<dyn Rule + 'a>>) -> Self {
        Self { rules }
    }

    /// Adds a rule, replacing any with the same name.
    pub fn register_rule(&mut self, rule: impl Rule + 'a) {
        match self.rules.iter_mut().find(|known| known.name() == rule.name()) {
            Some(known) => *known = Box::new(rule),
            None => self.rules.push(Box::new(rule)),
        }
    }

    /// Returns the names of the rules, in the order they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name())
    }

    /// Checks a year with one rule. Returns `None` if no rule has this name.
    pub fn check(&self, name: &str, year: i32, tables: &dyn Tables) -> Option<Result<Vec<Finding>, RuleError>> {
        let rule = self.rules.iter().find(|rule| rule.name() == name)?;
        let failed = |cause| RuleError { rule: name.to_owned(), year, cause };
        Some(rule.check(year, tables).map_err(failed))
    }

    /// Checks a year with every rule. Fails if any rule can't run.
    pub fn validate(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, RuleError> {
        let mut findings = Vec::new();
        for name in self.names() {
            findings.extend(self.check(name, year, tables).unwrap_or(Ok(Vec::new()))?);
        }
        Ok(findings)
    }
}

#[cfg(test)]
mod tests {
    use planalign_config::{Fault, InMemoryTables};

    use super::*;
    use crate::in_memory::InMemoryRule;
    use crate::rule::Severity;

    #[test]
    fn a_rule_replaces_the_one_with_its_name() {
        let mut validator = DataValidator::default();
        validator.register_rule(InMemoryRule::new("a").finding(2025, Severity::Error, "before"));
        validator.register_rule(InMemoryRule::new("b").finding(2025, Severity::Info, "next to it"));
        validator.register_rule(InMemoryRule::new("a").finding(2025, Severity::Error, "after"));
        assert_eq!(validator.names().collect::<Vec<_>>(), ["a", "b"]);
        let tables = InMemoryTables::default();
        let found = validator.validate(2025, &tables).expect("rules run");
        let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["after", "next to it"]);
        assert!(validator.check("c", 2025, &tables).is_none());
    }

    #[test]
    fn a_rule_that_cannot_run_is_not_a_pass() {
        let mut validator = DataValidator::default();
        validator.register_rule(InMemoryRule::new("a").failure(2026, Fault::Transient));
        let error = validator.validate(2026, &InMemoryTables::default()).expect_err("rule cannot run");
        assert_eq!((error.to_string().as_str(), error.fault()), ("rule `a` cannot run for 2026", Fault::Transient));
        assert_eq!(error.cause.to_string(), "as scripted");
    }
}
