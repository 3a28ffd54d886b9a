//! Checks the tree of one layer against the known settings, and keeps what is good.

use std::collections::{BTreeMap, BTreeSet};

use figment::value::{Dict, Empty, Num, Tag, Value};

use super::{Layer, Source};
use crate::keys::join;
use crate::nearest::nearest;
use crate::problem::{Problem, ProblemKind};
use crate::rules::{self, Allowed};
use crate::yaml::{Content, Entry, Flaw, Node, Position};

/// The settings of a layer that are right by themselves, and where each stands.
pub(super) struct CheckedLayer {
    pub(super) source: Source,
    pub(super) values: Dict,
    pub(super) positions: BTreeMap<String, Position>,
}

/// Every setting and every section that there is.
pub(super) struct Known {
    settings: BTreeSet<String>,
    sections: BTreeSet<String>,
}

impl Known {
    pub(super) fn new() -> Self {
        let mut known = Self { settings: BTreeSet::new(), sections: BTreeSet::new() };
        for key in super::merge::default_leaves() {
            let mut at = key.as_str();
            while let Some((section, _)) = at.rsplit_once('.') {
                known.sections.insert(section.to_owned());
                at = section;
            }
            known.settings.insert(key);
        }
        known
    }

    /// The paths of all settings.
    pub(super) fn settings(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(String::as_str)
    }

    /// The names that may stand in a section.
    fn names_in(&self, section: &str) -> Vec<String> {
        let all = self.settings.iter().chain(&self.sections);
        let within = all.filter_map(|path| match path.rsplit_once('.') {
            Some((parent, name)) if parent == section => Some(name.to_owned()),
            None if section.is_empty() => Some(path.clone()),
            _ => None,
        });
        within.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn unknown(&self, entry: &Entry, path: String) -> Flaw {
        let section = path.rsplit_once('.').map_or("", |(section, _)| section);
        let candidates = if matches!(entry.value.content, Content::Map(_)) { &self.sections } else { &self.settings };
        let nearest = nearest(&path, candidates.iter().map(String::as_str)).map(str::to_owned);
        let known = self.names_in(section);
        Flaw { at: entry.at, key: path, kind: ProblemKind::UnknownKey { nearest, known } }
    }
}

pub(super) fn check(layer: Layer, problems: &mut Vec<Problem>) -> CheckedLayer {
    let Layer { source, root, flaws } = layer;
    let mut walk = Walk { known: Known::new(), flaws, positions: BTreeMap::new() };
    let values = walk.section("", &root).unwrap_or_default();
    problems.extend(walk.flaws.into_iter().map(|flaw| source.problem(flaw)));
    CheckedLayer { source, values, positions: walk.positions }
}

struct Walk {
    known: Known,
    flaws: Vec<Flaw>,
    positions: BTreeMap<String, Position>,
}

impl Walk {
    /// The good settings of a section; `None` if it is none.
    fn section(&mut self, path: &str, node: &Node) -> Option<Dict> {
        let Content::Map(entries) = &node.content else {
            let expected = format!("a section with {}", self.known.names_in(path).join(", "));
            let kind = ProblemKind::Value { given: node.to_string(), expected };
            self.flaws.push(Flaw { at: node.at, key: path.to_owned(), kind });
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
        if self.known.sections.contains(&path) {
            return self.section(&path, &entry.value).map(|values| Value::Dict(Tag::Default, values));
        }
        let rule = rules::rule_of(&path).filter(|_| self.known.settings.contains(&path));
        let Some(rule) = rule else {
            let flaw = self.known.unknown(entry, path);
            self.flaws.push(flaw);
            return None;
        };
        let before = self.flaws.len();
        rule.check(&path, &entry.value, &mut self.flaws);
        if let (Allowed::MapOf(..), Content::Map(entries)) = (rule.allowed, &entry.value.content) {
            self.positions.extend(entries.iter().map(|inner| (join(&path, &inner.key), inner.at)));
        }
        (self.flaws.len() == before).then(|| value(&entry.value))
    }
}

fn value(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Empty(Tag::Default, Empty::None),
        Content::Flag(flag) => Value::Bool(Tag::Default, *flag),
        Content::Integer(number) => Value::Num(Tag::Default, Num::I64(*number)),
        Content::Float(number) => Value::Num(Tag::Default, Num::F64(*number)),
        Content::Text(text) => Value::String(Tag::Default, text.clone()),
        Content::List(nodes) => Value::Array(Tag::Default, nodes.iter().map(value).collect()),
        Content::Map(entries) => {
            Value::Dict(Tag::Default, entries.iter().map(|entry| (entry.key.clone(), value(&entry.value))).collect())
        }
    }
}
