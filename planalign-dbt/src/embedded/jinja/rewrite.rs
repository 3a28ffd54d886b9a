//! Rewrites expressions in tags, for two reasons: the engine differs from Python (its literals can't change, it doesn't format texts
//! with `%`, and it orders values of different types), and values nested without end would overflow the stack.

use std::fmt::Write as _;
use std::ops::Range;

use super::lexer::{is_word, string_end};

/// Words after which a bracket starts a literal; after any other word it is a subscript.
const OPERATORS: [&str; 10] = ["in", "if", "else", "elif", "and", "or", "not", "is", "do", "recursive"];

/// Words and characters that end a comparison.
const WORDS_AFTER_OPERANDS: [&str; 6] = ["if", "else", "elif", "and", "or", "not"];
const AFTER_OPERANDS: [u8; 3] = [b',', b'=', b':'];

/// Names and signs of an expression, with those around it. The engine compiles each within the one before; many more overflow the
/// stack.
const MOST_PARTS: usize = 1_000;

/// Turns `[...]` and `{...}` into `_list_([...])` and `_dict_({...})`, `'...' % x` into `_format_('...', x)`, `a < b` into
/// `_ordered_(a, '<', b)`, and `set a.b = c` into `set a.b = (c) | _assigned_(a)`.
pub(super) fn rewrite_tag(tag: &str, out: &mut String) -> Result<(), String> {
    let (open, body, close) = (&tag[..2], &tag[2..tag.len() - 2], &tag[tag.len() - 2..]);
    let start = usize::from(body.starts_with(['-', '+']));
    let end = (body.len() - usize::from(body.ends_with(['-', '+']))).max(start);
    out.push_str(open);
    out.push_str(&body[..start]);
    let expression = &body[start..end];
    let is_block = open == "{%";
    match is_block.then(|| Assignment::of(expression)).transpose()?.flatten() {
        Some(assignment) => assignment.rewrite(out)?,
        None => Rewriting::of(expression, out).run(is_block)?,
    }
    out.push_str(&body[end..]);
    out.push_str(close);
    Ok(())
}

/// A `set` of attributes.
struct Assignment<'a> {
    /// The text before the value.
    head: &'a str,
    /// What is assigned, or filters of the text that is.
    value: &'a str,
    /// The namespaces whose attributes are set.
    namespaces: Vec<&'a str>,
}

impl<'a> Assignment<'a> {
    /// The assignment of a tag; `None` if none of its targets is an attribute, or if it assigns the text of a block, which is
    /// harmless.
    fn of(tag: &'a str) -> Result<Option<Self>, String> {
        let Some(rest) = tag.trim_start().strip_prefix("set").filter(|rest| !rest.bytes().next().is_some_and(is_word))
        else {
            return Ok(None);
        };
        let Some(targets) = rest.find(['=', '|']) else { return Ok(None) };
        let mut namespaces = Vec::new();
        for target in rest[..targets].split(',').map(str::trim) {
            let Some((namespace, name)) = target.split_once('.') else { continue };
            let (namespace, name) = (namespace.trim(), name.trim());
            if !is_name(namespace) || !is_name(name) {
                return Err(format!("`set` can't assign to `{target}`"));
            }
            namespaces.push(namespace);
        }
        let value = targets + usize::from(rest[targets..].starts_with('='));
        let (head, value) = tag.split_at(tag.len() - rest.len() + value);
        let is_invalid = value.trim().is_empty() || value.starts_with('=');
        Ok((!namespaces.is_empty() && !is_invalid).then_some(Self { head, value, namespaces }))
    }

    fn rewrite(&self, out: &mut String) -> Result<(), String> {
        out.push_str(self.head);
        let filters = self.value.starts_with('|');
        out.push_str(if filters { "" } else { "(" });
        Rewriting::of(self.value, out).run(false)?;
        out.push_str(if filters { "" } else { ")" });
        out.push_str("| _assigned_(");
        out.push_str(&self.namespaces.join(", "));
        out.push(')');
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_word)
}

/// An expression that is being rewritten.
struct Rewriting<'a> {
    source: &'a str,
    out: &'a mut String,
    level: Level,
    outer: Vec<Level>,
    /// Whether a value comes before, so that a bracket is a subscript or a call.
    after_value: bool,
    /// Whether `is` comes before, so that `not` is part of a test.
    after_is: bool,
    /// Whether the names of a loop come next, after which `in` is no operator.
    in_names: bool,
}

