//! Rewrites expressions in tags where the engine differs from Python: literals become mutable, texts can be formatted with `%`,
//! and texts and numbers can't be ordered.

use super::lexer::{is_word, string_end};

/// Words after which a bracket starts a literal; after any other word it is a subscript.
const OPERATORS: [&str; 10] = ["in", "if", "else", "elif", "and", "or", "not", "is", "do", "recursive"];

/// Words and characters that end an operand of a comparison.
const WORDS_AFTER_OPERANDS: [&str; 7] = ["in", "if", "else", "elif", "and", "or", "not"];
const AFTER_OPERANDS: [u8; 3] = [b',', b'=', b':'];

/// Turns `[...]` and `{...}` into `_list_([...])` and `_dict_({...})`, `'...' % x` into `_format_('...', x)`, and `a < b` into
/// `_ordered_(a, '<', b)`.
pub(super) fn rewrite_tag(tag: &str, out: &mut String) {
    let (open, body, close) = (&tag[..2], &tag[2..tag.len() - 2], &tag[tag.len() - 2..]);
    out.push_str(open);
    let bytes = body.as_bytes();
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::new("");
    let mut after_value = false;
    // The word that names a block isn't part of an expression.
    let mut names_block = open == "{%";
    let mut at = usize::from(body.starts_with(['-', '+']));
    let end = (body.len() - usize::from(body.ends_with(['-', '+']))).max(at);
    out.push_str(&body[..at]);
    while at < end {
        let byte = bytes[at];
        let mut next = at + 1;
        while !body.is_char_boundary(next) {
            next += 1;
        }
        if !byte.is_ascii_whitespace() {
            level.operand.get_or_insert(out.len());
        }
        match byte {
            b'\'' | b'"' => {
                next = string_end(bytes, at, byte).map_or(bytes.len(), |end| end + 1);
                level.text = Some(out.len());
                out.push_str(&body[at..next]);
                after_value = true;
            }
            b'[' | b'{' | b'(' => {
                let (opening, closer) = match byte {
                    b'[' if !after_value => ("_list_([", "])"),
                    b'{' if !after_value => ("_dict_({", "})"),
                    b'[' => ("[", "]"),
                    b'{' => ("{", "}"),
                    _ => ("(", ")"),
                };
                out.push_str(opening);
                level.text = None;
                outer.push(std::mem::replace(&mut level, Level::new(closer)));
                after_value = false;
            }
            b']' | b')' | b'}' => {
                level.end_operand(out);
                match outer.pop() {
                    Some(before) => out.push_str(std::mem::replace(&mut level, before).closer),
                    None => out.push(char::from(byte)),
                }
                after_value = true;
            }
            b'<' | b'>' => {
                next = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'='));
                level.compare(&body[at..next], out);
                after_value = false;
            }
            b'%' if level.text.is_some() => {
                level.format(out);
                after_value = false;
            }
            _ if is_word(byte) => {
                while next < bytes.len() && is_word(bytes[next]) {
                    next += 1;
                }
                let word = &body[at..next];
                if names_block || WORDS_AFTER_OPERANDS.contains(&word) {
                    level.end_operand(out);
                }
                out.push_str(word);
                level.text = None;
                names_block = false;
                after_value = !OPERATORS.contains(&word);
            }
            _ => {
                let is_binary = after_value && b"+-*/%~=!".contains(&byte);
                if AFTER_OPERANDS.contains(&byte) {
                    level.end_operand(out);
                } else if is_binary {
                    level.end_format(out);
                }
                out.push_str(&body[at..next]);
                if !byte.is_ascii_whitespace() {
                    level.text = None;
                }
                after_value = after_value && byte.is_ascii_whitespace();
            }
        }
        at = next;
    }
    level.end_operand(out);
    out.push_str(&body[end.min(at)..]);
    out.push_str(close);
}

/// An expression within a bracket, or outside of all.
struct Level {
    /// What ends it.
    closer: &'static str,
    /// Where the current operand of a comparison starts in the output.
    operand: Option<usize>,
    /// Where a text starts that has just ended.
    text: Option<usize>,
    /// Whether a comparison is open, and whether a formatted text is.
    compares: bool,
    formats: bool,
}

impl Level {
    fn new(closer: &'static str) -> Self {
        Self { closer, operand: None, text: None, compares: false, formats: false }
    }

    fn compare(&mut self, operator: &str, out: &mut String) {
        self.end_format(out);
        if !self.compares {
            out.insert_str(self.operand.unwrap_or(out.len()), "_ordered_(");
        }
        self.compares = true;
        out.push_str(", '");
        out.push_str(operator);
        out.push_str("', ");
        self.text = None;
    }

    fn format(&mut self, out: &mut String) {
        self.end_format(out);
        if let Some(text) = self.text.take() {
            out.insert_str(text, "_format_(");
            out.push_str(", ");
            self.formats = true;
        }
    }

    fn end_format(&mut self, out: &mut String) {
        if std::mem::take(&mut self.formats) {
            out.push(')');
        }
    }

    fn end_operand(&mut self, out: &mut String) {
        self.end_format(out);
        if std::mem::take(&mut self.compares) {
            out.push(')');
        }
        (self.operand, self.text) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::as_in_python;

    fn check(source: &str, expected: &str) {
        assert_eq!(as_in_python(source).expect("closed"), expected);
    }

    #[test]
    fn literals_become_mutable_and_subscripts_stay() {
        check("{% set x = [1, [2]] %}", "{% set x = _list_([1, _list_([2])]) %}");
        check("{{ x[1] }} [text]", "{{ x[1] }} [text]");
        check("{{ f(x)['a'][0] }}", "{{ f(x)['a'][0] }}");
        check("{{ f({'a': [1]}) }}", "{{ f(_dict_({'a': _list_([1])})) }}");
        check("{% for a in ['[', 2] %}", "{% for a in _list_(['[', 2]) %}");
        check("{{ x if y in [1] else [2] }}", "{{ x if y in _list_([1]) else _list_([2]) }}");
        check("{% raw %}{{ [1] }}{% endraw %}{# [1] #}", "{% raw %}{{ [1] }}{% endraw %}{# [1] #}");
        check("{{ \"é\" ~ [é] }}", "{{ \"é\" ~ _list_([é]) }}");
        check("{{ x [0] }}", "{{ x [0] }}");
    }

    #[test]
    fn comparisons_are_calls() {
        check("{{ a < b }}", "{{ _ordered_(a , '<',  b )}}");
        check(
            "{% if x.y(1)[0] >= 2 and not z > 'a' %}",
            "{% if _ordered_(x.y(1)[0] , '>=',  2 )and not _ordered_(z , '>',  'a' )%}",
        );
        check(
            "{{ f(a < 1, b=c <= d) if 1 < 2 < 3 else [a > b] }}",
            "{{ f(_ordered_(a , '<',  1), b=_ordered_(c , '<=',  d)) if _ordered_(1 , '<',  2 , '<',  3 )else _list_([_ordered_(a , '>',  b)]) }}",
        );
        check("{%- for a in b if a + 1 < c | int -%}", "{%- for a in b if _ordered_(a + 1 , '<',  c | int )-%}");
        check("{{ '<' ~ a == b }}", "{{ '<' ~ a == b }}");
    }

    #[test]
    fn texts_are_formatted() {
        check("{{ '%s' % x }}", "{{ _format_('%s' ,  x )}}");
        check("{{ a ~ '%s' % (x, 5 % 3) ~ 5 % 2 }}", "{{ a ~ _format_('%s' ,  (x, 5 % 3) )~ 5 % 2 }}");
    }
}
