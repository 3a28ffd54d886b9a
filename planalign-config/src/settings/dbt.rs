//! Who builds the models.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The runner of the dbt project; it doesn't affect results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dbt {
    /// `embedded` builds the models in this program, `dbt` with your own dbt.
    pub runner: RunnerKind,
    /// Your dbt, Core 1.11 or later: a path, or a name to find in the PATH.
    pub executable: PathBuf,
    /// Profile for your dbt; `None`: one is generated for the database of the run.
    pub profile: Option<String>,
    /// Target of that profile; `None`: its default.
    pub target: Option<String>,
    /// Directory of that profile's `profiles.yml`; `None`: the project's.
    pub profiles_dir: Option<PathBuf>,
    /// Environment variables for your dbt, besides `PATH`, `HOME`, `LANG`, `TMPDIR`, `VIRTUAL_ENV`, `DBT_ENV_*`, and those that
    /// the project and the profile read with `env_var`.
    pub environment: Vec<String>,
    /// Seconds after which one call of your dbt is ended.
    #[schemars(range(min = 1, max = 604_800))]
    pub timeout_seconds: u32,
    /// Seconds that your dbt has to end, first after SIGINT, then after SIGTERM, before it is killed.
    #[schemars(range(min = 1, max = 3600))]
    pub grace_seconds: u32,
}

/// Who builds the models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunnerKind {
    /// This program.
    #[default]
    Embedded,
    /// A dbt executable.
    Dbt,
}

impl Default for Dbt {
    fn default() -> Self {
        Self {
            runner: RunnerKind::default(),
            executable: PathBuf::from("dbt"),
            profile: None,
            target: None,
            profiles_dir: None,
            environment: Vec::new(),
            timeout_seconds: 3600,
            grace_seconds: 25,
        }
    }
}