impl<'a> Rewriting<'a> {
    fn of(source: &'a str, out: &'a mut String) -> Self {
        Self {
            source,
            out,
            level: Level::default(),
            outer: Vec::new(),
            after_value: false,
            after_is: false,
            in_names: false,
        }
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
                _ if self.is_comparison(token) => {
                    self.level.compare(token, self.out);
                    self.after_value = false;
                }
                b'%' if self.level.text.is_some() => {
                    self.level.format(self.out);
                    self.after_value = false;
                }
                byte if is_word(byte) => {
                    self.word(token, names_block);
                    names_block = false;
                }
                byte => self.sign(byte, token),
            }
            at = end;
        }
        self.level.end_operand(self.out);
        Ok(())
    }

    fn word(&mut self, word: &str, names_block: bool) {
        let ends_names = self.in_names && self.outer.is_empty() && word == "in";
        let ends = names_block || ends_names || WORDS_AFTER_OPERANDS.contains(&word) && !self.after_is;
        if ends {
            self.level.end_operand(self.out);
        }
        self.in_names = (self.in_names && !ends_names) || (names_block && word == "for");
        self.level.text = None;
        self.out.push_str(word);
        self.after_value = !OPERATORS.contains(&word);
        self.after_is = word == "is";
    }

    fn is_comparison(&self, token: &str) -> bool {
        match token {
            "<" | "<=" | ">" | ">=" | "==" | "!=" => true,
            "in" => self.after_value && !(self.in_names && self.outer.is_empty()),
            _ => token.starts_with("not") && token.contains(char::is_whitespace),
        }
    }

    /// The end of the token that starts here: a text, a word, a comparison, or a character.
    fn token_end(&self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        match bytes[at] {
            quote @ (b'\'' | b'"') => string_end(bytes, at, quote).map_or(bytes.len(), |end| end + 1),
            b'<' | b'>' | b'=' | b'!' if bytes.get(at + 1) == Some(&b'=') => at + 2,
            byte if is_word(byte) => {
                let word_end = |at: usize| bytes[at..].iter().take_while(|byte| is_word(**byte)).count() + at;
                let end = word_end(at);
                let next = end + bytes[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let is_not_in =
                    self.after_value && &self.source[at..end] == "not" && &self.source[next..word_end(next)] == "in";
                if is_not_in { word_end(next) } else { end }
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
        let is_binary = self.after_value && b"+-*/%~".contains(&byte);
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

/// An expression within a bracket, or outside of all.
#[derive(Default)]
struct Level {
    /// What ends it.
    closer: &'static str,
    /// Where the current comparison starts in the output.
    operand: Option<usize>,
    /// The operators of it that the engine compares like Python, which must be part of a call if one follows that it doesn't.
    equalities: Vec<Range<usize>>,
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
        self.text = None;
        if !self.compares && !operator.starts_with(['<', '>']) {
            self.equalities.push(out.len()..out.len() + operator.len());
            out.push_str(operator);
            return;
        }
        if !self.compares {
            // From the last, so that the places before it stay right.
            for place in std::mem::take(&mut self.equalities).into_iter().rev() {
                let argument = format!(", '{}', ", &out[place.clone()]);
                out.replace_range(place, &argument);
            }
            out.insert_str(self.operand.unwrap_or(out.len()), "_ordered_(");
            self.compares = true;
        }
        _ = write!(out, ", '{operator}', ");
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
        self.equalities.clear();
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
        check("{{ a != 1 == b in c not  in d }}", "{{ a != 1 == b in c not  in d }}");
        check(
            "{{ a == b < c in d not in e if not a is not in [b] < 1 }}",
            "{{ _ordered_(a , '==',  b , '<',  c , 'in',  d , 'not in',  e )if not _ordered_(a is not in _list_([b]) , '<',  1 )}}",
        );
        check("{% for a in (b < c, d in e) %}", "{% for a in (_ordered_(b , '<',  c), d in e) %}");
        check("{% for a in b != c < d %}", "{% for a in _ordered_(b , '!=',  c , '<',  d )%}");
    }

    #[test]
    fn texts_are_formatted() {
        check("{{ '%s' % x }}", "{{ _format_('%s' ,  x )}}");
        check("{{ a ~ '%s' % (x, 5 % 3) ~ 5 % 2 }}", "{{ a ~ _format_('%s' ,  (x, 5 % 3) )~ 5 % 2 }}");
    }

    #[test]
    fn assignments_to_attributes_are_checked() {
        check("{%- set a.b = a.b + [1] -%}", "{%- set a.b =( a.b + _list_([1]) )| _assigned_(a)-%}");
        check("{% set a = b.c %}{% set a.b == c %}{% set x.y %}", "{% set a = b.c %}{% set a.b == c %}{% set x.y %}");
        check("{% set a\n. b =c,%}", "{% set a\n. b =(c,)| _assigned_(a)%}");
        check("{% set a.b, c, d.e = f %}", "{% set a.b, c, d.e =( f )| _assigned_(a, d)%}");
        check("{% set a.b | default(c=[1]) %}", "{% set a.b | default(c=_list_([1])) | _assigned_(a)%}");
        check(
            "{% set a.b = %}{% set(a) = b.c %}{% settle.d = e %}",
            "{% set a.b = %}{% set(a) = b.c %}{% settle.d = e %}",
        );
        for target in ["(a.b)", "a.b.c", "(a.b, c)", "a, b['x.y']"] {
            as_in_python(&format!("{{% set {target} = 1 %}}")).expect_err(target);
        }
    }

    #[test]
    fn long_expressions_many_branches_and_wide_lines_are_refused() {
        let line = |source: &str| as_in_python(source).expect_err("too long").line;
        assert_eq!(line(&format!("\n{{{{ 1{} }}}}", " + 1".repeat(500))), 2);
        assert_eq!(line(&format!("{{{{ f(1, {}(1)) }}}}", "not ".repeat(1000))), 1);
        assert_eq!(line(&format!("{{% if 1 %}}{}{{% endif %}}", "\n{% elif 1 %}".repeat(501))), 502);
        assert_eq!(line(&format!("{{% if 1 %}}{}{{% endif %}}", "\n{%elif(1)%}".repeat(501))), 502);
        let branches =
            |times: usize, inside: &str| format!("{{% if 1 %}}{}{inside}{{% endif %}}\n", "{% elif 1 %}".repeat(times));
        as_in_python(&branches(500, "").repeat(3)).expect("each `if` on its own");
        assert_eq!(line(&branches(250, &branches(251, ""))), 1);
        assert_eq!(line(&format!("a\n{}{{{{ 1 }}}}", " ".repeat(65_000))), 2);
        as_in_python(&format!("{}{{{{ 1 }}}}", "é".repeat(60_000))).expect("characters, not bytes");
        let list = format!("{{{{ x[{}] }}}}", "1, ".repeat(5000));
        assert_eq!(as_in_python(&list).expect("short items"), list);
    }
}
