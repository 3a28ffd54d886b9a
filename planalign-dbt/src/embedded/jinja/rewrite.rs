//! Rewrites expressions in tags where the engine differs from Python: literals become mutable, texts can be formatted with `%`,
//! and texts and numbers can't be ordered; and where values could be nested without end.

use super::lexer::{is_word, string_end};

/// Words after which a bracket starts a literal; after any other word it is a subscript.
const OPERATORS: [&str; 10] = ["in", "if", "else", "elif", "and", "or", "not", "is", "do", "recursive"];

/// Words and characters that end an operand of a comparison.
const WORDS_AFTER_OPERANDS: [&str; 7] = ["in", "if", "else", "elif", "and", "or", "not"];
const AFTER_OPERANDS: [u8; 3] = [b',', b'=', b':'];

/// Names and signs of an expression, with those around it. The engine compiles each within the one before; many more overflow the
/// stack.
const MOST_PARTS: usize = 1_000;

/// Turns `[...]` and `{...}` into `_list_([...])` and `_dict_({...})`, `'...' % x` into `_format_('...', x)`, `a < b` into
/// `_ordered_(a, '<', b)`, and `set a.b = c` into `set a.b = _kept_(a, c)`.
pub(super) fn rewrite_tag(tag: &str, out: &mut String) -> Result<(), String> {
    let (open, body, close) = (&tag[..2], &tag[2..tag.len() - 2], &tag[tag.len() - 2..]);
    let start = usize::from(body.starts_with(['-', '+']));
    let end = (body.len() - usize::from(body.ends_with(['-', '+']))).max(start);
    out.push_str(open);
    out.push_str(&body[..start]);
    let expression = &body[start..end];
    match attribute(expression).filter(|_| open == "{%") {
        Some((container, value)) => {
            out.push_str(&expression[..expression.len() - value.len()]);
            out.push_str("_kept_(");
            out.push_str(container);
            out.push(',');
            Rewriting::of(value, out).run(false)?;
            out.push(')');
        }
        None => Rewriting::of(expression, out).run(open == "{%")?,
    }
    out.push_str(&body[end..]);
    out.push_str(close);
    Ok(())
}

/// An expression that is being rewritten.
struct Rewriting<'a> {
    source: &'a str,
    out: &'a mut String,
    level: Level,
    outer: Vec<Level>,
    /// Whether a value comes before, so that a bracket is a subscript or a call.
    after_value: bool,
}

impl<'a> Rewriting<'a> {
    fn of(source: &'a str, out: &'a mut String) -> Self {
        Self { source, out, level: Level::default(), outer: Vec::new(), after_value: false }
    }

    /// Rewrites everything; the first word may name a block, and isn't part of an expression then.
    fn run(mut self, mut names_block: bool) -> Result<(), String> {
        let bytes = self.source.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let end = self.token_end(at);
            let token = &self.source[at..end];
            if !bytes[at].is_ascii_whitespace() {
                self.level.begin(self.out.len())?;
            }
            match bytes[at] {
                b'\'' | b'"' => {
                    self.level.text = Some(self.out.len());
                    self.out.push_str(token);
                    self.after_value = true;
                }
                b'[' | b'{' | b'(' => self.open(bytes[at]),
                b']' | b')' | b'}' => self.close(token),
                b'<' | b'>' => {
                    self.level.compare(token, self.out);
                    self.after_value = false;
                }
                b'%' if self.level.text.is_some() => {
                    self.level.format(self.out);
                    self.after_value = false;
                }
                byte if is_word(byte) => {
                    if names_block || WORDS_AFTER_OPERANDS.contains(&token) {
                        self.level.end_operand(self.out);
                    }
                    names_block = false;
                    self.level.text = None;
                    self.out.push_str(token);
                    self.after_value = !OPERATORS.contains(&token);
                }
                byte => self.sign(byte, token),
            }
            at = end;
        }
        self.level.end_operand(self.out);
        Ok(())
    }

    /// The end of the token that starts here: a text, a word, a comparison, or a character.
    fn token_end(&self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        match bytes[at] {
            quote @ (b'\'' | b'"') => string_end(bytes, at, quote).map_or(bytes.len(), |end| end + 1),
            b'<' | b'>' if bytes.get(at + 1) == Some(&b'=') => at + 2,
            byte if is_word(byte) => {
                bytes[at..].iter().position(|byte| !is_word(*byte)).map_or(bytes.len(), |length| at + length)
            }
            _ => at + 1,
        }
    }

    fn open(&mut self, bracket: u8) {
        let (opening, closer) = match bracket {
            b'[' if !self.after_value => ("_list_([", "])"),
            b'{' if !self.after_value => ("_dict_({", "})"),
            b'[' => ("[", "]"),
            b'{' => ("{", "}"),
            _ => ("(", ")"),
        };
        self.out.push_str(opening);
        self.level.text = None;
        let inner = Level::inside(&self.level, closer);
        self.outer.push(std::mem::replace(&mut self.level, inner));
        self.after_value = false;
    }

    fn close(&mut self, bracket: &str) {
        self.level.end_operand(self.out);
        match self.outer.pop() {
            Some(outer) => self.out.push_str(std::mem::replace(&mut self.level, outer).closer),
            None => self.out.push_str(bracket),
        }
        self.after_value = true;
    }

    fn sign(&mut self, byte: u8, token: &str) {
        let is_binary = self.after_value && b"+-*/%~=!".contains(&byte);
        if AFTER_OPERANDS.contains(&byte) {
            self.level.end_operand(self.out);
            if byte == b',' {
                self.level.parts = self.level.parts_before;
            }
        } else if is_binary {
            self.level.end_format(self.out);
        }
        self.out.push_str(token);
        if !byte.is_ascii_whitespace() {
            self.level.text = None;
        }
        self.after_value = self.after_value && byte.is_ascii_whitespace();
    }
}

