//! Rules that are checked together.

use planalign_config::Tables;

use crate::rule::{Finding, Rule, RuleError};

/// Rules by name, each of which can be checked for a year.
#[derive(Default)]
pub struct DataValidator<'a> {
    rules: Vec<Box<dyn Rule + 'a>>,
}

impl<'a> DataValidator<'a> {
    /// A validator with these rules.
    #[must_use]
    pub fn new(rules: Vec<Box<dyn Rule + 'a>>) -> Self {
        Self { rules }
    }

    /// Adds a rule, in place of one of the same name.
    pub fn register_rule(&mut self, rule: impl Rule + 'a) {
        match self.rules.iter_mut().find(|known| known.name() == rule.name()) {
            Some(known) => *known = Box::new(rule),
            None => self.rules.push(Box::new(rule)),
        }
    }

    /// The names of the rules, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name())
    }

    /// What the rule of this name finds in a year; `None` if there is no such rule.
    pub fn check(&self, name: &str, year: i32, tables: &dyn Tables) -> Option<Result<Vec<Finding>, RuleError>> {
        let rule = self.rules.iter().find(|rule| rule.name() == name)?;
        let failed = |cause| RuleError { rule: name.to_owned(), year, cause };
        Some(rule.check(year, tables).map_err(failed))
    }

    /// What all rules find in a year.
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
    fn a_rule_takes_the_place_of_one_of_its_name() {
        let mut validator = DataValidator::default();
        validator.register_rule(InMemoryRule::new("a").finding(2025, Severity::Error, "before"));
        validator.register_rule(InMemoryRule::new("b").finding(2025, Severity::Info, "beside"));
        validator.register_rule(InMemoryRule::new("a").finding(2025, Severity::Error, "after"));
        assert_eq!(validator.names().collect::<Vec<_>>(), ["a", "b"]);
        let tables = InMemoryTables::default();
        let found = validator.validate(2025, &tables).expect("they run");
        let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["after", "beside"]);
        assert!(validator.check("c", 2025, &tables).is_none());
    }

    #[test]
    fn a_rule_that_cannot_run_is_no_pass() {
        let mut validator = DataValidator::default();
        validator.register_rule(InMemoryRule::new("a").failure(2026, Fault::Transient));
        let error = validator.validate(2026, &InMemoryTables::default()).expect_err("it cannot run");
        assert_eq!((error.to_string().as_str(), error.fault()), ("rule a cannot run for 2026", Fault::Transient));
        assert_eq!(error.cause.to_string(), "as scripted");
    }
}
