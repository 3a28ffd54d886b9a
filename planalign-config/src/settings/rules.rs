//! What each setting may be, taken by itself: the types and ranges of the table, and checking a value against them.

mod table;

use jiff::civil::Date;

use crate::nearest::nearest;
use crate::settings::keys::{join, parent};
use crate::settings::problem::ProblemKind;
use crate::settings::yaml::{Content, Entry, Flaw, Node};
use crate::settings::{Identifier, MonthDay};

pub(crate) use table::TABLE;

/// What a setting may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// Path of the setting, or of a map of settings that are all alike.
    pub(crate) key: &'static str,
    /// What its value may be.
    pub(crate) allowed: Allowed,
    /// Whether `null` is a value too.
    pub(crate) nullable: bool,
    /// Where the rule comes from or what it means; told with every violation.
    pub(crate) note: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allowed {
    Identifier,
    /// Text with at least one character.
    Text,
    /// Such a text on one line.
    Line,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number within bounds, both included, that millionths can express.
    Number(f64, f64),
    /// A whole number within bounds, both included.
    Whole(i64, i64),
    MonthDay,
    Date,
    /// This many numbers from 0 to 1 whose sum is 1.
    Shares(usize),
    /// A list of texts.
    Texts,
    /// A list of maps with exactly these keys.
    Records(&'static [(&'static str, Allowed)]),
    /// A list of maps with the first of these keys and any of the others.
    Entries(&'static [(&'static str, Allowed)]),
    /// A map with any of these keys.
    Section(&'static [(&'static str, Allowed)]),
    /// A map of any of these keys to such values.
    MapOf(&'static [&'static str], &'static Allowed),
}

/// The sum of shares may miss 1 by as much, so that twelfths can be written down.
const SUM_TOLERANCE: f64 = 0.001;

/// Finds the rule of a setting: its own, or that of the map it is in.
pub(crate) fn rule_of(path: &str) -> Option<&'static Rule> {
    let mut at = Some(path);
    while let Some(path) = at {
        if let Some(rule) = TABLE.iter().find(|rule| rule.key == path) {
            return Some(rule);
        }
        at = parent(path);
    }
    None
}

impl Rule {
    /// Checks a value; adds what is wrong with it or with what it holds.
    pub(crate) fn check(&self, path: &str, node: &Node, flaws: &mut Vec<Flaw>) {
        if !(self.nullable && node.is_null()) {
            self.check_as(&self.allowed, path, node, flaws);
        }
    }

    /// What is allowed, in words.
    pub(crate) fn expected(&self) -> String {
        let null = if self.nullable { ", or null" } else { "" };
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{}{null}{note}", self.allowed.words())
    }

    fn check_as(&self, allowed: &Allowed, path: &str, node: &Node, flaws: &mut Vec<Flaw>) {
        match (allowed, &node.content) {
            (Allowed::Records(fields), Content::List(nodes)) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.check_record(fields, fields.len(), &format!("{path}[{index}]"), node, flaws);
                }
            }
            (Allowed::Entries(fields), Content::List(nodes)) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.check_record(fields, 1, &format!("{path}[{index}]"), node, flaws);
                }
            }
            (Allowed::Section(fields), Content::Map(_)) => self.check_record(fields, 0, path, node, flaws),
            (Allowed::MapOf(keys, value), Content::Map(entries)) => {
                for entry in entries {
                    let path = join(path, &entry.key);
                    if keys.contains(&entry.key.as_str()) {
                        self.check_as(value, &path, &entry.value, flaws);
                    } else {
                        flaws.push(unknown(entry, path, keys));
                    }
                }
            }
            (allowed, content) if allowed.accepts(content) => {}
            (Allowed::Number(..), content) if allowed.has_in_bounds(content) => {
                flaws.push(refused(path, node, "a number with at most six decimals".to_owned()));
            }
            (allowed, _) => {
                let own = std::ptr::eq(allowed, &raw const self.allowed);
                let expected = if own { self.expected() } else { allowed.words() };
                flaws.push(refused(path, node, expected));
            }
        }
    }

    /// Checks a map of fields, of which the first `required` must be there.
    fn check_record(
        &self,
        fields: &'static [(&'static str, Allowed)],
        required: usize,
        path: &str,
        node: &Node,
        flaws: &mut Vec<Flaw>,
    ) {
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let Content::Map(entries) = &node.content else {
            flaws.push(refused(path, node, format!("a map of {}", names.join(", "))));
            return;
        };
        for entry in entries {
            let path = join(path, &entry.key);
            match fields.iter().find(|(name, _)| *name == entry.key) {
                Some((_, allowed)) => self.check_as(allowed, &path, &entry.value, flaws),
                None => flaws.push(unknown(entry, path, &names)),
            }
        }
        for (name, allowed) in fields[..required].iter().filter(|(name, _)| entries.iter().all(|e| e.key != *name)) {
            let kind = ProblemKind::Missing { expected: allowed.words() };
            flaws.push(Flaw { at: node.at, key: join(path, name), kind });
        }
    }
}

