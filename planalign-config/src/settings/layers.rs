//! The layers of a configuration, and how they become settings.
//!
//! Defaults < file < scenario overlay < environment < command line. Maps are merged, lists and scalars replaced. Every
//! layer is checked by itself, so that a mistake is reported even where a later layer hides it; what several settings must
//! be together is checked once, on the effective values.

mod environment;
mod known;
mod merge;
mod overrides;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::settings::SimulationConfig;
use crate::settings::cross_checks;
use crate::settings::origins::{Origin, Origins};
use crate::settings::problem::{ConfigError, Mistake, Problem};
use crate::yaml::{self, Dialect, Node, Position};

use known::Known;
pub use overrides::Override;

/// What a configuration is made of, beside the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The configuration file.
    pub file: PathBuf,
    /// The overlay of a scenario.
    pub scenario: Option<PathBuf>,
    /// The environment; what does not begin with `PLANALIGN_` is ignored.
    ///
    /// `PLANALIGN_SIMULATION__START_YEAR` is `simulation.start_year`: a name with `__` is a setting, and an error if there
    /// is none of that name. Without `__` only `PLANALIGN_SCENARIO_ID` and `PLANALIGN_PLAN_DESIGN_ID` are settings; all
    /// others, such as `PLANALIGN_LOG`, belong to the program, but a setting written with `_` for `__` is an error.
    pub environment: BTreeMap<String, String>,
    /// The command line, in its order; later ones win.
    pub overrides: Vec<Override>,
}

impl Sources {
    /// The variables of the environment that are settings, in order of their names.
    #[must_use]
    pub fn environment_settings(&self) -> Vec<&str> {
        environment::settings(&self.environment)
    }
}

/// Settings that can be used, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedConfig {
    /// The effective settings.
    pub settings: SimulationConfig,
    /// Where each of them comes from.
    pub origins: Origins,
}

/// Reads and checks a configuration file, without a scenario and the environment.
pub fn load_simulation_config(file: impl Into<PathBuf>) -> Result<SimulationConfig, ConfigError> {
    let sources = Sources { file: file.into(), scenario: None, environment: BTreeMap::new(), overrides: Vec::new() };
    Ok(load(&sources)?.settings)
}

/// Checks settings that were not loaded, or changed since, as if they were a file. Answers them as the file would give them.
pub fn check(settings: &SimulationConfig) -> Result<SimulationConfig, ConfigError> {
    let text = serde_json::Value::Object(settings.to_tree()).to_string();
    let layer = Layer::parse(Source::CommandLine("settings".to_owned()), &text);
    Ok(combine(vec![layer], &Known::new())?.settings)
}

/// Reads, merges and checks the layers of a configuration.
pub fn load(sources: &Sources) -> Result<LoadedConfig, ConfigError> {
    let file = (sources.file.clone(), read(&sources.file)?);
    let scenario = match &sources.scenario {
        Some(path) => Some((path.clone(), read(path)?)),
        None => None,
    };
    let known = Known::new();
    let mut layers = vec![Layer::parse(Source::File(file.0), &file.1)];
    layers.extend(scenario.map(|(path, text)| Layer::parse(Source::Scenario(path), &text)));
    layers.extend(environment::layers(&sources.environment, &known));
    layers.extend(sources.overrides.iter().map(Override::layer));
    combine(layers, &known)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })
}

fn combine(layers: Vec<Layer>, known: &Known) -> Result<LoadedConfig, ConfigError> {
    let mut problems = Vec::new();
    let checked: Vec<_> = layers.into_iter().map(|layer| tree::check(layer, known, &mut problems)).collect();
    let merged = merge::merge(&checked, &mut problems);
    if let Some(merged) = &merged {
        cross_checks::check(merged, &mut problems);
    }
    problems.sort();
    problems.dedup();
    match merged {
        Some(loaded) if problems.is_empty() => Ok(loaded),
        _ => Err(ConfigError::Invalid { problems }),
    }
}

/// Settings from one place, not yet checked.
struct Layer {
    source: Source,
    root: Node,
    mistakes: Vec<Mistake>,
}

/// The place.
#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Scenario(PathBuf),
    Environment(String),
    CommandLine(String),
}

impl Layer {
    fn parse(source: Source, text: &str) -> Self {
        let (mut root, errors) = yaml::parse(text, Dialect::Core);
        if root.is_null() {
            // A file of comments.
            root.content = yaml::Content::Map(Vec::new());
        }
        Self { source, root, mistakes: errors.into_iter().map(Mistake::from).collect() }
    }
}

impl Source {
    fn origin(&self, at: Position) -> Origin {
        match self {
            Self::File(path) => Origin::File(path.clone(), at),
            Self::Scenario(path) => Origin::Scenario(path.clone(), at),
            Self::Environment(name) => Origin::Environment(name.clone()),
            Self::CommandLine(option) => Origin::CommandLine(option.clone()),
        }
    }

    fn problem(&self, mistake: Mistake) -> Problem {
        Problem { origin: self.origin(mistake.at), key: mistake.key, kind: mistake.kind }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;
