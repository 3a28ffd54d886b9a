//! Finds template tags, and extracts definition blocks from a file as dbt does.

use super::rewrite::rewrite_tag;

/// A template tag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tag {
    pub(crate) kind: TagKind,
    /// Byte range of the whole tag, including delimiters.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagKind {
    /// `{% ... %}`
    Block,
    /// `{{ ... }}`
    Variable,
    /// `{# ... #}`, or all of `{% raw %} ... {% endraw %}`.
    Inert,
}

/// A tag that can't be used, in most cases because it isn't closed: its line and what is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BadTag {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// A definition in a file: `{% macro name(...) %} ... {% endmacro %}` or similar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition {
    /// `macro`, `test`, `snapshot`, `materialization` ...
    pub(crate) kind: String,
    /// The text after the kind in the opening tag, such as `cents(amount)`.
    pub(crate) signature: String,
    /// The opening tag through the closing tag.
    pub(crate) text: String,
    /// Line of the opening tag, from 1.
    pub(crate) line: usize,
}

const DEFINITIONS: [&str; 6] = ["macro", "test", "data_test", "materialization", "snapshot", "docs"];

/// The tags of a template, in order.
pub(crate) fn tags(source: &str) -> Result<Vec<Tag>, BadTag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(offset) = source[at..].find('{') {
        let start = at + offset;
        let kind = match source.as_bytes().get(start + 1) {
            Some(b'%') => TagKind::Block,
            Some(b'{') => TagKind::Variable,
            Some(b'#') => TagKind::Inert,
            _ => {
                at = start + 1;
                continue;
            }
        };
        let tag = tag_at(source, start, kind)?;
        at = tag.end;
        tags.push(tag);
    }
    Ok(tags)
}

fn tag_at(source: &str, start: usize, kind: TagKind) -> Result<Tag, BadTag> {
    let unclosed = |what: &str| BadTag { line: line_of(source, start), message: format!("{what} is not closed") };
    if kind == TagKind::Inert {
        let end = source[start + 2..].find("#}").ok_or_else(|| unclosed("this comment"))?;
        return Ok(Tag { kind, start, end: start + 2 + end + 2 });
    }
    let closing = if kind == TagKind::Block { "%}" } else { "}}" };
    let end = closing_after(source, start + 2, closing).ok_or_else(|| unclosed("this tag"))?;
    if kind == TagKind::Block && words(&source[start..end]).next() == Some("raw") {
        let rest = &source[end..];
        let close = find_endraw(rest).ok_or_else(|| unclosed("this raw block"))?;
        return Ok(Tag { kind: TagKind::Inert, start, end: end + close });
    }
    Ok(Tag { kind, start, end })
}

/// The end of the tag; delimiters inside strings and brackets don't count.
fn closing_after(source: &str, from: usize, closing: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut depth = 0_usize;
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => at = string_end(bytes, at, quote)?,
            _ if depth == 0 && source[at..].starts_with(closing) => return Some(at + closing.len()),
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            // A tag that ends inside a bracket is an error, which the engine reports better.
            _ => {}
        }
        at += 1;
        while !source.is_char_boundary(at) {
            at += 1;
        }
    }
    source[from..].find(closing).map(|offset| from + offset + closing.len())
}

