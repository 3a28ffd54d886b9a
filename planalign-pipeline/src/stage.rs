//! What a stage is: data that says what runs, what is checked and whether it can be returned to.

use std::fmt;

use planalign_config::settings::StageYears;
use serde::{Deserialize, Serialize};

/// The stages of the standard workflow, and those of others by their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkflowStage {
    /// Seeds and the census.
    Initialization,
    /// The workforce and the parameters that the year opens with.
    Foundation,
    /// Hires, terminations, promotions, raises, enrollment.
    EventGeneration,
    /// Events in order, and the state that they lead to.
    StateAccumulation,
    /// The snapshot, contributions and the employer's cost; all tables of the year are there.
    Validation,
    /// The audit of the year.
    Reporting,
    /// The summary of all years, after the last.
    Cleanup,
    /// A stage that a configuration has added.
    Other(String),
}

impl WorkflowStage {
    /// The stages of the standard workflow, in order.
    pub const STANDARD: [Self; 7] = [
        Self::Initialization,
        Self::Foundation,
        Self::EventGeneration,
        Self::StateAccumulation,
        Self::Validation,
        Self::Reporting,
        Self::Cleanup,
    ];

    /// Its name, as workflows, checkpoints and events have it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Initialization => "INITIALIZATION",
            Self::Foundation => "FOUNDATION",
            Self::EventGeneration => "EVENT_GENERATION",
            Self::StateAccumulation => "STATE_ACCUMULATION",
            Self::Validation => "VALIDATION",
            Self::Reporting => "REPORTING",
            Self::Cleanup => "CLEANUP",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for WorkflowStage {
    fn from(name: &str) -> Self {
        let standard = Self::STANDARD.into_iter().find(|stage| stage.name() == name);
        standard.unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

impl fmt::Display for WorkflowStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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

impl StageDefinition {
    /// Which stage it is.
    #[must_use]
    pub fn stage(&self) -> WorkflowStage {
        self.name.as_str().into()
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Workflow;

    #[test]
    fn the_standard_stages_are_those_of_the_default_workflow() {
        let stages: Vec<WorkflowStage> = Workflow::default().stages.iter().map(StageDefinition::stage).collect();
        assert_eq!(stages, WorkflowStage::STANDARD);
        assert_eq!(WorkflowStage::from("PAYROLL"), WorkflowStage::Other("PAYROLL".to_owned()));
        assert_eq!(WorkflowStage::from("PAYROLL").to_string(), "PAYROLL");
    }
}
