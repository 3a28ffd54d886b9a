//! YAML documents as trees whose nodes know where they stand, in the dialects that are read here.
//!
//! Libraries that have positions don't do: what deserializes into types stops at the first mistake, and what builds trees
//! (saphyr's `MarkedYaml`) can't tell aliases and keys given twice, nor the dialect of dbt.

mod builder;
mod scalar;

use std::fmt;

use saphyr_parser::{Marker, Parser};
use serde_json::Value as Json;

use builder::Builder;

/// A kind of YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One plain document, with the scalars of the core schema of YAML 1.2. Tags, anchors, a second document and keys given twice
    /// are errors.
    Core,
    /// What dbt reads (`PyYAML`: YAML 1.1): `yes` is true and `010` is 8, aliases and merge keys are resolved, tags ignored. Of
    /// several documents the first counts, of keys given twice the last.
    PyYaml,
}

/// A place in a text; lines and columns count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub content: Content,
    /// Where it begins.
    pub at: Position,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `null`, or nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Another number, with all its digits, as `str::parse` takes it.
    Float(String),
    /// Text, quoted or not.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in its order.
    Map(Vec<Entry>),
}

/// A key of a map, where it stands, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where it begins.
    pub at: Position,
    /// Its value.
    pub value: Node,
}

/// What is wrong with a text, where, and under which key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct YamlError {
    /// Where.
    pub at: Position,
    /// Path of the key; empty if the text as a whole is meant.
    pub key: String,
    /// What.
    pub kind: YamlErrorKind,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlErrorKind {
    /// The text is no YAML, or not of this dialect.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// The key stands twice in one map.
    #[error("given twice, first on line {first_line}")]
    DuplicateKey {
        /// Line of the first.
        first_line: usize,
    },
}

impl Dialect {
    /// Lists and maps within each other; no file has as many.
    fn deepest(self) -> usize {
        match self {
            Self::Core => 16,
            Self::PyYaml => 128,
        }
    }
}

/// Reads a document, and tells everything that is wrong with it. In the core dialect an empty one is a map without keys, and
/// of keys given twice the first counts.
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> (Node, Vec<YamlError>) {
    let mut builder = Builder::new(dialect);
    // Some editors put a byte order mark first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.take(event, position(span.start)),
            Err(error) => Err(YamlError::syntax(position(*error.marker()), error.info())),
        };
        if let Err(error) = step {
            // What stands behind broken text can't be understood.
            builder.errors.push(error);
            break;
        }
    }
    let nothing = match dialect {
        Dialect::Core => Content::Map(Vec::new()),
        Dialect::PyYaml => Content::Null,
    };
    let empty = Node { content: nothing, at: Position { line: 1, column: 1 } };
    (builder.root.unwrap_or(empty), builder.errors)
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

impl YamlError {
    fn syntax(at: Position, message: &str) -> Self {
        Self { at, key: String::new(), kind: YamlErrorKind::Syntax { message: message.to_owned() } }
    }
}

impl Node {
    /// Whether it is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value as JSON, which has no positions. What is no number there, such as NaN, is null.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.content {
            Content::Null => Json::Null,
            Content::Flag(flag) => (*flag).into(),
            Content::Integer(number) => (*number).into(),
            Content::Float(text) => text.parse::<f64>().map_or(Json::Null, Json::from),
            Content::Text(text) => text.as_str().into(),
            Content::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Json>()
            }
        }
    }

    /// What a key of this value is called.
    fn key(&self) -> String {
        self.text().map_or_else(|| self.to_string(), str::to_owned)
    }

    /// How many values it consists of.
    fn size(&self) -> usize {
        let items = self.items().iter().map(Self::size).sum::<usize>();
        1 + items + self.entries().iter().map(|entry| entry.value.size()).sum::<usize>()
    }
}

/// As it would be written on one line.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Null => f.write_str("null"),
            Content::Flag(flag) => flag.fmt(f),
            Content::Integer(number) => number.fmt(f),
            Content::Float(text) => write!(f, "{:?}", text.parse::<f64>().unwrap_or(f64::NAN)),
            Content::Text(text) => write!(f, "{text:?}"),
            Content::List(nodes) => {
                let inner: Vec<String> = nodes.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", inner.join(", "))
            }
            Content::Map(entries) => {
                let inner: Vec<String> = entries.iter().map(|e| format!("{}: {}", e.key, e.value)).collect();
                write!(f, "{{{}}}", inner.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests;
