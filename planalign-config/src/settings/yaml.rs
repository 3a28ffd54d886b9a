//! YAML documents as trees whose nodes know where they stand.
//!
//! Only what a settings file needs: scalars of the core schema, lists and maps. Keys are text. What a settings file must
//! not contain (tags, anchors, a second document) is a problem, not a surprise.

use std::fmt;

use saphyr::{Scalar, ScalarStyle};
use saphyr_parser::{Event, Marker, Parser};

use crate::settings::problem::ProblemKind;

/// No setting is nested as deep as this.
const DEEPEST: usize = 16;

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
    /// Another number.
    Float(f64),
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
#[derive(Clone, Debug, PartialEq)]
pub struct Flaw {
    /// Where.
    pub at: Position,
    /// Path of the key; empty if the text as a whole is meant.
    pub key: String,
    /// What.
    pub kind: ProblemKind,
}

/// Reads a document. An empty one is a map without keys; of keys given twice the first counts.
#[must_use]
pub fn parse(text: &str) -> (Node, Vec<Flaw>) {
    let mut builder = Builder::default();
    // Some editors put a byte order mark first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.take(event, position(span.start)),
            Err(error) => Err(Flaw::syntax(position(*error.marker()), error.info())),
        };
        if let Err(flaw) = step {
            // What stands behind broken text can't be understood.
            builder.flaws.push(flaw);
            break;
        }
    }
    let empty = Node { content: Content::Map(Vec::new()), at: Position { line: 1, column: 1 } };
    (builder.root.unwrap_or(empty), builder.flaws)
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

impl Flaw {
    fn syntax(at: Position, message: &str) -> Self {
        Self { at, key: String::new(), kind: ProblemKind::Syntax { message: message.to_owned() } }
    }
}

/// A list or map that has not ended yet.
enum Open {
    List(Vec<Node>, Position),
    Map { entries: Vec<Entry>, pending: Option<(String, Position)>, at: Position },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    flaws: Vec<Flaw>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), Flaw> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.start_document(at),
            Event::Alias(_) => Err(Flaw::syntax(at, "aliases are not supported: repeat the value")),
            Event::Scalar(text, style, anchor, tag) => {
                plain(anchor, tag.is_some(), at)?;
                self.scalar(&text, style, at);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                plain(anchor, tag.is_some(), at)?;
                self.start(Open::List(Vec::new(), at), at)
            }
            Event::MappingStart(anchor, tag) => {
                plain(anchor, tag.is_some(), at)?;
                self.start(Open::Map { entries: Vec::new(), pending: None, at }, at)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
        }
    }

    fn start_document(&mut self, at: Position) -> Result<(), Flaw> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Flaw::syntax(at, "a second document begins; settings are one document"));
        }
        Ok(())
    }

    fn start(&mut self, open: Open, at: Position) -> Result<(), Flaw> {
        if self.open.len() == DEEPEST {
            return Err(Flaw::syntax(at, "nested too deeply"));
        }
        if let Some(Open::Map { pending: None, .. }) = self.open.last() {
            return Err(Flaw::syntax(at, "a list or a map cannot be a key"));
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Position) {
        if let Some(Open::Map { pending: pending @ None, .. }) = self.open.last_mut() {
            *pending = Some((text.to_owned(), at));
            return;
        }
        let content = match Scalar::parse_from_cow_and_metadata(text.into(), style, None) {
            Some(Scalar::Null) => Content::Null,
            Some(Scalar::Boolean(flag)) => Content::Flag(flag),
            Some(Scalar::Integer(number)) => Content::Integer(number),
            Some(Scalar::FloatingPoint(number)) => Content::Float(number.into_inner()),
            Some(Scalar::String(_)) | None => Content::Text(text.to_owned()),
        };
        self.add(Node { content, at });
    }

    fn end(&mut self) {
        let node = match self.open.pop() {
            Some(Open::List(nodes, at)) => Node { content: Content::List(nodes), at },
            Some(Open::Map { entries, at, .. }) => Node { content: Content::Map(entries), at },
            None => return,
        };
        self.add(node);
    }

    fn add(&mut self, value: Node) {
        let path = self.path();
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(nodes, _)) => nodes.push(value),
            Some(Open::Map { entries, pending, .. }) => {
                let Some((key, at)) = pending.take() else { return };
                match entries.iter().find(|entry| entry.key == key) {
                    Some(first) => {
                        let kind = ProblemKind::DuplicateKey { first_line: first.at.line };
                        self.flaws.push(Flaw { at, key: path, kind });
                    }
                    None => entries.push(Entry { key, at, value }),
                }
            }
        }
    }

    /// The key path of the value that comes next.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match open {
                Open::List(nodes, _) => path = format!("{path}[{}]", nodes.len()),
                Open::Map { pending: Some((key, _)), .. } => path = crate::settings::keys::join(&path, key),
                Open::Map { pending: None, .. } => {}
            }
        }
        path
    }
}

fn plain(anchor: usize, tagged: bool, at: Position) -> Result<(), Flaw> {
    if anchor != 0 {
        return Err(Flaw::syntax(at, "anchors are not supported: repeat the value"));
    }
    if tagged {
        return Err(Flaw::syntax(at, "tags are not supported: quote a value to make it text"));
    }
    Ok(())
}

impl Node {
    /// Whether it is no value.
    pub(crate) fn is_null(&self) -> bool {
        self.content == Content::Null
    }
}

/// As it would be written on one line.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Null => f.write_str("null"),
            Content::Flag(flag) => flag.fmt(f),
            Content::Integer(number) => number.fmt(f),
            Content::Float(number) => write!(f, "{number:?}"),
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
