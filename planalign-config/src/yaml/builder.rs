//! Builds a tree from the parser's events.

use std::collections::BTreeMap;

use saphyr_parser::{Event, ScalarStyle};

use super::{Content, Dialect, Entry, Node, Position, YamlError, YamlErrorKind, scalar};

/// A list or map that hasn't ended yet.
struct Open {
    at: Position,
    anchor: usize,
    content: OpenContent,
}

enum OpenContent {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, pending: Option<(String, Position)> },
}

/// Aliases repeat values, and aliases of aliases could exhaust memory.
const MOST_ALIASED: usize = 100_000;

pub(super) struct Builder {
    dialect: Dialect,
    open: Vec<Open>,
    pub(super) root: Option<Node>,
    documents: usize,
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    pub(super) errors: Vec<YamlError>,
}

impl Builder {
    pub(super) fn new(dialect: Dialect) -> Self {
        let (open, anchors, errors) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { dialect, open, root: None, documents: 0, anchors, aliased: 0, errors }
    }

    pub(super) fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), YamlError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.start_document(at),
            // Only the first document counts where several are allowed.
            _ if self.documents > 1 => Ok(()),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                self.check_plain(anchor, tag.is_some(), at)?;
                self.scalar(&text, style, anchor, at)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_plain(anchor, tag.is_some(), at)?;
                self.start(Open { at, anchor, content: OpenContent::List(Vec::new()) })
            }
            Event::MappingStart(anchor, tag) => {
                self.check_plain(anchor, tag.is_some(), at)?;
                self.start(Open { at, anchor, content: OpenContent::Map { entries: Vec::new(), pending: None } })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
        }
    }

    fn start_document(&mut self, at: Position) -> Result<(), YamlError> {
        self.documents += 1;
        if self.documents > 1 && self.dialect == Dialect::Core {
            return Err(YamlError::syntax(at, "a second document starts here; only one is allowed"));
        }
        Ok(())
    }

    fn check_plain(&self, anchor: usize, is_tagged: bool, at: Position) -> Result<(), YamlError> {
        if self.dialect == Dialect::Core && anchor != 0 {
            return Err(YamlError::syntax(at, "anchors are not supported; repeat the value"));
        }
        if self.dialect == Dialect::Core && is_tagged {
            return Err(YamlError::syntax(at, "tags are not supported; quote a value to make it text"));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), YamlError> {
        if self.dialect == Dialect::Core {
            return Err(YamlError::syntax(at, "aliases are not supported; repeat the value"));
        }
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(YamlError::syntax(at, "an alias inside the value that it repeats"));
        };
        self.aliased += node.size();
        if self.aliased > MOST_ALIASED {
            return Err(YamlError::syntax(at, "aliases expand to too many values"));
        }
        self.add(node);
        Ok(())
    }

    fn start(&mut self, open: Open) -> Result<(), YamlError> {
        if self.open.len() == self.dialect.deepest() {
            return Err(YamlError::syntax(open.at, "nested too deeply"));
        }
        if self.expects_key() {
            let message = match self.dialect {
                Dialect::Core => "a list or map cannot be a key",
                Dialect::PyYaml => "a key must be a text",
            };
            return Err(YamlError::syntax(open.at, message));
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, at: Position) -> Result<(), YamlError> {
        let content = if style != ScalarStyle::Plain || (self.expects_key() && self.dialect == Dialect::Core) {
            Content::Text(text.to_owned())
        } else {
            scalar::resolve(text, self.dialect).map_err(|message| YamlError::syntax(at, &message))?
        };
        self.finish(Node { content, at }, anchor);
        Ok(())
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let content = match open.content {
            OpenContent::List(nodes) => Content::List(nodes),
            OpenContent::Map { entries, .. } if self.dialect == Dialect::PyYaml => Content::Map(merged(entries)),
            OpenContent::Map { entries, .. } => Content::Map(entries),
        };
        self.finish(Node { content, at: open.at }, open.anchor);
    }

    fn finish(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.add(node);
    }

    /// Whether a key comes next.
    fn expects_key(&self) -> bool {
        let innermost = self.open.last().map(|open| &open.content);
        matches!(innermost, Some(OpenContent::Map { pending: None, .. }))
    }

    fn add(&mut self, node: Node) {
        let path = self.path();
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(OpenContent::List(nodes)) => nodes.push(node),
            Some(OpenContent::Map { entries, pending }) => match pending.take() {
                None => *pending = Some((node.key(), node.at)),
                Some((key, at)) => match entries.iter_mut().find(|entry| entry.key == key) {
                    None => entries.push(Entry { key, at, value: node }),
                    Some(first) if self.dialect == Dialect::PyYaml => first.value = node,
                    Some(first) => {
                        let kind = YamlErrorKind::DuplicateKey { first_line: first.at.line };
                        self.errors.push(YamlError { at, key: path, kind });
                    }
                },
            },
        }
    }

    /// The path of the next value.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.content {
                OpenContent::List(nodes) => path = format!("{path}[{}]", nodes.len()),
                OpenContent::Map { pending: Some((key, _)), .. } if path.is_empty() => path.clone_from(key),
                OpenContent::Map { pending: Some((key, _)), .. } => path = format!("{path}.{key}"),
                OpenContent::Map { pending: None, .. } => {}
            }
        }
        path
    }
}

/// The merge key, whose value is a map or a list of maps to include.
const MERGE: &str = "<<";

/// Resolves merge keys: the map's own keys win, then the first of several merged maps.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    if entries.iter().all(|entry| entry.key != MERGE) {
        return entries;
    }
    let (merges, own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.key == MERGE);
    let maps = merges.iter().flat_map(|merge| match &merge.value.content {
        Content::List(maps) => maps.as_slice(),
        _ => std::slice::from_ref(&merge.value),
    });
    let mut all: Vec<Entry> = Vec::new();
    for entry in maps.flat_map(Node::entries) {
        if all.iter().all(|known| known.key != entry.key) {
            all.push(entry.clone());
        }
    }
    for entry in own {
        match all.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => all.push(entry),
        }
    }
    all
}
