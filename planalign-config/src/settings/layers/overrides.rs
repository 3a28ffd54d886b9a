//! Overrides from the command line.

use super::{Layer, Source};
use crate::settings::problem::{Mistake, ProblemKind};
use crate::settings::rules;
use crate::yaml::{self, Content, Dialect, Entry, Node, Position};

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Path of the setting, such as `simulation.start_year`.
    pub key: String,
    /// The value, as in the file on one line: `2026`, `[0.5, 0.5]`, `null`.
    ///
    /// If the setting is text, the value is used verbatim unless it begins with a quote.
    pub value: String,
    /// The option it comes from, such as `--set`, for messages.
    pub origin: String,
}

impl Override {
    /// Creates an override from a setting, its value, and the option it comes from.
    #[must_use]
    pub fn new(key: &str, value: &str, origin: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), origin: origin.to_owned() }
    }

    /// Overrides the first and last years, both inclusive.
    #[must_use]
    pub fn years(start: i32, end: i32, origin: &str) -> [Self; 2] {
        [("simulation.start_year", start), ("simulation.end_year", end)]
            .map(|(key, year)| Self::new(key, &year.to_string(), origin))
    }

    pub(super) fn layer(&self) -> Layer {
        layer(Source::CommandLine(self.origin.clone()), &self.key, &self.value)
    }
}

/// A layer with one setting.
pub(super) fn layer(source: Source, key: &str, text: &str) -> Layer {
    let at = Position { line: 1, column: 1 };
    let (value, mut mistakes) = value(key, text);
    if key.split('.').any(str::is_empty) {
        mistakes = vec![no_path(at)];
    }
    for mistake in &mut mistakes {
        key.clone_into(&mut mistake.key);
    }
    let empty = Node { content: Content::Map(Vec::new()), at };
    let root = if mistakes.is_empty() { nest(key, value, at) } else { empty };
    Layer { source, root, mistakes }
}

fn no_path(at: Position) -> Mistake {
    let message = "not a valid key; keys look like `simulation.start_year`".to_owned();
    Mistake { at, key: String::new(), kind: ProblemKind::Syntax { message } }
}

fn value(key: &str, text: &str) -> (Node, Vec<Mistake>) {
    let at = Position { line: 1, column: 1 };
    let rule = rules::rule_of(key);
    if text.trim().is_empty() {
        let expected = rule.map_or_else(|| "a value".to_owned(), rules::Rule::expected);
        let mistake = Mistake { at, key: key.to_owned(), kind: ProblemKind::Missing { expected } };
        return (Node { content: Content::Null, at }, vec![mistake]);
    }
    let takes_text = rule.is_some_and(|rule| rule.allowed.is_text() && !(rule.nullable && text == "null"));
    if takes_text && !text.starts_with(['"', '\'']) {
        return (Node { content: Content::Text(text.to_owned()), at }, Vec::new());
    }
    let (node, errors) = yaml::parse(text, Dialect::Core);
    (node, errors.into_iter().map(Mistake::from).collect())
}

fn nest(key: &str, value: Node, at: Position) -> Node {
    key.rsplit('.').fold(value, |value, key| {
        let entry = Entry { key: key.to_owned(), at, value };
        Node { content: Content::Map(vec![entry]), at }
    })
}
