//! Run events: the closed set of events that the journal stores and every display renders.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checkpoint::CheckpointKey;
use crate::durations::{microseconds, milliseconds};
use crate::retry_strategy::RetryStrategy;
use crate::severity::Severity;

/// Something that happened in a run. (A *simulation* event, such as a hire, is a row in `fct_yearly_events`.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunEvent {
    /// Position in the run's journal, from 1, without gaps.
    pub sequence: u64,
    /// Run ID.
    pub run_id: String,
    /// Wall-clock time.
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// Milliseconds since this process began executing the plan.
    #[serde(rename = "since_start_ms", with = "milliseconds")]
    #[schemars(with = "u64")]
    pub since_start: Duration,
    /// What happened.
    #[serde(flatten)]
    pub kind: RunEventKind,
}

/// Kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEventKind {
    /// A run started.
    RunStarted {
        /// First year.
        start_year: i32,
        /// Last year.
        end_year: i32,
        /// Stages to execute in all years.
        stages: usize,
        /// Random seed.
        seed: u64,
        /// User, process, and host that run it; empty in journals of older versions.
        #[serde(default)]
        by: String,
    },
    /// A run resumed.
    RunResumed {
        /// Last committed stage; `None` if nothing had been committed.
        after: Option<CheckpointKey>,
        /// First year of the run.
        start_year: i32,
        /// Last year of the run.
        end_year: i32,
        /// Stages left to execute.
        stages: usize,
        /// User, process, and host that run it; empty in journals of older versions.
        #[serde(default)]
        by: String,
    },
    /// The mirror has a later checkpoint than the database: commits were lost, for example with a truncated log. The lost
    /// stages run again.
    CommitsLost {
        /// Last checkpoint in the mirror.
        last: CheckpointKey,
        /// Last checkpoint in the database.
        after: Option<CheckpointKey>,
    },
    /// The run was restored to a checkpoint.
    RunRestored {
        /// Restored checkpoint, now the last one.
        to: CheckpointKey,
        /// Number of checkpoints removed.
        removed: usize,
        /// Sequence number of the last one removed; numbers are never reused.
        last_sequence: u64,
    },
    /// Registries that didn't match their checkpoints were rebuilt from the events.
    RegistriesRebuilt {
        /// What didn't match.
        cause: String,
    },
    /// Changes to the run's inputs were accepted on request.
    ChangesAccepted {
        /// First year that uses the changes.
        from_year: i32,
        /// List of changes.
        changes: Vec<String>,
    },
    /// The first stage of a year started.
    YearStarted {
        /// Simulated year.
        year: i32,
    },
    /// A stage started.
    StageStarted {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Attempt number, from 1.
        attempt: u32,
    },
    /// The build of a model or seed started.
    ModelStarted {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Model or seed.
        model: String,
    },
    /// A model or seed was built.
    ModelFinished {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Model or seed.
        model: String,
        /// Rows written, if the engine counts them.
        rows: Option<u64>,
        /// Wall time in microseconds.
        #[serde(rename = "elapsed_us", with = "microseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
        /// Database time, in microseconds.
        #[serde(rename = "database_us", with = "microseconds")]
        #[schemars(with = "u64")]
        database: Duration,
    },
    /// The database was copied, closed, and released to another process that builds the models of a stage.
    DatabaseReleased {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Size of the copy, in bytes.
        bytes: u64,
        /// Wall time of the copy, in microseconds.
        #[serde(rename = "elapsed_us", with = "microseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
    },
    /// The rows that another process wrote were counted.
    RowsCounted {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Rows by model or seed; for a table with several years, those of the year.
        models: BTreeMap<String, u64>,
    },
    /// A registry processed the year's events.
    RegistryUpdated {
        /// Simulated year.
        year: i32,
        /// Registry.
        registry: String,
        /// Number of people in the registry.
        rows: u64,
    },
    /// A validation rule was checked, or a data test of the dbt project, as `dbt test NAME`.
    RuleChecked {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Rule.
        rule: String,
        /// Number of findings.
        findings: usize,
        /// Wall time in microseconds; 0 in journals of older versions.
        #[serde(default, rename = "elapsed_us", with = "microseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
    },
    /// A validation rule reported a finding.
    FindingReported {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Rule.
        rule: String,
        /// `info`, `warning`, `error`, or `fatal`.
        #[schemars(with = "String")]
        severity: Severity,
        /// Description with counts; never names people.
        message: String,
        /// Affected rows.
        count: u64,
    },
    /// A stage failed and will be retried.
    StageRetried {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Number of the failed attempt.
        attempt: u32,
        /// Why the attempt failed.
        cause: String,
        /// What the retry does differently.
        #[schemars(with = "String")]
        strategy: RetryStrategy,
    },
    /// A stage was rolled back.
    StageRolledBack {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
    },
    /// A stage failed and won't be retried.
    StageFailed {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Why it failed, without data.
        cause: String,
    },
    /// A stage's rows and checkpoint are on disk.
    CheckpointSaved {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
    },
    /// A report file was written.
    ReportWritten {
        /// Simulated year; `None` for the multi-year summary.
        year: Option<i32>,
        /// Path of the file, relative to the directory as the user gave it.
        path: String,
    },
    /// A stage finished.
    StageFinished {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Wall time.
        #[serde(rename = "elapsed_ms", with = "milliseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
    },
    /// All stages of a year finished.
    YearFinished {
        /// Simulated year.
        year: i32,
        /// Wall time of the stages executed in this session.
        #[serde(rename = "elapsed_ms", with = "milliseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
        /// Time spent on anything other than models.
        #[serde(flatten)]
        spent: TimeSpent,
    },
    /// The run finished.
    RunFinished {
        /// Wall time.
        #[serde(rename = "elapsed_ms", with = "milliseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
        /// Number of error findings.
        errors: u64,
        /// Number of warning findings.
        warnings: u64,
    },
    /// The run failed.
    RunFailed {
        /// Why it failed, without data.
        cause: String,
    },
    /// The run stopped on request.
    RunInterrupted {
        /// Last committed stage.
        after: Option<CheckpointKey>,
    },
    /// An event of a newer version.
    #[serde(other)]
    Unknown,
}

/// Time not spent on models, in microseconds; 0 in journals of older versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeSpent {
    /// Registry updates.
    #[serde(rename = "registries_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub registries: Duration,
    /// Validation rules.
    #[serde(rename = "rules_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub rules: Duration,
    /// Reports.
    #[serde(rename = "reports_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub reports: Duration,
    /// Checkpoints: table state, checkpoint rows, and the journal.
    #[serde(rename = "checkpoints_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub checkpoints: Duration,
    /// Commits.
    #[serde(rename = "commits_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub commits: Duration,
}

#[cfg(test)]
mod tests;
