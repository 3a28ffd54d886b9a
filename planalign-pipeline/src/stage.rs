//! What a stage is: data that says what runs, what is checked and whether it can be returned to.

use planalign_config::settings::StageYears;
use serde::{Deserialize, Serialize};

/// One stage of a year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property that users switch on its own")]
pub struct StageDefinition {
    /// Name, for example `EVENT_GENERATION`.
    pub name: String,
    /// Stages of the same year that come before.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// In which years the stage runs.
    #[serde(default)]
    pub years: StageYears,
    /// Selections in dbt's syntax; what they select together is built.
    #[serde(default)]
    pub models: Vec<String>,
    /// Selections of what is not built all the same.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Rules that are checked after the models.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Whether models that do not depend on each other may be built in any order.
    #[serde(default)]
    pub parallel_safe: bool,
    /// Whether the stage ends in a checkpoint, and so in a commit.
    #[serde(default = "yes")]
    pub checkpoint: bool,
    /// Whether the registries follow the year's events here.
    #[serde(default)]
    pub updates_registries: bool,
    /// Whether the audit of the year is written here.
    #[serde(default)]
    pub writes_reports: bool,
    /// Whether the summary of all years is written here.
    #[serde(default)]
    pub finishes: bool,
}

fn yes() -> bool {
    true
}
