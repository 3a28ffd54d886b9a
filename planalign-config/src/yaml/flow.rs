//! Lines of flow lists, flow maps, and quoted texts that begin left of the block they are in: YAML 1.2 forbids them, `PyYAML`
//! accepts them.

use super::{Node, YamlError, YamlErrorKind};

/// The parser's messages about such lines. The last one is about the line on which the text begins.
const MESSAGES: [&str; 3] =
    ["invalid indentation", "invalid indentation in flow construct", "invalid indentation in quoted scalar"];

/// More than the indentation of any block.
const DEEP: usize = 512;

/// Whether parsing stopped at such a line.
pub(super) fn is_poorly_indented(errors: &[YamlError]) -> bool {
    errors.last().is_some_and(|error| message(error).is_some())
}

/// Parses a text whose lines are indented one by one until the parser accepts them. Indentation means nothing in flow lists, flow
/// maps, and quoted texts.
pub(super) fn parse_indented(text: &str, parse: impl Fn(&str) -> (Node, Vec<YamlError>)) -> (Node, Vec<YamlError>) {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut indented = vec![false; lines.len()];
    loop {
        let parsed = parse(&lines.join("\n"));
        let line = parsed.1.last().and_then(|error| {
            let first = if message(error)? == MESSAGES[2] { error.at.line } else { error.at.line - 1 };
            (first..lines.len()).find(|line| !indented[*line])
        });
        let Some(line) = line else { return parsed };
        lines[line].insert_str(0, &" ".repeat(DEEP));
        indented[line] = true;
    }
}

fn message(error: &YamlError) -> Option<&str> {
    match &error.kind {
        YamlErrorKind::Syntax { message } => MESSAGES.iter().find(|known| *known == message).copied(),
        YamlErrorKind::DuplicateKey { .. } => None,
    }
}
