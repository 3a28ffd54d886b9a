//! A rule whose severity comes from the configuration.

use planalign_config::Tables;
use planalign_config::settings::Rating;

use crate::rule::{CheckError, Finding, Rule, Severity};

/// Wraps a rule and gives all its findings one severity, except fatal ones, which stay fatal.
pub(super) struct Rated {
    pub(super) rule: Box<dyn Rule>,
    pub(super) severity: Severity,
}

impl Rule for Rated {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let mut findings = self.rule.check(year, tables)?;
        for finding in findings.iter_mut().filter(|finding| finding.severity != Severity::Fatal) {
            finding.severity = self.severity;
        }
        Ok(findings)
    }
}

/// Returns the severity of a rating, or `None` if the rule is off.
pub(super) fn severity(rating: Rating) -> Option<Severity> {
    match rating {
        Rating::Off => None,
        Rating::Info => Some(Severity::Info),
        Rating::Warning => Some(Severity::Warning),
        Rating::Error => Some(Severity::Error),
    }
}
