//! The layers of a configuration and how they are combined.
//!
//! Defaults < file < scenario overlay < environment < command line. Maps are merged; lists and scalars are replaced. Every
//! layer is checked separately, so that a mistake is reported even if a later layer overrides it; rules that involve several
//! settings are checked once, on the effective values.

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

/// The inputs of a configuration, besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The configuration file.
    pub file: PathBuf,
    /// The overlay of a scenario.
    pub scenario: Option<PathBuf>,
    /// The environment; names that don't begin with `PLANALIGN_` are ignored.
    ///
    /// `PLANALIGN_SIMULATION__START_YEAR` sets `simulation.start_year`: a name with `__` is a setting, and an error if the
    /// setting doesn't exist. Without `__`, only `PLANALIGN_SCENARIO_ID` and `PLANALIGN_PLAN_DESIGN_ID` are settings; others,
    /// such as `PLANALIGN_LOG`, belong to the program. A setting written with `_` instead of `__` is an error.
    pub environment: BTreeMap<String, String>,
    /// Overrides from the command line, in order; later ones win.
    pub overrides: Vec<Override>,
}

impl Sources {
    /// Returns the environment variables that are settings, sorted by name.
    #[must_use]
    pub fn environment_settings(&self) -> Vec<&str> {
        environment::settings(&self.environment)
    }
}

/// Valid settings and their origins.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedConfig {
    /// The effective settings.
    pub settings: SimulationConfig,
    /// The origin of each setting.
    pub origins: Origins,
}

/// Loads and checks a configuration file, without a scenario or the environment.
pub fn load_simulation_config(file: impl Into<PathBuf>) -> Result<SimulationConfig, ConfigError> {
    let sources = Sources { file: file.into(), scenario: None, environment: BTreeMap::new(), overrides: Vec::new() };
    Ok(load(&sources)?.settings)
}

/// Checks settings built or changed in code as if they came from a file. Returns them as if loaded.
pub fn check(settings: &SimulationConfig) -> Result<SimulationConfig, ConfigError> {
    let text = serde_json::Value::Object(settings.to_tree()).to_string();
    let layer = Layer::parse(Source::CommandLine("settings".to_owned()), &text);
    Ok(combine(vec![layer], &Known::new())?.settings)
}

/// Loads, merges, and checks the layers of a configuration.
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

/// Unchecked settings from one source.
struct Layer {
    source: Source,
    root: Node,
    mistakes: Vec<Mistake>,
}

/// The source of a layer.
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
            // The file has only comments.
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
