//! Rules that involve several settings, checked on the effective values.

mod lists;
mod plan;
mod validation;
mod years;

use crate::settings::layers::LoadedConfig;
use crate::settings::origins::Origin;
use crate::settings::problem::{Problem, ProblemKind};

/// Adds the problems found. A rule is skipped if one of its settings already has a problem.
pub(crate) fn check(loaded: &LoadedConfig, problems: &mut Vec<Problem>) {
    let mut report = Report { loaded, known: problems.iter().map(|p| p.key.clone()).collect(), found: Vec::new() };
    years::check(&mut report);
    plan::check(&mut report);
    lists::check(&mut report);
    validation::check(&mut report);
    problems.extend(report.found);
}

struct Report<'c> {
    loaded: &'c LoadedConfig,
    known: Vec<String>,
    found: Vec<Problem>,
}

impl Report<'_> {
    /// Reports `key` unless the rule holds; `involved` are the rule's other settings.
    fn expect(&mut self, holds: bool, key: &str, involved: &[&str], expected: impl FnOnce() -> String) {
        let spoiled = |key: &&str| self.known.iter().any(|known| known.starts_with(*key));
        if holds || involved.iter().chain([&key]).any(spoiled) {
            return;
        }
        // If the key itself is a default, the user set one of the others.
        let mut origins = [key].into_iter().chain(involved.iter().copied()).map(|key| self.origin(key));
        let origin = origins.find(|origin| *origin != Origin::Default).unwrap_or(Origin::Default);
        let pointer = format!("/{}", key.replace('.', "/"));
        let tree = serde_json::Value::Object(self.loaded.settings.to_tree());
        let given = tree.pointer(&pointer).map(ToString::to_string).unwrap_or_default();
        let kind = ProblemKind::Value { given, expected: expected() };
        self.found.push(Problem { origin, key: key.to_owned(), kind });
    }

    /// A map has the origin of its strongest entry.
    fn origin(&self, key: &str) -> Origin {
        let within = |other: &str| other == key || other.starts_with(&format!("{key}."));
        let entries = self.loaded.origins.iter().filter(|(other, ..)| within(other));
        entries.map(|(.., origin)| origin).max().cloned().unwrap_or(Origin::Default)
    }
}

#[cfg(test)]
mod tests;