/// Position of the closing quote.
pub(super) fn string_end(bytes: &[u8], open: usize, quote: u8) -> Option<usize> {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b if b == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn find_endraw(rest: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(offset) = rest[at..].find("{%") {
        let start = at + offset;
        let end = start + rest[start..].find("%}")? + 2;
        if words(&rest[start..end]).next() == Some("endraw") {
            return Some(end);
        }
        at = start + 2;
    }
    None
}

/// The words of a block tag, without its delimiters.
pub(crate) fn words(tag: &str) -> impl Iterator<Item = &str> {
    inner(tag).split_whitespace()
}

/// The word with which a tag starts, such as `if` of `{% if(x) %}`.
fn keyword(tag: &str) -> &str {
    let inner = inner(tag);
    &inner[..inner.bytes().take_while(|byte| is_word(*byte)).count()]
}

/// The content between the delimiters of a block or variable tag.
fn inner(tag: &str) -> &str {
    let body = tag.get(2..tag.len().saturating_sub(2)).unwrap_or_default();
    let body = body.strip_prefix(['-', '+']).unwrap_or(body);
    body.strip_suffix(['-', '+']).unwrap_or(body).trim()
}

/// The line of a byte, from 1.
pub(crate) fn line_of(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

/// The definitions in a file; everything between them is ignored, as in dbt.
pub(crate) fn definitions(source: &str) -> Result<Vec<Definition>, BadTag> {
    let tags = tags(source)?;
    let mut found = Vec::new();
    let mut blocks = tags.iter().filter(|t| t.kind == TagKind::Block);
    while let Some(open) = blocks.next() {
        let opening = &source[open.start..open.end];
        let Some(kind) = words(opening).next().filter(|w| DEFINITIONS.contains(w)) else { continue };
        let closing = format!("end{kind}");
        let close = blocks.by_ref().find(|t| words(&source[t.start..t.end]).next() == Some(&closing));
        let line = line_of(source, open.start);
        let Some(close) = close else {
            return Err(BadTag { line, message: format!("this {kind} has no {closing}") });
        };
        let signature = inner(opening)[kind.len()..].trim().to_owned();
        let text = source[open.start..close.end].to_owned();
        found.push(Definition { kind: kind.to_owned(), signature, text, line });
    }
    Ok(found)
}

/// The engine compiles each `elif` within the one before, and what is in it within that; many more overflow the stack.
const MOST_ELIFS: usize = 500;

/// The engine can't describe what is wrong further to the right.
const MOST_COLUMNS: usize = 65_000;

/// Rewrites the expressions in tags, see [`rewrite_tag`], keeping line numbers. Templates that the engine can't compile without
/// overflowing the stack are errors.
pub(crate) fn as_in_python(source: &str) -> Result<String, BadTag> {
    let mut out = String::with_capacity(source.len() + 64);
    let mut at = 0;
    let mut column = 0;
    // The `elif` of each `if` that is open.
    let mut elifs: Vec<usize> = Vec::new();
    for tag in tags(source)?.iter().filter(|t| t.kind != TagKind::Inert) {
        let text = &source[tag.start..tag.end];
        let problem = |message: String| BadTag { line: line_of(source, tag.start), message };
        match (keyword(text), elifs.last_mut()) {
            ("if", _) => elifs.push(0),
            ("elif", Some(count)) => *count += 1,
            ("endif", _) => _ = elifs.pop(),
            _ => {}
        }
        if elifs.iter().sum::<usize>() > MOST_ELIFS {
            return Err(problem(format!(
                "an `if`, with those around it, has more than {MOST_ELIFS} `elif`; look the value up in a dict"
            )));
        }
        let written = out.len();
        out.push_str(&source[at..tag.start]);
        rewrite_tag(text, &mut out).map_err(problem)?;
        at = tag.end;
        let written = &out[written..];
        column = match written.rsplit_once('\n') {
            Some((_, line)) => line.chars().count(),
            None => column + written.chars().count(),
        };
        if column > MOST_COLUMNS {
            return Err(problem(format!(
                "a line with a template is longer than {MOST_COLUMNS} characters; put a line break before the tag"
            )));
        }
    }
    out.push_str(&source[at..]);
    Ok(out)
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_where_jinja_ends_them() {
        let source = "a {{ '}}' ~ {'a': {}} }} {# {{ #} {% raw %}{{ x {% endraw %} {%- if x -%}";
        let texts: Vec<_> = tags(source).expect("closed").iter().map(|t| &source[t.start..t.end]).collect();
        assert_eq!(texts, ["{{ '}}' ~ {'a': {}} }}", "{# {{ #}", "{% raw %}{{ x {% endraw %}", "{%- if x -%}"]);
    }

    #[test]
    fn unclosed_tags_are_reported_with_their_line() {
        for (source, expected) in [
            ("a\n{{ x", (2, "this tag is not closed")),
            ("\n\n{# x", (3, "this comment is not closed")),
            ("{% raw %} x", (1, "this raw block is not closed")),
            ("{% macro a() %}\n{% if x %}", (1, "this macro has no endmacro")),
        ] {
            let error = definitions(source).expect_err("unclosed");
            assert_eq!((error.line, error.message.as_str()), expected);
        }
    }

    #[test]
    fn definitions_are_extracted_and_the_rest_is_skipped() {
        let source =
            "{# {% macro no() %} #}\n{%- macro a(x) -%}{{ x }}{%- endmacro %}\ntext\n{% test b(model) %}1{% endtest %}";
        let found = definitions(source).expect("closed");
        let seen: Vec<_> = found.iter().map(|d| (d.kind.as_str(), d.signature.as_str(), d.line)).collect();
        assert_eq!(seen, [("macro", "a(x)", 2), ("test", "b(model)", 4)]);
        assert_eq!(found[0].text, "{%- macro a(x) -%}{{ x }}{%- endmacro %}");
    }
}
