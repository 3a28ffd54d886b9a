//! Operators of expressions as in Python, called by rewritten templates.

use std::cmp::Ordering;

use minijinja::tests::is_in;
use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::errors::failure;

/// Adds the operators to an environment.
pub(super) fn register(env: &mut Environment<'_>) {
    env.add_function("_ordered_", |state: &State<'_, '_>, operands: Rest<Value>| ordered(state, &operands));
    env.add_function("_format_", format);
    let tests: [(&[&str], &str); 4] = [
        (&["<", "lt", "lessthan"], "<"),
        (&["<=", "le"], "<="),
        (&[">", "gt", "greaterthan"], ">"),
        (&[">=", "ge"], ">="),
    ];
    for (names, operator) in tests {
        for name in names {
            env.add_test(*name, move |state: &State<'_, '_>, left: &Value, right: &Value| {
                holds(state, left, operator, right)
            });
        }
    }
}

/// Whether a chain of comparisons holds; values and operators alternate.
fn ordered(state: &State<'_, '_>, operands: &[Value]) -> Result<bool, Error> {
    let Some((first, rest)) = operands.split_first() else { return Ok(true) };
    let mut left = first;
    for pair in rest.chunks_exact(2) {
        let (operator, right) = (pair[0].as_str().unwrap_or_default(), &pair[1]);
        if !holds(state, left, operator, right)? {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

fn holds(state: &State<'_, '_>, left: &Value, operator: &str, right: &Value) -> Result<bool, Error> {
    let order = || order(left, operator, right);
    Ok(match operator {
        "==" => left == right,
        "!=" => left != right,
        "<" => order()? == Ordering::Less,
        "<=" => order()? != Ordering::Greater,
        ">" => order()? == Ordering::Greater,
        ">=" => order()? != Ordering::Less,
        "in" => contains(state, right, left)?,
        _ => !contains(state, right, left)?,
    })
}

fn contains(state: &State<'_, '_>, container: &Value, item: &Value) -> Result<bool, Error> {
    if matches!(container.kind(), ValueKind::None | ValueKind::Bool | ValueKind::Number) {
        return Err(failure(format!("`in` can't look into {}", python_type(container))));
    }
    is_in(state, item, container)
}

/// The order of two values; an error if they have none in Python.
pub(super) fn order(left: &Value, operator: &str, right: &Value) -> Result<Ordering, Error> {
    let is_number = |value: &Value| matches!(value.kind(), ValueKind::Bool | ValueKind::Number);
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if is_list(left) && is_list(right) && left.is_tuple() == right.is_tuple() {
        return order_of_lists(left, operator, right);
    }
    if is_number(left) && is_number(right) || left.as_str().is_some() && right.as_str().is_some() {
        return Ok(left.cmp(right));
    }
    Err(failure(format!("`{operator}` can't compare {} with {}", python_type(left), python_type(right))))
}

/// The order of the first items that differ, else of the lengths.
fn order_of_lists(left: &Value, operator: &str, right: &Value) -> Result<Ordering, Error> {
    let (mut left, mut right) = (left.try_iter()?, right.try_iter()?);
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => return order(&one, operator, &other),
            (one, other) => return Ok(one.is_some().cmp(&other.is_some())),
        }
    }
}

fn python_type(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "an undefined value",
        ValueKind::None => "none",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "a string",
        ValueKind::Seq | ValueKind::Iterable if value.is_tuple() => "a tuple",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a dict",
        _ => "an object",
    }
}

/// `text % values`.
fn format(state: &mut State<'_, '_>, text: Value, values: Value) -> Result<Value, Error> {
    let mut arguments = vec![text];
    if values.is_tuple() {
        arguments.extend(values.try_iter()?);
    } else if values.kind() == ValueKind::Map {
        let mut pairs = Vec::new();
        for key in values.try_iter()? {
            pairs.push((key.to_string(), values.get_item(&key)?));
        }
        arguments.push(pairs.into_iter().collect::<Kwargs>().into());
    } else {
        arguments.push(values);
    }
    state.apply_filter("format", &arguments)
}
