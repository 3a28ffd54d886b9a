//! Settings as dbt variables.

use std::path::Path;

use serde_json::{Map, Value};

use crate::settings::SimulationConfig;
use crate::settings::keys::{is_whole, join};

/// Settings and sections that models can't depend on.
const NOT_PASSED: [&str; 6] = ["simulation.end_year", "census", "workflow", "validation", "optimization", "dbt"];

/// Returns the dbt variables for a year.
///
/// A variable's name is the key's path joined by `_`, without a leading `simulation_`. Scalars and lists are values; so are
/// maps whose keys are segments or user-defined. `census_path` is the path given here, of a census as the models read it; it must be
/// absolute because models don't run in the command's working directory.
#[must_use]
pub fn dbt_vars(config: &SimulationConfig, simulation_year: i32, census_path: &Path) -> Map<String, Value> {
    let mut vars = Map::new();
    vars.insert("simulation_year".to_owned(), simulation_year.into());
    add("", config.to_tree(), &mut vars);
    vars.insert("census_path".to_owned(), census_path.to_string_lossy().into());
    vars
}

fn add(path: &str, tree: Map<String, Value>, vars: &mut Map<String, Value>) {
    for (key, value) in tree {
        let path = join(path, &key);
        match value {
            _ if NOT_PASSED.contains(&path.as_str()) => {}
            Value::Object(inner) if !is_whole(&key) => add(&path, inner, vars),
            value => {
                vars.insert(name(&path), value);
            }
        }
    }
}

fn name(path: &str) -> String {
    path.strip_prefix("simulation.").unwrap_or(path).replace('.', "_")
}

#[cfg(test)]
mod tests;
