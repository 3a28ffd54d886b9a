//! Where the caller keeps the configuration, census, and dbt project of a run.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use planalign_config::census::{PseudonymKey, PseudonymKeyError};
use planalign_config::settings::{Override, Sources};

/// Inputs and settings that the caller names; the others are in their default places.
#[derive(Clone, Debug, Default)]
pub struct InputOptions {
    /// Configuration file; by default [`InputOptions::CONFIG`].
    pub config: Option<PathBuf>,
    /// Scenario file.
    pub scenario: Option<PathBuf>,
    /// Census file; by default `census.path` in the configuration.
    pub census: Option<PathBuf>,
    /// File with the secret that replaces Social Security numbers, if they are the only IDs of the census.
    pub pseudonym_key: Option<PathBuf>,
    /// Directory of the dbt project; by default [`InputOptions::PROJECT`].
    pub project: Option<PathBuf>,
    /// Overrides of single settings; later ones win.
    pub overrides: Vec<Override>,
    /// Years to simulate; by default those in the configuration.
    pub years: Option<RangeInclusive<i32>>,
    /// Whether the project, and the rules in the configuration, may be of someone who isn't trusted: they may then read only tables
    /// of the run, the census, and the project's seeds.
    pub untrusted_project: bool,
    /// Environment variables; those that start with `PLANALIGN_` can be settings.
    pub environment: BTreeMap<String, String>,
}

/// Inputs and settings that are ignored because a run uses its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredInputs {
    /// Fields of [`InputOptions`]: `config`, `scenario`, `project`, `overrides`.
    pub options: Vec<&'static str>,
    /// Names of environment variables.
    pub environment: Vec<String>,
}

impl IgnoredInputs {
    /// Whether nothing is ignored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.options.is_empty() && self.environment.is_empty()
    }
}

impl InputOptions {
    /// Default configuration file.
    pub const CONFIG: &'static str = "config/simulation_config.yaml";
    /// Default directory of the dbt project.
    pub const PROJECT: &'static str = "dbt";

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(Self::CONFIG))
    }

    /// The directory of the dbt project.
    #[must_use]
    pub fn project(&self) -> &Path {
        self.project.as_deref().unwrap_or(Path::new(Self::PROJECT))
    }

    /// Reads the secret that replaces Social Security numbers.
    pub(crate) fn pseudonym_key(&self) -> Result<Option<PseudonymKey>, PseudonymKeyError> {
        self.pseudonym_key.as_deref().map(PseudonymKey::read).transpose()
    }

    /// The default configuration or project if none is named and the default doesn't exist.
    pub(crate) fn missing_default(&self) -> Option<&Path> {
        let config = self.config.is_none().then(|| self.config());
        let project = self.project.is_none().then(|| self.project());
        [config, project].into_iter().flatten().find(|path| !path.exists())
    }

    /// Whether a named file or directory doesn't exist.
    pub(crate) fn names_missing_file(&self) -> bool {
        [&self.config, &self.scenario, &self.project, &self.census].into_iter().flatten().any(|path| !path.exists())
    }

    /// Inputs and settings that a run from its record ignores.
    #[must_use]
    pub fn ignored_by_record(&self) -> IgnoredInputs {
        let options = [
            ("config", self.config.is_some()),
            ("scenario", self.scenario.is_some()),
            ("project", self.project.is_some()),
            ("overrides", !self.overrides.is_empty()),
        ];
        let sources = self.sources();
        IgnoredInputs {
            options: options.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect(),
            environment: sources.environment_settings().into_iter().map(str::to_owned).collect(),
        }
    }

    /// The layers of the configuration.
    pub(crate) fn sources(&self) -> Sources {
        let mut overrides = self.overrides.clone();
        if let Some(census) = &self.census {
            overrides.push(Override::new("census.path", &census.to_string_lossy(), "--census"));
        }
        if let Some(years) = &self.years {
            overrides.extend(Override::years(*years.start(), *years.end(), "command line"));
        }
        Sources {
            file: self.config().to_owned(),
            scenario: self.scenario.clone(),
            environment: self.environment.clone(),
            overrides,
        }
    }
}
