//! The keys of `PlanAlign Engine 2`, and how each migrates.
//!
//! A configuration in that format isn't translated: keys that were renamed or aren't supported are reported with their lines,
//! so that the file's owner can decide. Nothing is silently dropped.

mod employer;
mod entry;
mod people;
mod program;
mod studio;

use crate::fixed::{Fixed, Rate};
use crate::settings::problem::ProblemKind;
use crate::settings::rules::rule_of;
use crate::yaml::{Content, Node};

/// A key of `PlanAlign Engine 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Path of the setting. `section.*` matches everything in a section that has no more specific path; any other `*` matches
    /// the rest of a name.
    pub path: &'static str,
    /// How it migrates.
    pub migration: Migration,
    /// The reason, the difference, or what to write instead; may be empty.
    pub text: &'static str,
}

/// How a key migrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// The key has the same name and meaning here.
    Kept,
    /// The key has another name here.
    Renamed {
        /// The new setting or section.
        to: &'static str,
        /// How the value changes.
        value: Conversion,
    },
    /// The key isn't supported and won't be.
    Refused,
    /// The key isn't supported yet.
    Planned,
}

/// How a value changes under its new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Unchanged.
    Same,
    /// A percentage becomes a fraction.
    Percent,
    /// Rewritten as described in the key's text.
    Rewritten,
}

/// Iterates over all keys, by section.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    [people::KEYS, entry::KEYS, employer::KEYS, studio::KEYS, program::KEYS].into_iter().flatten()
}

/// Finds the most specific key for an Engine 2 path: its own, or that of its section.
#[must_use]
pub fn key_of(path: &str) -> Option<&'static Key> {
    let own = keys().find(|key| key.path == path);
    own.or_else(|| keys().filter(|key| key.covers(path)).max_by_key(|key| key.path.len()))
}

impl Key {
    /// Returns whether a path is this key or in this section.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        if let Some(section) = self.path.strip_suffix(".*") {
            let rest = path.strip_prefix(section);
            return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        }
        let Some((head, tail)) = self.path.split_once('*') else { return self.path == path };
        let rest = path.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        rest.is_some_and(|rest| !rest.contains('.'))
    }
}

/// Whether there are more specific keys in a section.
pub(crate) fn has_keys_in(section: &str) -> bool {
    let is_inside =
        |key: &Key| key.path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.') && rest != ".*");
    keys().any(is_inside)
}

/// The problem to report for a key that isn't a setting here; `None` if it isn't an Engine 2 key either.
pub(crate) fn migration_of(path: &str, value: &Node) -> Option<ProblemKind> {
    let key = key_of(path)?;
    match key.migration {
        Migration::Kept => None,
        Migration::Renamed { to, value: conversion } => {
            let value = conversion.apply(value).filter(|value| is_allowed(to, value)).map(|value| value.to_string());
            Some(ProblemKind::Renamed { to, value, text: key.text })
        }
        Migration::Refused => Some(ProblemKind::Refused { reason: key.text }),
        Migration::Planned => Some(ProblemKind::Planned { text: key.text }),
    }
}

impl Conversion {
    fn apply(self, value: &Node) -> Option<Node> {
        match self {
            Self::Same => Some(value.clone()),
            Self::Percent => {
                // A percentage has two fewer decimals than its fraction.
                let percent = match &value.content {
                    Content::Integer(number) => Fixed::<4>::from_scaled((*number).into(), 0)?,
                    Content::Float(text) => text.parse().ok()?,
                    _ => return None,
                };
                Some(Node { content: Content::Float(Rate::from_units(percent.units()).shortest()), at: value.at })
            }
            Self::Rewritten => None,
        }
    }
}

/// Whether a setting allows a value.
fn is_allowed(setting: &str, value: &Node) -> bool {
    let mut mistakes = Vec::new();
    rule_of(setting).is_some_and(|rule| {
        rule.check(setting, value, &mut mistakes);
        mistakes.is_empty()
    })
}

const fn kept(path: &'static str, text: &'static str) -> Key {
    Key { path, migration: Migration::Kept, text }
}

const fn renamed(path: &'static str, to: &'static str, text: &'static str) -> Key {
    Key { path, migration: Migration::Renamed { to, value: Conversion::Same }, text }
}

const fn percent(path: &'static str, to: &'static str) -> Key {
    let text = "a percentage becomes a fraction: 2.5 is 0.025";
    Key { path, migration: Migration::Renamed { to, value: Conversion::Percent }, text }
}

const fn rewritten(path: &'static str, to: &'static str, text: &'static str) -> Key {
    Key { path, migration: Migration::Renamed { to, value: Conversion::Rewritten }, text }
}

const fn refused(path: &'static str, reason: &'static str) -> Key {
    Key { path, migration: Migration::Refused, text: reason }
}

const fn planned(path: &'static str, text: &'static str) -> Key {
    Key { path, migration: Migration::Planned, text }
}

#[cfg(test)]
mod tests;
