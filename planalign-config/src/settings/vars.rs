//! Settings as dbt variables.

use std::path::Path;

use serde_json::{Map, Value};

use crate::settings::SimulationConfig;
use crate::settings::keys::{is_whole, join};

/// Settings and sections that no model may depend on.
const NOT_PASSED: [&str; 5] =
    ["simulation.end_year", "census.max_rejected_share", "workflow", "validation", "optimization"];

/// The variables of a year.
///
/// One rule for all of them: a variable is named by the path of its key, joined by `_`, without a leading `simulation_`.
/// Scalars and lists are values; of maps, those whose keys are segments or the user's own are. `census_path` is the path
/// given here, which must be absolute, because a model's working directory is not the command's.
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
