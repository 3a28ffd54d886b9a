//! User changes to the stages of a year.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::identifier::Identifier;
use super::markers::never_null;

/// Changes to the built-in workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowChanges {
    /// One entry per changed or new stage; `planalign simulate --dry-run` shows the result.
    ///
    /// A new stage needs `depends_on`. Models are dbt selections. For lists, `replace` is applied first, then `drop`, then
    /// `add`.
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

/// A changed stage, or a new one if no stage has this name. Fields that are `None` don't change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = never_null)]
pub struct StageChange {
    /// Name of the stage.
    #[schemars(with = "Identifier")]
    pub name: String,
    /// Stages of the same year that must run first; required for a new stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<String>>,
    /// Years in which the stage runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<StageYears>,
    /// Models, as dbt selections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<ListChange>,
    /// Rule names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<ListChange>,
    /// Whether independent models may be built at the same time and in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_safe: Option<bool>,
    /// Whether the stage ends with a checkpoint from which a run can resume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<bool>,
}

/// Years in which a stage runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageYears {
    /// Every year.
    #[default]
    Every,
    /// Only the start year.
    First,
    /// Only the last year.
    Last,
}

impl StageYears {
    /// Returns whether a stage runs in `year` of a run from `start` to `end`.
    #[must_use]
    pub fn includes(self, year: i32, start: i32, end: i32) -> bool {
        match self {
            Self::Every => true,
            Self::First => year == start,
            Self::Last => year == end,
        }
    }
}

/// A change to a list: `replace` is applied first, then `drop`, then `add`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = never_null)]
pub struct ListChange {
    /// New list, before `drop` and `add`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Vec<String>>,
    /// Entries to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Entries to append.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
}
