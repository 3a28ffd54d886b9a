//! Merges checked layers into settings with figment, which tracks the layer of each value.

use std::str::FromStr;

use figment::providers::Serialized;
use figment::value::{Dict, Map};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::LoadedConfig;
use super::tree::CheckedLayer;
use crate::settings::keys::{leaves, parent};
use crate::settings::origins::{Origin, Origins};
use crate::settings::problem::{Problem, ProblemKind};
use crate::settings::rules;
use crate::settings::{Identifier, SimulationConfig};
use crate::yaml::Position;

/// Settings without a default, which each scenario must set.
const REQUIRED: [&str; 2] = ["scenario_id", "plan_design_id"];

/// Placeholder for a missing or invalid ID while the other settings are checked.
const UNNAMED: &str = "unnamed";

/// A layer with its number, which identifies it in figment's metadata.
struct Numbered<'l> {
    number: usize,
    layer: &'l CheckedLayer,
}

impl Provider for Numbered<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.number.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.layer.values.clone()))
    }
}

/// The keys of all settings.
pub(super) fn default_leaves() -> Vec<String> {
    defaults().map(|config| leaves(config.to_tree()).into_keys().collect()).unwrap_or_default()
}

fn defaults() -> Option<SimulationConfig> {
    let unnamed = Identifier::from_str(UNNAMED).ok()?;
    Some(SimulationConfig::new(unnamed.clone(), unnamed))
}

/// Merges the layers, weakest first. Required settings that no layer sets are problems.
pub(super) fn merge(layers: &[CheckedLayer], problems: &mut Vec<Problem>) -> Option<LoadedConfig> {
    let mut figment = Figment::from(Serialized::defaults(defaults()?));
    for (number, layer) in layers.iter().enumerate() {
        figment = figment.merge(Numbered { number, layer });
    }
    let layer_of = |key: &str| {
        let number = figment.find_metadata(key).and_then(|metadata| metadata.name.parse::<usize>().ok());
        number.and_then(|number| layers.get(number))
    };
    // A file with a syntax error might have set them.
    let is_broken = problems.iter().any(|problem| problem.key.is_empty());
    for key in REQUIRED {
        if layer_of(key).is_none() && !is_broken && !problems.iter().any(|problem| problem.key == key) {
            problems.push(missing(key, layers));
        }
    }
    match figment.extract::<SimulationConfig>() {
        Ok(settings) => {
            let values = leaves(settings.to_tree());
            let origins = Origins::new(values, |key| layer_of(key).map_or(Origin::Default, |layer| layer.origin(key)));
            Some(LoadedConfig { settings, origins })
        }
        Err(error) => {
            problems.extend(error.into_iter().map(|error| unexpected(&error)));
            None
        }
    }
}

fn missing(key: &str, layers: &[CheckedLayer]) -> Problem {
    let top = Position { line: 1, column: 1 };
    let origin = layers.first().map_or(Origin::Default, |layer| layer.source.origin(top));
    let expected = rules::rule_of(key).map(rules::Rule::expected).unwrap_or_default();
    Problem { origin, key: key.to_owned(), kind: ProblemKind::Missing { expected } }
}

/// A value that the rules allow but the types reject; a test rules this out.
fn unexpected(error: &Error) -> Problem {
    let kind = ProblemKind::Syntax { message: error.kind.to_string() };
    Problem { origin: Origin::Default, key: error.path.join("."), kind }
}

impl CheckedLayer {
    /// Where the layer sets a key, or the map or section that contains it.
    fn origin(&self, key: &str) -> Origin {
        let mut at = Some(key);
        while let Some(path) = at {
            if let Some(position) = self.positions.get(path) {
                return self.source.origin(*position);
            }
            at = parent(path);
        }
        self.source.origin(Position { line: 1, column: 1 })
    }
}
