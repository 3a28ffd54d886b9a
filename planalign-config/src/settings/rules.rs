//! Rules for individual settings, as declared by their types, and checks against them.
//!
//! Values are checked as nodes of a text, before they become settings, so that every problem is reported with its line. That
//! rules out crates that validate finished structs, such as garde.

mod declared;

use jiff::civil::Date;
use regex::Regex;

use crate::fixed::Rate;
use crate::nearest::nearest;
use crate::settings::keys::{is_whole, join, name, parent};
use crate::settings::problem::{Mistake, ProblemKind};
use crate::yaml::{Content, Entry, Node};

pub(crate) use declared::{DECLARED, RULES};

/// The rule for a setting.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Allowed values.
    pub(crate) allowed: Allowed,
    /// Whether `null` is also allowed.
    pub(crate) nullable: bool,
    /// The source or meaning of the rule; part of every error message.
    pub(crate) note: String,
}

/// Allowed values.
#[derive(Clone, Debug)]
pub(crate) enum Allowed {
    /// Text with at least one character.
    Text,
    /// Text that matches a pattern, described in words.
    Pattern { pattern: Regex, words: String },
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(Vec<String>),
    /// A number with at most six decimals within inclusive bounds.
    Number(f64, f64),
    /// A whole number within inclusive bounds.
    Whole(i64, i64),
    /// A date in the form YYYY-MM-DD.
    Date,
    /// This many numbers from 0 to 1 that add up to 1.
    Shares(usize),
    /// A list of these values.
    List(Box<Allowed>),
    /// A map of fields.
    Map(Vec<Field>),
    /// A map from any of these keys, or from any text if there are none, to these values.
    MapOf(Vec<String>, Box<Allowed>),
}

/// A field of a map within a list.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) allowed: Allowed,
    pub(crate) is_required: bool,
}

/// How far the sum of shares may be from 1, so that twelfths can be written as decimals.
const SUM_TOLERANCE: f64 = 0.001;

/// Finds the rule for a setting: its own or that of the map that contains it. A map that is one value has the rule of its
/// entries.
pub(crate) fn rule_of(path: &str) -> Option<&'static Rule> {
    let mut at = Some(path);
    while let Some(path) = at {
        if let Some(rule) = RULES.get(path) {
            return Some(rule);
        }
        at = parent(path);
    }
    let inside = format!("{path}.");
    let mut within = RULES.iter().filter(|(other, _)| is_whole(name(path)) && other.starts_with(&inside));
    within.next().map(|(_, rule)| rule)
}

impl Rule {
    /// Checks a value and its content; adds the mistakes found.
    pub(crate) fn check(&self, path: &str, node: &Node, mistakes: &mut Vec<Mistake>) {
        if !(self.nullable && node.is_null()) {
            self.check_as(&self.allowed, path, node, mistakes);
        }
    }

    /// Describes the allowed values.
    pub(crate) fn expected(&self) -> String {
        let null = if self.nullable { ", or null" } else { "" };
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{}{null}{note}", self.allowed.words())
    }

    fn check_as(&self, allowed: &Allowed, path: &str, node: &Node, mistakes: &mut Vec<Mistake>) {
        match (allowed, &node.content) {
            (Allowed::List(item), Content::List(nodes)) if matches!(**item, Allowed::Map(_)) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.check_as(item, &format!("{path}[{index}]"), node, mistakes);
                }
            }
            (Allowed::Map(fields), Content::Map(entries)) => self.check_fields(fields, path, node, entries, mistakes),
            (Allowed::MapOf(keys, value), Content::Map(entries)) => {
                for entry in entries {
                    let path = join(path, &entry.key);
                    if keys.is_empty() || keys.contains(&entry.key) {
                        self.check_as(value, &path, &entry.value, mistakes);
                    } else {
                        mistakes.push(unknown(entry, path, keys));
                    }
                }
            }
            (allowed, content) if allowed.accepts(content) => {}
            (Allowed::Number(..), content) if allowed.has_in_bounds(content) => {
                mistakes.push(refused(path, node, "a number with at most six decimals".to_owned()));
            }
            (allowed, _) => {
                let own = std::ptr::eq(allowed, &raw const self.allowed);
                let expected = if own { self.expected() } else { allowed.words() };
                mistakes.push(refused(path, node, expected));
            }
        }
    }

    fn check_fields(&self, fields: &[Field], path: &str, node: &Node, entries: &[Entry], mistakes: &mut Vec<Mistake>) {
        for entry in entries {
            let path = join(path, &entry.key);
            match fields.iter().find(|field| field.name == entry.key) {
                Some(field) => self.check_as(&field.allowed, &path, &entry.value, mistakes),
                None => mistakes.push(unknown(entry, path, &names(fields))),
            }
        }
        let is_given = |field: &Field| entries.iter().any(|entry| entry.key == field.name);
        for field in fields.iter().filter(|field| field.is_required && !is_given(field)) {
            let kind = ProblemKind::Missing { expected: field.allowed.words() };
            mistakes.push(Mistake { at: node.at, key: join(path, &field.name), kind });
        }
    }
}

