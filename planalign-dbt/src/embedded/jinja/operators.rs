//! Operators of expressions as in Python, called by rewritten templates.

use std::cmp::Ordering;

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::errors::failure;

/// Adds the operators to an environment.
pub(super) fn register(env: &mut Environment<'_>) {
    env.add_function("_ordered_", |operands: Rest<Value>| ordered(&operands));
    env.add_function("_format_", format);
    for (names, operator) in
        [(["lt", "lessthan"], "<"), (["le", "<="], "<="), (["gt", "greaterthan"], ">"), (["ge", ">="], ">=")]
    {
        for name in names {
            env.add_test(name, move |left: Value, right: Value| ordered(&[left, Value::from(operator), right]));
        }
    }
}

/// Whether values are in an order, given alternately with operators.
fn ordered(operands: &[Value]) -> Result<bool, Error> {
    let Some((first, rest)) = operands.split_first() else { return Ok(true) };
    let mut left = first;
    for pair in rest.chunks_exact(2) {
        let (operator, right) = (pair[0].as_str().unwrap_or_default(), &pair[1]);
        let order = order(left, operator, right)?;
        let holds = match operator {
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            ">" => order == Ordering::Greater,
            _ => order != Ordering::Less,
        };
        if !holds {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

/// The order of two values; an error if they have none in Python.
pub(super) fn order(left: &Value, operator: &str, right: &Value) -> Result<Ordering, Error> {
    let class = |value: &Value| match value.kind() {
        ValueKind::Bool | ValueKind::Number => Some("number"),
        ValueKind::String => Some("str"),
        ValueKind::Seq | ValueKind::Iterable => Some(if value.is_tuple() { "tuple" } else { "list" }),
        _ => None,
    };
    match (class(left), class(right)) {
        (Some(one), Some(other)) if one == other => Ok(left.cmp(right)),
        _ => {
            let (left, right) = (python_type(left), python_type(right));
            Err(failure(format!("`{operator}` doesn't compare {left} with {right}")))
        }
    }
}

fn python_type(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "an undefined value",
        ValueKind::None => "none",
        ValueKind::Bool => "a truth value",
        ValueKind::Number => "a number",
        ValueKind::String => "a text",
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