fn refused(path: &str, node: &Node, expected: String) -> Flaw {
    Flaw { at: node.at, key: path.to_owned(), kind: ProblemKind::Value { given: node.to_string(), expected } }
}

fn unknown(entry: &Entry, path: String, known: &[&str]) -> Flaw {
    let nearest = nearest(&entry.key, known.iter().copied()).map(str::to_owned);
    let known = known.iter().map(|key| (*key).to_owned()).collect();
    Flaw { at: entry.at, key: path, kind: ProblemKind::UnknownKey { nearest, known } }
}

impl Allowed {
    /// Whether text is taken as it stands, without quotes.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Identifier | Self::Text | Self::Line | Self::Choice(_) | Self::MonthDay | Self::Date)
    }

    fn accepts(&self, content: &Content) -> bool {
        match (self, content) {
            (Self::Identifier, Content::Text(text)) => text.parse::<Identifier>().is_ok(),
            (Self::Text, Content::Text(text)) => !text.trim().is_empty(),
            (Self::Line, Content::Text(text)) => !text.trim().is_empty() && !text.contains(char::is_control),
            (Self::Texts, Content::List(nodes)) => nodes.iter().all(|node| Self::Text.accepts(&node.content)),
            (Self::Flag, Content::Flag(_)) => true,
            (Self::Choice(words), Content::Text(text)) => words.contains(&text.as_str()),
            (Self::Number(..), content) => self.has_in_bounds(content) && number(content).is_some_and(in_millionths),
            (Self::Whole(least, most), Content::Integer(n)) => (*least..=*most).contains(n),
            (Self::MonthDay, Content::Text(text)) => text.parse::<MonthDay>().is_ok(),
            // The parser takes more forms than one.
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
            Self::Identifier => "1 to 64 letters, digits, _ or -".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Line => "text on one line".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::MonthDay => "a day MM-DD that every year has".to_owned(),
            Self::Date => "a date YYYY-MM-DD".to_owned(),
            Self::Shares(count) => format!("a list of {count} numbers from 0 to 1 whose sum is 1"),
            Self::Texts => "a list of texts".to_owned(),
            Self::Section(fields) => {
                let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                format!("a map of {}", names.join(", "))
            }
            Self::Records(fields) | Self::Entries(fields) => {
                let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                format!("a list of maps of {}", names.join(", "))
            }
            Self::MapOf(keys, value) => format!("a map of any of {}, each with {}", keys.join(", "), value.words()),
        }
    }
}

fn number(content: &Content) -> Option<f64> {
    match content {
        #[expect(clippy::cast_precision_loss, reason = "numbers that large are out of every range")]
        Content::Integer(n) => Some(*n as f64),
        Content::Float(x) => Some(*x),
        _ => None,
    }
}

/// The models compute in millionths; what they would round away is refused.
fn in_millionths(x: f64) -> bool {
    let millionths = x * 1e6;
    // Relative to the number, so that what is too small to be a millionth is none.
    (millionths - millionths.round()).abs() <= 1e-9 * millionths.abs()
}

#[cfg(test)]
mod tests;
