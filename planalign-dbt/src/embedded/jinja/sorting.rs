//! Filters that order values: like Python's, they fail for values that can't be compared.

#![expect(clippy::needless_pass_by_value, reason = "the engine passes arguments by value")]

use std::cmp::Ordering;

use minijinja::value::{Kwargs, Rest, Tuple, Value, ValueKind, from_args};
use minijinja::{Environment, Error, State, filters};

use super::collections::list;
use super::errors::failure;
use super::operators::order;

/// Adds the filters to an environment.
pub(super) fn register(env: &mut Environment<'_>) {
    env.add_filter("sort", sort);
    env.add_filter("min", |state: &State<'_, '_>, items: Value, positional: Rest<Value>, options: Kwargs| {
        extreme(state, items, &positional, &options, Ordering::Less)
    });
    env.add_filter("max", |state: &State<'_, '_>, items: Value, positional: Rest<Value>, options: Kwargs| {
        extreme(state, items, &positional, &options, Ordering::Greater)
    });
    env.add_filter("dictsort", dictsort);
    env.add_filter("groupby", groupby);
}

/// Sorts items by their keys; those with equal keys stay in order. Fails if keys can't be compared.
pub(super) fn sorted(items: Vec<(Value, Value)>, reverse: bool) -> Result<Vec<Value>, Error> {
    let mut sorted: Vec<(Value, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let (mut low, mut high) = (0, sorted.len());
        while low < high {
            let middle = low.midpoint(high);
            let (before, after) = if reverse { (&sorted[middle].0, &item.0) } else { (&item.0, &sorted[middle].0) };
            if order(before, "<", after)? == Ordering::Less {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        sorted.insert(low, item);
    }
    Ok(sorted.into_iter().map(|(_, item)| item).collect())
}

/// The items of a value with the keys by which they are ordered.
fn keyed(
    state: &State<'_, '_>,
    items: Value,
    key: impl Fn(&Value) -> Result<Value, Error>,
) -> Result<Vec<(Value, Value)>, Error> {
    filters::list(state, items)?.try_iter()?.map(|item| Ok((key(&item)?, item))).collect()
}

/// A key in lowercase, unless case matters.
fn cased(key: Value, case_sensitive: Option<bool>) -> Value {
    match key.as_str().filter(|_| !case_sensitive.unwrap_or(false)) {
        Some(text) => Value::from(text.to_lowercase()),
        None => key,
    }
}

/// The value at a path such as `a.0.b`, or the item itself.
fn attribute(item: &Value, path: Option<&Value>) -> Result<Value, Error> {
    let Some(path) = path else { return Ok(item.clone()) };
    path.to_string().split('.').try_fold(item.clone(), |value, part| match part.parse::<usize>() {
        Ok(index) => value.get_item(&Value::from(index)),
        Err(_) => value.get_attr(part),
    })
}

/// `sort(reverse, case_sensitive, attribute)`; there may be several attributes, separated by commas.
fn sort(state: &State<'_, '_>, items: Value, positional: Rest<Value>, options: Kwargs) -> Result<Value, Error> {
    let (reverse, case, path): (Option<bool>, Option<bool>, Option<Value>) = from_args(&positional)?;
    let reverse = reverse.or(options.get("reverse")?).unwrap_or(false);
    let case = case.or(options.get("case_sensitive")?);
    let path: Option<Value> = path.or(options.get("attribute")?);
    options.assert_all_used()?;
    let paths = path.as_ref().and_then(Value::as_str).filter(|path| path.contains(','));
    let items = match paths {
        Some(paths) => keyed(state, items, |item| {
            let part = |path: &str| attribute(item, Some(&Value::from(path.trim()))).map(|key| cased(key, case));
            paths.split(',').map(part).collect::<Result<Vec<_>, _>>().map(Value::from)
        }),
        None => keyed(state, items, |item| attribute(item, path.as_ref()).map(|key| cased(key, case))),
    };
    sorted(items?, reverse).map(list)
}

/// `min(case_sensitive, attribute)` or `max`: the first item before or after all others.
fn extreme(
    state: &State<'_, '_>,
    items: Value,
    positional: &[Value],
    options: &Kwargs,
    wanted: Ordering,
) -> Result<Value, Error> {
    let (case, path): (Option<bool>, Option<Value>) = from_args(positional)?;
    let case = case.or(options.get("case_sensitive")?);
    let path: Option<Value> = path.or(options.get("attribute")?);
    options.assert_all_used()?;
    let operator = if wanted == Ordering::Less { "<" } else { ">" };
    let items = keyed(state, items, |item| attribute(item, path.as_ref()).map(|key| cased(key, case)))?;
    let mut items = items.into_iter();
    let Some(first) = items.next() else { return Ok(Value::UNDEFINED) };
    let found = items.try_fold(first, |best, item| {
        Ok::<_, Error>(if order(&item.0, operator, &best.0)? == wanted { item } else { best })
    });
    found.map(|(_, item)| item)
}

/// `dictsort(case_sensitive, by, reverse)`: the pairs of a dict.
fn dictsort(dict: Value, positional: Rest<Value>, options: Kwargs) -> Result<Value, Error> {
    let (case, by, reverse): (Option<bool>, Option<String>, Option<bool>) = from_args(&positional)?;
    let case = case.or(options.get("case_sensitive")?);
    let by = by.or(options.get("by")?).unwrap_or_else(|| "key".to_owned());
    let reverse = reverse.or(options.get("reverse")?).unwrap_or(false);
    options.assert_all_used()?;
    if dict.kind() != ValueKind::Map {
        return Err(failure("dictsort takes a dict"));
    }
    if !["key", "value"].contains(&by.as_str()) {
        return Err(failure(format!("dictsort can't sort by `{by}`; use `key` or `value`")));
    }
    let pair = |key: Value| {
        let value = dict.get_item(&key)?;
        let by = if by == "key" { &key } else { &value };
        Ok((cased(by.clone(), case), Value::from(Tuple::from([key, value]))))
    };
    sorted(dict.try_iter()?.map(pair).collect::<Result<_, Error>>()?, reverse).map(list)
}

/// `groupby(attribute, default, case_sensitive)`: the engine's, if the keys can be compared.
fn groupby(state: &State<'_, '_>, items: Value, positional: Rest<Value>, options: Kwargs) -> Result<Value, Error> {
    let (path, default, case): (Option<Value>, Option<Value>, Option<bool>) = from_args(&positional)?;
    let path: Value = path.map_or_else(|| options.get("attribute"), Ok)?;
    let default: Value = default.or(options.get("default")?).unwrap_or_default();
    let case = case.or(options.get("case_sensitive")?).unwrap_or(false);
    options.assert_all_used()?;
    let key =
        |item: &Value| attribute(item, Some(&path)).map(|key| if key.is_undefined() { default.clone() } else { key });
    let items = sorted(keyed(state, items, |item| key(item).map(|key| cased(key, Some(case))))?, false)?;
    let options = [("default", default), ("case_sensitive", Value::from(case))].into_iter().collect();
    filters::groupby(list(items), Some(&path.to_string()), options)
}
