//! Strips comments and literals from Rust code, so that checks find only code.

use std::iter::Peekable;
use std::str::Chars;

/// Blanks comments and literals, keeping line numbers.
pub(crate) fn without_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('/', Some('/')) => skip_line(&mut chars),
            ('/', Some('*')) => skip_block(&mut chars, &mut out),
            ('"', _) => skip_text(&mut chars, &mut out),
            ('r', Some('"' | '#')) if !ends_in_word(&out) => skip_raw(&mut chars, &mut out),
            ('\'', Some(next)) => skip_character(&mut chars, &mut out, next),
            _ => out.push(c),
        }
    }
    out
}

fn skip_line(chars: &mut Peekable<Chars>) {
    while chars.next_if(|&c| c != '\n').is_some() {}
}

/// Block comments nest.
fn skip_block(chars: &mut Peekable<Chars>, out: &mut String) {
    let mut depth = 0;
    let mut last = '/';
    for c in chars.by_ref() {
        match (last, c) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            (_, '\n') => out.push('\n'),
            _ => {}
        }
        if depth == 0 {
            return;
        }
        last = c;
    }
}

fn skip_text(chars: &mut Peekable<Chars>, out: &mut String) {
    out.push('"');
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next().filter(|&escaped| escaped == '\n')),
            '\n' => out.push('\n'),
            _ => {}
        }
    }
    out.push('"');
}

/// A raw string ends at a quote with as many `#` as it started with. `r#name` isn't a string.
fn skip_raw(chars: &mut Peekable<Chars>, out: &mut String) {
    let mut hashes = 0;
    while chars.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    if chars.next_if_eq(&'"').is_none() {
        return;
    }
    out.push('"');
    let mut closing = None;
    for c in chars.by_ref() {
        closing = match (c, closing) {
            ('"', _) => Some(0),
            ('#', Some(seen)) => Some(seen + 1),
            _ => None,
        };
        if closing == Some(hashes) {
            break;
        }
        if c == '\n' {
            out.push('\n');
        }
    }
    out.push('"');
}

/// A quote starts a character or a lifetime; only a character has a closing quote.
fn skip_character(chars: &mut Peekable<Chars>, out: &mut String, next: char) {
    chars.next();
    if next == '\\' {
        chars.next();
        while chars.next().is_some_and(|c| c != '\'') {}
    } else if chars.next_if_eq(&'\'').is_none() {
        out.push('\'');
        out.push(next);
    }
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let text = "let a = \"dbg!(1)\"; // dbg!\nlet b = r#\"todo!\n\"#; /* x /* y */\n*/ let c: &'static str = f('\"', '\\'', r#type);\n";
        let expected = "let a = \"\"; \nlet b = \"\n\"; \n let c: &'static str = f(, , type);\n";
        assert_eq!(without_literals(text), expected);
    }
}
