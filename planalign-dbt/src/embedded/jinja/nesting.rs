//! Limits how deep values are nested, because they are printed, compared, and freed recursively.

use minijinja::Error;
use minijinja::tests::is_sameas;
use minijinja::value::{Rest, Tuple, Value, ValueKind};

use super::errors::failure;

/// Deeper than any data of a project, and far from what overflows a stack.
const DEEPEST: usize = 200;

/// Fails if a value is nested too deep, or contains what it becomes a part of.
pub(super) fn check(value: &Value, container: Option<&Value>) -> Result<(), Error> {
    check_at(value, container, DEEPEST)
}

fn check_at(value: &Value, container: Option<&Value>, levels: usize) -> Result<(), Error> {
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Map) {
        return Ok(());
    }
    if container.is_some_and(|container| is_sameas(value, container)) {
        return Err(failure("a value can't contain itself"));
    }
    if levels == 0 {
        return Err(failure(format!("values are nested more than {DEEPEST} levels deep")));
    }
    let Ok(items) = value.try_iter() else { return Ok(()) };
    for item in items {
        let item = if value.kind() == ValueKind::Map { value.get_item(&item)? } else { item };
        check_at(&item, container, levels - 1)?;
    }
    Ok(())
}

/// `_kept_(container, value)`: the value that is assigned to an attribute of the container; several are a tuple.
pub(super) fn kept(container: &Value, mut values: Rest<Value>) -> Result<Value, Error> {
    let value = if values.len() == 1 { values.0.pop().unwrap_or_default() } else { Value::from(Tuple::from(values.0)) };
    check(&value, Some(container))?;
    Ok(value)
}
