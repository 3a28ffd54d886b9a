//! Jinja's tests and filters, and Python's methods of str, where the engine's own differ from them.

#![expect(clippy::needless_pass_by_value, reason = "the engine passes arguments by value")]

use minijinja::value::{Kwargs, Rest, Tuple, Value, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State};

use super::arguments::Given;
use super::builtins::python_float;
use super::collections::list;
use super::context::context_of;
use super::errors::failure;
use super::relation::Relation;

/// Adds everything to an environment.
pub(crate) fn register(env: &mut Environment<'_>) {
    env.add_test("sequence", |value: &Value| is_sequence(value));
    env.add_test("mapping", |value: &Value| value.kind() == ValueKind::Map && !is_relation(value));
    env.add_test("iterable", |value: &Value| !value.is_none() && (is_relation(value) || value.try_iter().is_ok()));
    for name in ["default", "d"] {
        env.add_filter(name, default);
    }
    env.add_filter("int", int);
    env.add_filter("float", float);
    env.add_filter("string", |value: &Value| python_float(value).unwrap_or_else(|| value.to_string()));
    env.add_filter("list", |state: &State<'_, '_>, value: Value| mutable(minijinja::filters::list(state, value)?));
    env.add_filter("center", |text: &str, width: Option<usize>| center(text, width.unwrap_or(80), ' '));
    env.add_filter("wordcount", |text: &str| {
        text.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).count()
    });
    env.add_filter("truncate", truncate);
    env.set_unknown_method_callback(method);
}

/// Whether a value has a length and items, like Python's str, list, tuple, and dict.
fn is_sequence(value: &Value) -> bool {
    let kinds = [ValueKind::Undefined, ValueKind::String, ValueKind::Seq, ValueKind::Map, ValueKind::Iterable];
    kinds.contains(&value.kind())
}

fn is_relation(value: &Value) -> bool {
    value.downcast_object_ref::<Relation>().is_some()
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn mutable(items: Value) -> Result<Value, Error> {
    Ok(list(items.try_iter()?.collect()))
}

fn default(value: Value, positional: Rest<Value>, options: Kwargs) -> Result<Value, Error> {
    let mut positional = positional.0.into_iter();
    let named = |name: &str| options.has(name).then(|| options.get::<Value>(name)).transpose();
    let (other, boolean) = (named("default_value")?, named("boolean")?);
    let other = positional.next().or(other).unwrap_or_else(|| Value::from(""));
    let boolean = positional.next().or(boolean);
    options.assert_all_used()?;
    let replaces = value.is_undefined() || boolean.is_some_and(|b| b.is_true()) && !value.is_true();
    Ok(if replaces { other } else { value })
}

fn no_options() -> Kwargs {
    Vec::<(String, Value)>::new().into_iter().collect()
}

/// Converts a value to a whole number; what can't be converted is the default.
fn int(
    state: &State<'_, '_>,
    value: &Value,
    default: Given,
    base: Option<u32>,
    options: Kwargs,
) -> Result<Value, Error> {
    let base = base.or(options.get::<Option<u32>>("base")?).unwrap_or(10);
    let default = default.or_named("default", &options)?.unwrap_or_else(|| Value::from(0));
    if let Some(text) = value.as_str() {
        let plain = text.trim().replace('_', "");
        let digits = match base {
            16 => plain.replacen("0x", "", 1).replacen("0X", "", 1),
            8 => plain.replacen("0o", "", 1),
            2 => plain.replacen("0b", "", 1),
            _ => plain.clone(),
        };
        let whole = i128::from_str_radix(&digits, base).ok().map(Value::from);
        let fraction = || plain.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from);
        return match whole.or_else(fraction) {
            Some(number) => minijinja::filters::int(state, &number, None, None, no_options()),
            None => Ok(default),
        };
    }
    if value.is_undefined() || matches!(value.kind(), ValueKind::Number | ValueKind::Bool) {
        return minijinja::filters::int(state, value, None, None, no_options());
    }
    Ok(default)
}

/// Converts a value to a number with decimals; what can't be converted is the default.
fn float(state: &State<'_, '_>, value: &Value, default: Given, options: Kwargs) -> Result<Value, Error> {
    let default = default.or_named("default", &options)?.unwrap_or_else(|| Value::from(0.0));
    if let Some(text) = value.as_str() {
        return Ok(text.trim().replace('_', "").parse::<f64>().map_or(default, Value::from));
    }
    if value.is_undefined() || matches!(value.kind(), ValueKind::Number | ValueKind::Bool) {
        return minijinja::filters::float(state, value, None, no_options());
    }
    Ok(default)
}

/// Shortens a text by more than `leeway` characters to `length`, at a space unless `killwords`.
fn truncate(text: &str, positional: Rest<Value>, options: Kwargs) -> Result<String, Error> {
    type Positional = (Option<usize>, Option<bool>, Option<String>, Option<usize>);
    let (length, killwords, end, leeway): Positional = from_args(&positional.0)?;
    let length = length.or(options.get("length")?).unwrap_or(255);
    let killwords = killwords.or(options.get("killwords")?).unwrap_or(false);
    let end = end.or(options.get("end")?).unwrap_or_else(|| "...".to_owned());
    let leeway = leeway.or(options.get("leeway")?).unwrap_or(5);
    options.assert_all_used()?;
    if text.chars().count() <= length + leeway {
        return Ok(text.to_owned());
    }
    let kept: String = text.chars().take(length.saturating_sub(end.chars().count())).collect();
    let kept = if killwords { kept.as_str() } else { kept.rsplit_once(' ').map_or(kept.as_str(), |(first, _)| first) };
    Ok(format!("{kept}{end}"))
}

