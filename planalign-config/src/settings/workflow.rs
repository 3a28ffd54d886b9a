//! What the user changes about the stages of a year.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::identifier::Identifier;
use super::markers::never_null;

/// Changes of the built-in workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowChanges {
    /// One entry for each stage that is changed or new; `planalign simulate --dry-run` prints the result.
    ///
    /// A stage that is not there is new and needs `depends_on`. Models are selections in dbt's syntax; a list is first replaced,
    /// then dropped from, then added to.
    ///
    /// ```yaml
    /// - name: VALIDATION
    ///   rules: { drop: [snapshot_consistency] }
    /// - name: COSTING
    ///   depends_on: [VALIDATION]
    ///   models: { add: ["path:models/costing"] }
    ///   checkpoint: false
    /// ```
    pub stages: Vec<StageChange>,
}

/// A stage that is changed, or new if no stage has its name. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = never_null)]
pub struct StageChange {
    /// Name of the stage.
    #[schemars(with = "Identifier")]
    pub name: String,
    /// Stages of the same year that come before; a new stage needs some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<String>>,
    /// In which years the stage runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<StageYears>,
    /// Selections of models, in dbt's syntax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<ListChange>,
    /// Names of rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<ListChange>,
    /// Whether models that do not depend on each other may be built in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_safe: Option<bool>,
    /// Whether the stage ends in a checkpoint, after which a run can be resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<bool>,
}

/// In which years a stage runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageYears {
    /// In every year.
    #[default]
    Every,
    /// In the start year only.
    First,
    /// In the last year only.
    Last,
}

impl StageYears {
    /// Whether a stage runs in `year` of a run from `start` to `end`.
    #[must_use]
    pub fn includes(self, year: i32, start: i32, end: i32) -> bool {
        match self {
            Self::Every => true,
            Self::First => year == start,
            Self::Last => year == end,
        }
    }
}

/// A change of a list: first replaced, then dropped from, then added to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = never_null)]
pub struct ListChange {
    /// The new list; what is dropped and added comes after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Vec<String>>,
    /// Entries that are taken out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Entries that are added at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
}
