//! The definition of a stage: what it builds and checks, and whether it saves a checkpoint.

use std::fmt;

use planalign_config::settings::StageYears;
use serde::{Deserialize, Serialize};

/// The stages of the standard workflow, and other stages by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkflowStage {
    /// Seeds and the census.
    Initialization,
    /// The workforce and the parameters at the start of the year.
    Foundation,
    /// Hires, terminations, promotions, raises, enrollment.
    EventGeneration,
    /// Ordered events and the resulting state.
    StateAccumulation,
    /// The snapshot, contributions, and employer cost; completes the tables of the year.
    Validation,
    /// The audit of the year.
    Reporting,
    /// The summary of all years, after the last.
    Cleanup,
    /// A stage added by a configuration.
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

    /// Its name in workflows, checkpoints, and events.
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
#[expect(clippy::struct_excessive_bools, reason = "each is an independent user setting")]
pub struct StageDefinition {
    /// Name, for example `EVENT_GENERATION`.
    pub name: String,
    /// Stages of the same year that must run before it.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// In which years the stage runs.
    #[serde(default)]
    pub years: StageYears,
    /// dbt selections of the models to build.
    #[serde(default)]
    pub models: Vec<String>,
    /// dbt selections of models to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Rules to check after building the models.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Whether models that do not depend on each other may be built at the same time and in any order.
    #[serde(default)]
    pub parallel_safe: bool,
    /// Whether the stage ends with a checkpoint, and therefore a commit.
    #[serde(default = "yes")]
    pub checkpoint: bool,
    /// Whether the stage updates the registries.
    #[serde(default)]
    pub updates_registries: bool,
    /// Whether the stage writes the audit of the year.
    #[serde(default)]
    pub writes_reports: bool,
    /// Whether the stage writes the summary of all years.
    #[serde(default)]
    pub finishes: bool,
}

impl StageDefinition {
    /// The stage by name.
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
    fn the_default_workflow_has_the_standard_stages() {
        let stages: Vec<WorkflowStage> = Workflow::default().stages.iter().map(StageDefinition::stage).collect();
        assert_eq!(stages, WorkflowStage::STANDARD);
        assert_eq!(WorkflowStage::from("PAYROLL"), WorkflowStage::Other("PAYROLL".to_owned()));
        assert_eq!(WorkflowStage::from("PAYROLL").to_string(), "PAYROLL");
    }
}
