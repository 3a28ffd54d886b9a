//! The keys of `PlanAlign Engine 2`, and what became of each.
//!
//! A configuration in that format is not translated: what has another name here, or none, is told with the line of the
//! file, so that whoever owns the file decides. Nothing of it is dropped in silence.

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
    /// Path of the setting. `section.*` is a section with everything in it for which there is no longer path; any other `*`
    /// is the rest of a name.
    pub path: &'static str,
    /// What became of it.
    pub migration: Migration,
    /// The reason, what differs, or what to write instead; empty if there is nothing to say.
    pub text: &'static str,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// The same key means the same here.
    Kept,
    /// Another key means the same here.
    Renamed {
        /// The setting or the section here.
        to: &'static str,
        /// What happens to the value.
        value: Conversion,
    },
    /// There is no such setting, and none is intended.
    Refused,
    /// The model does not have it yet.
    Planned,
}

/// How a value is written under its new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// As it is.
    Same,
    /// A percent becomes a share.
    Percent,
    /// In another form, which the text of the key describes.
    Rewritten,
}

/// All keys, section by section.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    [people::KEYS, entry::KEYS, employer::KEYS, studio::KEYS, program::KEYS].into_iter().flatten()
}

/// The key that tells most about a path of Engine 2: its own, or that of the section it is in.
#[must_use]
pub fn key_of(path: &str) -> Option<&'static Key> {
    let own = keys().find(|key| key.path == path);
    own.or_else(|| keys().filter(|key| key.covers(path)).max_by_key(|key| key.path.len()))
}

impl Key {
    /// Whether a path is this key, or in this section.
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

/// Whether more is known about what is in a section than about the section.
pub(crate) fn has_keys_in(section: &str) -> bool {
    let is_inside =
        |key: &Key| key.path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.') && rest != ".*");
    keys().any(is_inside)
}

/// What to tell about a key that stands in a configuration and is none here; `None` if it is no key there either.
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
                // A percent has two digits less behind the point than its share.
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

/// Whether a setting may have a value.
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
    let text = "a percent becomes a share, 2.5 is 0.025";
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
