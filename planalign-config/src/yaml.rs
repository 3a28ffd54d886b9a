//! YAML documents as trees with positions, in two dialects.
//!
//! Existing libraries with positions don't suffice: those that deserialize into types stop at the first mistake, and those that
//! build trees (saphyr's `MarkedYaml`) can't detect aliases and duplicate keys or read dbt's dialect.

mod builder;
mod flow;
mod scalar;

use std::fmt;

use saphyr_parser::{Marker, Parser};
use serde_json::Value as Json;

use builder::Builder;

/// A YAML dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A single plain document with the scalars of YAML 1.2's core schema. Tags, anchors, further documents, and duplicate keys
    /// are errors.
    Core,
    /// What dbt reads (`PyYAML`: YAML 1.1): `yes` is true, `010` is 8, aliases and merge keys are resolved, and tags are ignored.
    /// The first of several documents and the last of duplicate keys win.
    PyYaml,
}

/// A position in a text; lines and columns start at 1.
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

/// The content of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `null`, or nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Another number, with all its digits, in a form that `str::parse` accepts.
    Float(String),
    /// Text, quoted or not.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in its order.
    Map(Vec<Entry>),
}

/// A map entry: a key, its position, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where it begins.
    pub at: Position,
    /// Its value.
    pub value: Node,
}

/// An error in a text, with its position and key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct YamlError {
    /// Position.
    pub at: Position,
    /// Path of the key; empty if the whole text is meant.
    pub key: String,
    /// Kind of error.
    pub kind: YamlErrorKind,
}

/// Kinds of errors in a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlErrorKind {
    /// The text isn't valid YAML in this dialect.
    #[error("{message}")]
    Syntax {
        /// The parser's message.
        message: String,
    },
    /// The key appears twice in one map.
    #[error("given twice, first on line {first_line}")]
    DuplicateKey {
        /// Line of the first occurrence.
        first_line: usize,
    },
}

impl Dialect {
    /// Maximum nesting of lists and maps; no real file needs more.
    fn deepest(self) -> usize {
        match self {
            Self::Core => 16,
            Self::PyYaml => 128,
        }
    }
}

/// Parses a document and returns it with all errors. In the core dialect, an empty document is an empty map, and the first of
/// duplicate keys wins.
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> (Node, Vec<YamlError>) {
    // Some editors put a byte order mark first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = parse_strictly(text, dialect);
    if dialect == Dialect::PyYaml && flow::is_poorly_indented(&parsed.1) {
        return flow::parse_indented(text, |text| parse_strictly(text, dialect));
    }
    parsed
}

/// Parses a document as the parser's YAML 1.2.
fn parse_strictly(text: &str, dialect: Dialect) -> (Node, Vec<YamlError>) {
    let mut builder = Builder::new(dialect);
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.take(event, position(span.start)),
            Err(error) => Err(YamlError::syntax(position(*error.marker()), error.info())),
        };
        if let Err(error) = step {
            // Text after a syntax error can't be parsed.
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
    /// Returns whether the value is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// Returns the text, if the value is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items of a list; empty for other values.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the entries of a map; empty for other values.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the value of a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Converts the value to JSON, without positions. Numbers that JSON doesn't support, such as NaN, become null.
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

    /// The name of this value as a key.
    fn key(&self) -> String {
        self.text().map_or_else(|| self.to_string(), str::to_owned)
    }

    /// The number of nested values.
    fn size(&self) -> usize {
        let items = self.items().iter().map(Self::size).sum::<usize>();
        1 + items + self.entries().iter().map(|entry| entry.value.size()).sum::<usize>()
    }
}

/// Displays the value on one line.
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
