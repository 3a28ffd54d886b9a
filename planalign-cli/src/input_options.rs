//! Where a run finds its configuration, census and dbt project, as the caller named them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use planalign_config::settings::{Override, Sources};

/// What the caller named; everything else is where it is by default.
#[derive(Clone, Debug, Default)]
pub struct InputOptions {
    /// Configuration file; by default [`InputOptions::CONFIG`].
    pub config: Option<PathBuf>,
    /// Scenario file.
    pub scenario: Option<PathBuf>,
    /// Census file; by default `census.path` of the configuration.
    pub census: Option<PathBuf>,
    /// Folder of the dbt project; by default [`InputOptions::PROJECT`].
    pub project: Option<PathBuf>,
    /// Single settings; later ones win.
    pub overrides: Vec<Override>,
    /// Years to simulate; by default those of the configuration.
    pub years: Option<RangeInclusive<i32>>,
    /// The environment, of which variables that begin with `PLANALIGN_` can be settings.
    pub environment: BTreeMap<String, String>,
}

/// What names settings or models and is not used, because a run goes by its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unused {
    /// Fields of [`InputOptions`]: `config`, `scenario`, `project`, `overrides`.
    pub options: Vec<&'static str>,
    /// Variables of the environment.
    pub environment: Vec<String>,
}

impl Unused {
    /// Whether there is nothing of the kind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.options.is_empty() && self.environment.is_empty()
    }
}

impl InputOptions {
    /// The configuration file where none is named.
    pub const CONFIG: &'static str = "config/simulation_config.yaml";
    /// The dbt project where none is named.
    pub const PROJECT: &'static str = "dbt";

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(Self::CONFIG))
    }

    /// The folder of the dbt project.
    #[must_use]
    pub fn project(&self) -> &Path {
        self.project.as_deref().unwrap_or(Path::new(Self::PROJECT))
    }

    /// The configuration or the project, if it is not named and not where it is by default.
    pub(crate) fn absent_by_default(&self) -> Option<&Path> {
        let config = self.config.is_none().then(|| self.config());
        let project = self.project.is_none().then(|| self.project());
        [config, project].into_iter().flatten().find(|path| !path.exists())
    }

    /// Whether a file or folder was named that is not there.
    pub(crate) fn names_what_is_absent(&self) -> bool {
        [&self.config, &self.scenario, &self.project, &self.census].into_iter().flatten().any(|path| !path.exists())
    }

    /// What names settings or models, and is not used by a run that goes by its record.
    #[must_use]
    pub fn unused_by_record(&self) -> Unused {
        let options = [
            ("config", self.config.is_some()),
            ("scenario", self.scenario.is_some()),
            ("project", self.project.is_some()),
            ("overrides", !self.overrides.is_empty()),
        ];
        let sources = self.sources();
        Unused {
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