/// What an assignment to an attribute assigns to, and the rest after `=`: `a` and ` c` of `set a.b = c`.
fn attribute(body: &str) -> Option<(&str, &str)> {
    let rest = body.trim_start().strip_prefix("set")?;
    let target = rest.trim_start();
    let (target, value) = target.split_once('=').filter(|_| target.len() < rest.len())?;
    let (container, name) = target.trim().split_once('.')?;
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(is_word);
    (is_name(container) && is_name(name) && !value.starts_with('=')).then_some((container, value))
}

/// An expression within a bracket, or outside of all.
#[derive(Default)]
struct Level {
    /// What ends it.
    closer: &'static str,
    /// Where the current operand of a comparison starts in the output.
    operand: Option<usize>,
    /// Where a text starts that has just ended.
    text: Option<usize>,
    /// Names and signs of the current item, with those around it, and of the latter only.
    parts: usize,
    parts_before: usize,
    /// Whether a comparison is open, and whether a formatted text is.
    compares: bool,
    formats: bool,
}

impl Level {
    fn inside(outer: &Self, closer: &'static str) -> Self {
        Self { closer, parts: outer.parts, parts_before: outer.parts, ..Self::default() }
    }

    /// Counts a token that will be written here.
    fn begin(&mut self, at: usize) -> Result<(), String> {
        self.operand.get_or_insert(at);
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(format!("an expression has more than {MOST_PARTS} parts; split it with `set`"));
        }
        Ok(())
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

    #[test]
    fn assignments_to_attributes_are_checked() {
        check("{%- set a.b = a.b + [1] -%}", "{%- set a.b =_kept_(a, a.b + _list_([1]) )-%}");
        check("{% set a = b.c %}{% set a.b == c %}{% set x.y %}", "{% set a = b.c %}{% set a.b == c %}{% set x.y %}");
    }

    #[test]
    fn long_expressions_many_branches_and_wide_lines_are_refused() {
        let line = |source: &str| as_in_python(source).expect_err("too long").line;
        assert_eq!(line(&format!("\n{{{{ 1{} }}}}", " + 1".repeat(500))), 2);
        assert_eq!(line(&format!("{{{{ f(1, {}(1)) }}}}", "not ".repeat(1000))), 1);
        assert_eq!(line(&format!("{{% if 1 %}}{}{{% endif %}}", "\n{% elif 1 %}".repeat(501))), 502);
        assert_eq!(line(&format!("a\n{}{{{{ 1 }}}}", " ".repeat(65_000))), 2);
        let list = format!("{{{{ x[{}] }}}}", "1, ".repeat(5000));
        assert_eq!(as_in_python(&list).expect("short items"), list);
    }
}
