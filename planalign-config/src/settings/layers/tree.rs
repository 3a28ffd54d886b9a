//! Checks the tree of one layer against the known settings and keeps what is valid.

use std::collections::BTreeMap;

use figment::value::{Dict, Empty, Num, Tag, Value};

use super::known::Known;
use super::{Layer, Source};
use crate::settings::engine2;
use crate::settings::keys::join;
use crate::settings::problem::{Mistake, Problem, ProblemKind};
use crate::settings::rules::{self, Allowed};
use crate::yaml::{Content, Entry, Node, Position};

/// The individually valid settings of a layer and their positions.
pub(super) struct CheckedLayer {
    pub(super) source: Source,
    pub(super) values: Dict,
    pub(super) positions: BTreeMap<String, Position>,
}

/// Checks one layer and adds the problems found.
pub(super) fn check(layer: Layer, known: &Known, problems: &mut Vec<Problem>) -> CheckedLayer {
    let Layer { source, root, mistakes } = layer;
    let mut walk = Walk { known, mistakes, positions: BTreeMap::new() };
    let values = walk.section("", &root).unwrap_or_default();
    problems.extend(walk.mistakes.into_iter().map(|mistake| source.problem(mistake)));
    CheckedLayer { source, values, positions: walk.positions }
}

struct Walk<'k> {
    known: &'k Known,
    mistakes: Vec<Mistake>,
    positions: BTreeMap<String, Position>,
}

impl Walk<'_> {
    /// The valid settings of a section; `None` if the node isn't a section.
    fn section(&mut self, path: &str, node: &Node) -> Option<Dict> {
        let Content::Map(entries) = &node.content else {
            let expected = format!("a section with {}", self.known.names_in(path).join(", "));
            let kind = ProblemKind::Value { given: node.to_string(), expected };
            self.mistakes.push(Mistake { at: node.at, key: path.to_owned(), kind });
            return None;
        };
        let mut values = Dict::new();
        for entry in entries {
            let path = join(path, &entry.key);
            self.positions.insert(path.clone(), entry.at);
            if let Some(value) = self.entry(path, entry) {
                values.insert(entry.key.clone(), value);
            }
        }
        Some(values)
    }

    fn entry(&mut self, path: String, entry: &Entry) -> Option<Value> {
        if self.known.is_section(&path) {
            return self.section(&path, &entry.value).map(|values| Value::Dict(Tag::Default, values));
        }
        let rule = rules::rule_of(&path).filter(|_| self.known.is_setting(&path));
        let Some(rule) = rule else {
            self.unknown(path, entry);
            return None;
        };
        let before = self.mistakes.len();
        rule.check(&path, &entry.value, &mut self.mistakes);
        if let (Allowed::MapOf(..), Content::Map(entries)) = (&rule.allowed, &entry.value.content) {
            self.positions.extend(entries.iter().map(|inner| (join(&path, &inner.key), inner.at)));
        }
        let is_exact = !matches!(rule.allowed, Allowed::Shares(_));
        (self.mistakes.len() == before).then(|| value(&entry.value, is_exact))
    }

    /// Reports an unknown key, or each key of an Engine 2 section whose keys migrate differently.
    fn unknown(&mut self, path: String, entry: &Entry) {
        match &entry.value.content {
            Content::Map(entries) if !entries.is_empty() && engine2::has_keys_in(&path) => {
                for entry in entries {
                    self.unknown(join(&path, &entry.key), entry);
                }
            }
            _ => {
                let mistake = match engine2::migration_of(&path, &entry.value) {
                    Some(kind) => Mistake { at: entry.at, key: path, kind },
                    None => self.known.unknown(entry, path),
                };
                self.mistakes.push(mistake);
            }
        }
    }
}

/// Converts a value for figment, whose only fractional numbers are doubles; an exact one is passed as its digits.
fn value(node: &Node, is_exact: bool) -> Value {
    match &node.content {
        Content::Null => Value::Empty(Tag::Default, Empty::None),
        Content::Flag(flag) => Value::Bool(Tag::Default, *flag),
        Content::Integer(number) => Value::Num(Tag::Default, Num::I64(*number)),
        Content::Float(text) => match rules::rate(&node.content).filter(|_| is_exact) {
            Some(rate) => Value::String(Tag::Default, rate.to_string()),
            None => Value::Num(Tag::Default, Num::F64(text.parse().unwrap_or(f64::NAN))),
        },
        Content::Text(text) => Value::String(Tag::Default, text.clone()),
        Content::List(nodes) => Value::Array(Tag::Default, nodes.iter().map(|node| value(node, is_exact)).collect()),
        Content::Map(entries) => {
            let inner = entries.iter().map(|entry| (entry.key.clone(), value(&entry.value, is_exact)));
            Value::Dict(Tag::Default, inner.collect())
        }
    }
}
