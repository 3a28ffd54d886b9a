//! Key paths such as `simulation.start_year`, and which of them are separate settings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Maps that models read as one value: their keys are segments of employees or user-defined.
const WHOLE: [&str; 9] = [
    "age_multipliers",
    "income_multipliers",
    "base_rates_by_age",
    "job_level_multipliers",
    "deferral_rates",
    "level_overrides",
    "columns",
    "date_formats",
    "status_values",
];

/// Whether models read the map with this name as one value.
pub(crate) fn is_whole(name: &str) -> bool {
    WHOLE.contains(&name)
}

/// The path of a key within a section; the root's path is empty.
pub(crate) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

/// The path of the parent of a key; `None` for the root.
pub(crate) fn parent(path: &str) -> Option<&str> {
    if path.is_empty() { None } else { Some(path.rsplit_once('.').map_or("", |(parent, _)| parent)) }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

/// All values that aren't maps, and empty maps, by path.
pub(crate) fn leaves(tree: Map<String, Value>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect("", tree, &mut found);
    found
}

fn collect(path: &str, tree: Map<String, Value>, found: &mut BTreeMap<String, Value>) {
    for (key, value) in tree {
        let path = join(path, &key);
        match value {
            Value::Object(inner) if !inner.is_empty() => collect(&path, inner, found),
            leaf => {
                found.insert(path, leaf);
            }
        }
    }
}