fn refused(path: &str, node: &Node, expected: String) -> Mistake {
    Mistake { at: node.at, key: path.to_owned(), kind: ProblemKind::Value { given: node.to_string(), expected } }
}

fn unknown(entry: &Entry, path: String, known: &[String]) -> Mistake {
    let nearest = nearest(&entry.key, known.iter().map(String::as_str)).map(str::to_owned);
    Mistake { at: entry.at, key: path, kind: ProblemKind::UnknownKey { nearest, known: known.to_vec() } }
}

fn names(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

impl Allowed {
    /// Whether text is used verbatim, without quotes.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Pattern { .. } | Self::Choice(_) | Self::Date)
    }

    fn accepts(&self, content: &Content) -> bool {
        match (self, content) {
            (Self::Text, Content::Text(text)) => !text.trim().is_empty(),
            (Self::Pattern { pattern, .. }, Content::Text(text)) => pattern.is_match(text),
            (Self::List(item), Content::List(nodes)) => nodes.iter().all(|node| item.accepts(&node.content)),
            (Self::Flag, Content::Flag(_)) => true,
            (Self::Choice(words), Content::Text(text)) => words.contains(text),
            (Self::Number(..), content) => self.has_in_bounds(content) && rate(content).is_some(),
            (Self::Whole(least, most), Content::Integer(n)) => (*least..=*most).contains(n),
            // The parser accepts several forms.
            (Self::Date, Content::Text(text)) => text.parse::<Date>().is_ok_and(|date| date.to_string() == *text),
            (Self::Shares(count), Content::List(nodes)) => {
                let shares: Vec<f64> = nodes.iter().filter_map(|node| number(&node.content)).collect();
                nodes.len() == *count
                    && shares.len() == *count
                    && shares.iter().all(|share| (0.0..=1.0).contains(share))
                    && (shares.iter().sum::<f64>() - 1.0).abs() <= SUM_TOLERANCE
            }
            _ => false,
        }
    }

    fn has_in_bounds(&self, content: &Content) -> bool {
        let Self::Number(least, most) = self else { return false };
        number(content).is_some_and(|x| (*least..=*most).contains(&x))
    }

    pub(crate) fn words(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Pattern { words, .. } => words.clone(),
            Self::Flag => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Date => "a date YYYY-MM-DD".to_owned(),
            Self::Shares(count) => format!("a list of {count} numbers from 0 to 1 that add up to 1"),
            Self::List(item) => match &**item {
                Self::Map(fields) => format!("a list of maps with {}", names(fields).join(", ")),
                item => format!("a list of {}s", item.words()),
            },
            Self::Map(fields) => format!("a map with {}", names(fields).join(", ")),
            Self::MapOf(keys, value) if keys.is_empty() => format!("a map, each entry with {}", value.words()),
            Self::MapOf(keys, value) => {
                format!("a map with any of the keys {}, each with {}", keys.join(", "), value.words())
            }
        }
    }
}

fn number(content: &Content) -> Option<f64> {
    match content {
        #[expect(clippy::cast_precision_loss, reason = "numbers that large are out of range")]
        Content::Integer(n) => Some(*n as f64),
        Content::Float(text) => text.parse().ok(),
        _ => None,
    }
}

/// The models compute in millionths, so more decimals are rejected, except for the noise that programs computing with doubles
/// leave in files.
pub(crate) fn rate(content: &Content) -> Option<Rate> {
    match content {
        Content::Integer(number) => Rate::from_scaled((*number).into(), 0),
        Content::Float(text) => text.parse().ok().or_else(|| Rate::from_f64(text.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
