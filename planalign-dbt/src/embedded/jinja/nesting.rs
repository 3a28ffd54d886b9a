//! Limits how deep values are nested, because they are printed, compared, and freed recursively.

use minijinja::Error;
use minijinja::tests::is_sameas;
use minijinja::value::{Value, ValueKind};

use super::cycles;
use super::errors::failure;

/// Deeper than any data of a project, and far from what overflows a stack.
const DEEPEST: usize = 200;

/// The engine's type of `loop`, which holds the items that are left.
const LOOP: &str = "::Loop";

/// Fails if a value is nested too deep, or contains what it becomes a part of.
pub(super) fn check(value: &Value, container: Option<&Value>) -> Result<(), Error> {
    check_at(value, container, DEEPEST)
}

fn check_at(value: &Value, container: Option<&Value>, levels: usize) -> Result<(), Error> {
    let Some(object) = value.as_object() else { return Ok(()) };
    if object.type_name().ends_with(LOOP) {
        return Err(failure("`loop` can't be kept; keep its items"));
    }
    if container.is_some_and(|container| is_sameas(value, container)) {
        return Err(failure("a value can't contain itself"));
    }
    if levels == 0 {
        return Err(failure(format!("values are nested more than {DEEPEST} levels deep")));
    }
    parts(value)?.iter().try_for_each(|part| check_at(part, container, levels - 1))
}

/// The values in a value.
fn parts(value: &Value) -> Result<Vec<Value>, Error> {
    if let Some(items) = cycles::items(value) {
        return Ok(items);
    }
    match value.kind() {
        ValueKind::Seq => Ok(value.try_iter()?.collect()),
        ValueKind::Map => value.try_iter().into_iter().flatten().map(|key| value.get_item(&key)).collect(),
        _ => Ok(Vec::new()),
    }
}

/// `value | _assigned_(namespace, ...)`: the value that is assigned to an attribute of each.
pub(super) fn assigned(value: &Value, namespaces: &[Value]) -> Result<Value, Error> {
    namespaces.iter().try_for_each(|namespace| check(value, Some(namespace)))?;
    Ok(value.clone())
}