/// Methods of str that the engine's collection lacks or that it has otherwise.
fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if value.is_undefined() {
        return method_of_undefined(state, name);
    }
    if let Some(text) = value.as_str()
        && let Some(result) = text_method(text, name, args)?
    {
        return Ok(result);
    }
    let result = minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args)?;
    let is_list = matches!(name, "split" | "splitlines" | "keys" | "values" | "items" | "copy");
    if is_list && matches!(result.kind(), ValueKind::Seq | ValueKind::Iterable) { mutable(result) } else { Ok(result) }
}

/// As in dbt, results of queries are undefined while a model is parsed, and so is everything about them, but not in macros.
fn method_of_undefined(state: &State<'_, '_>, name: &str) -> Result<Value, Error> {
    let context = context_of(state)?;
    let is_parsed = context.parse().is_some() && context.world.macros.of_template(state.name()).is_none();
    let used = state.env().get_template(state.name()).map(|template| template.undeclared_variables(true));
    let called = used.iter().flatten().filter_map(|path| path.strip_suffix(name)?.strip_suffix('.'));
    let roots = called.map(|path| path.split('.').next().unwrap_or(path));
    match roots.map(str::to_owned).find(|root| state.lookup(root).is_none_or(|value| value.is_undefined())) {
        Some(_) if is_parsed && context.defers_errors() => Ok(Value::UNDEFINED),
        Some(root) => Err(failure(format!(
            "{root} is undefined; if it is a package, copy {name} into the project (packages are not loaded)"
        ))),
        None if is_parsed => Ok(Value::UNDEFINED),
        None => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn text_method(text: &str, name: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(match name {
        "center" | "ljust" | "rjust" => {
            let (width, fill): (usize, Option<char>) = from_args(args)?;
            let fill = fill.unwrap_or(' ');
            let missing = fill.to_string().repeat(width.saturating_sub(text.chars().count()));
            match name {
                "center" => Value::from(center(text, width, fill)),
                "ljust" => Value::from(format!("{text}{missing}")),
                _ => Value::from(format!("{missing}{text}")),
            }
        }
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            Value::from(format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(text.chars().count()))))
        }
        "removeprefix" | "removesuffix" => {
            let (part,): (&str,) = from_args(args)?;
            let rest = if name == "removeprefix" { text.strip_prefix(part) } else { text.strip_suffix(part) };
            Value::from(rest.unwrap_or(text))
        }
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            let found = if name == "partition" { text.split_once(separator) } else { text.rsplit_once(separator) };
            let parts = match (found, name) {
                (Some((before, after)), _) => [before, separator, after],
                (None, "partition") => [text, "", ""],
                (None, _) => ["", "", text],
            };
            Value::from(Tuple::from(parts.map(Value::from)))
        }
        "rsplit" => rsplit(text, args)?,
        "index" | "rindex" => {
            let (part,): (&str,) = from_args(args)?;
            let at = if name == "index" { text.find(part) } else { text.rfind(part) };
            let at = at.ok_or_else(|| failure("substring not found"))?;
            Value::from(text[..at].chars().count())
        }
        "swapcase" => Value::from(swap_case(text)),
        "title" => Value::from(title(text)),
        "casefold" => Value::from(text.to_lowercase().replace('ß', "ss")),
        "isdecimal" => Value::from(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit())),
        "isidentifier" => {
            let starts = text.chars().next().is_some_and(|c| is_of_word(c) && !c.is_numeric());
            Value::from(starts && text.chars().all(is_of_word))
        }
        _ => return Ok(None),
    }))
}

fn rsplit(text: &str, args: &[Value]) -> Result<Value, Error> {
    let (separator, most, options): (Option<&str>, Option<i64>, Kwargs) = from_args(args)?;
    let most = most.or(options.get("maxsplit")?).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX - 1);
    let mut parts: Vec<&str> = match separator {
        Some("") => return Err(failure("empty separator")),
        Some(separator) => text.rsplitn(most + 1, separator).collect(),
        None => {
            let mut parts = Vec::new();
            let mut rest = text.trim_end();
            while !rest.is_empty() {
                let cut = if parts.len() < most { rest.rfind(char::is_whitespace) } else { None };
                let start = cut.map_or(0, |at| at + rest[at..].chars().next().map_or(0, char::len_utf8));
                parts.push(&rest[start..]);
                rest = cut.map_or("", |at| rest[..at].trim_end());
            }
            parts
        }
    };
    parts.reverse();
    Ok(list(parts.into_iter().map(Value::from).collect()))
}

fn center(text: &str, width: usize, fill: char) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let before = missing / 2 + (missing & width & 1);
    let fill = fill.to_string();
    format!("{}{text}{}", fill.repeat(before), fill.repeat(missing - before))
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| if c.is_uppercase() { c.to_lowercase().to_string() } else { c.to_uppercase().to_string() };
    text.chars().map(swap).collect()
}

/// Starts every run of letters with an uppercase letter, also after apostrophes and digits.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if in_word {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
        }
        in_word = c.is_alphabetic();
    }
    titled
}
