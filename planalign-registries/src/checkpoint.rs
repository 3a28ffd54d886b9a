//! Checkpoints of a run: what was committed, and how to verify that it is intact.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::durations::milliseconds;
use crate::registry::RegistrySnapshot;
use crate::run_event::{RunEvent, RunEventKind};

/// Identifies a checkpoint: the end of a stage of a year.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointKey {
    /// Simulated year.
    pub year: i32,
    /// Stage, such as `STATE_ACCUMULATION`.
    pub stage: String,
}

impl fmt::Display for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.year, self.stage)
    }
}

/// A committed stage that a run can return to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowCheckpoint {
    /// Run that saved it.
    pub run_id: String,
    /// Sequence number among the run's checkpoints, from 1.
    pub sequence: u64,
    /// Year and stage.
    pub key: CheckpointKey,
    /// Wall-clock time.
    pub saved_at: Timestamp,
    /// How the stage ended.
    pub status: CheckpointStatus,
    /// Wall time of the stage, for estimating the remaining time.
    #[serde(rename = "elapsed_ms", with = "milliseconds")]
    pub elapsed: Duration,
    /// What the stage wrote for its year.
    pub state: Vec<RelationState>,
    /// State of the registries.
    pub registries: Vec<RegistrySnapshot>,
    /// Hash of the run's fingerprints.
    pub fingerprint: String,
    /// What built the models, with versions by name: `runner`, and for a dbt executable `dbt`, `adapter`, and `engine`. For
    /// information only; empty in records of earlier versions.
    #[serde(default)]
    pub built_by: BTreeMap<String, String>,
}

/// Returns the highest sequence number of a run's checkpoints, including removed ones; 0 if there are none.
#[must_use]
pub fn highest_sequence(checkpoints: &[WorkflowCheckpoint], events: &[RunEvent]) -> u64 {
    let removed = events.iter().filter_map(|event| match event.kind {
        RunEventKind::RunRestored { last_sequence, .. } => Some(last_sequence),
        _ => None,
    });
    checkpoints.iter().map(|checkpoint| checkpoint.sequence).chain(removed).max().unwrap_or(0)
}

/// How the stage of a checkpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointStatus {
    /// The stage succeeded.
    Complete,
    /// Its rules reported errors and the run stops at errors; resuming starts with the rules.
    FailedValidation,
}

/// The content of a relation for a year, in a form that can be recomputed and compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationState {
    /// `schema.name`.
    pub relation: String,
    /// Year of the recorded rows; `None` for relations without a year.
    pub year: Option<i32>,
    /// Number of rows.
    pub rows: u64,
    /// `sum(hash(columns))`, valid for one version of the engine.
    pub hash: String,
    /// Version of the engine that computed the hash.
    pub engine: String,
    /// Exact sums of integer and decimal columns, valid in any version: `column=sum`, sorted.
    pub sums: Vec<String>,
}

impl RelationState {
    /// Describes how the current content differs; `None` if it doesn't. Hashes of different engine versions aren't compared.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        if now.rows != self.rows {
            return Some(format!("{} rows instead of {}", now.rows, self.rows));
        }
        if now.sums != self.sums {
            return Some("the sums of its columns differ".to_owned());
        }
        (now.engine == self.engine && now.hash != self.hash).then(|| "its rows differ".to_owned())
    }
}
