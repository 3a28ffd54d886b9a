//! What a run tells about itself: one closed set of events that the journal keeps and every display renders.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checkpoint::CheckpointKey;
use crate::durations::{microseconds, milliseconds};
use crate::retry_strategy::RetryStrategy;
use crate::severity::Severity;

/// Something that happened in a run. (A *simulation* event, such as a hire, is a row of `fct_yearly_events`.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunEvent {
    /// Place in the run's journal, from 1, without gaps.
    pub sequence: u64,
    /// Run that it belongs to.
    pub run_id: String,
    /// Wall-clock time.
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// Milliseconds since this process began to execute the plan.
    #[serde(rename = "since_start_ms", with = "milliseconds")]
    #[schemars(with = "u64")]
    pub since_start: Duration,
    /// What happened.
    #[serde(flatten)]
    pub kind: RunEventKind,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEventKind {
    /// A run began.
    RunStarted {
        /// First year.
        start_year: i32,
        /// Last year.
        end_year: i32,
        /// Stages to execute, over all years.
        stages: usize,
        /// Random seed.
        seed: u64,
        /// Who: a user, a process and its machine; empty in journals of older programs.
        #[serde(default)]
        by: String,
    },
    /// A run was taken up again.
    RunResumed {
        /// Last committed stage; `None` if nothing had been committed.
        after: Option<CheckpointKey>,
        /// First year of the run.
        start_year: i32,
        /// Last year of the run.
        end_year: i32,
        /// Stages still to execute.
        stages: usize,
        /// Who: a user, a process and its machine; empty in journals of older programs.
        #[serde(default)]
        by: String,
    },
    /// The mirror beside the database names a later checkpoint than the file holds: what was committed in between was lost,
    /// as after a cut log. It is computed again.
    CommitsLost {
        /// Last checkpoint that the mirror names.
        last: CheckpointKey,
        /// Last checkpoint that the file holds.
        after: Option<CheckpointKey>,
    },
    /// The run was returned to an earlier point.
    RunRestored {
        /// The checkpoint that is now the last.
        to: CheckpointKey,
        /// Checkpoints that were removed.
        removed: usize,
        /// Number of the last of them; numbers are never given twice.
        last_sequence: u64,
    },
    /// Registries that were not what the checkpoints vouch for were rebuilt from the events.
    RegistriesRebuilt {
        /// What was wrong.
        cause: String,
    },
    /// What the run depends on was changed on request.
    ChangesAccepted {
        /// First year that was computed with the changes, or will be.
        from_year: i32,
        /// What has changed.
        changes: Vec<String>,
    },
    /// The first stage of a year begins.
    YearStarted {
        /// Simulated year.
        year: i32,
    },
    /// A stage begins.
    StageStarted {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// 1 for the first try.
        attempt: u32,
    },
    /// A model or seed is being built.
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
        /// Rows written, where the engine counts them.
        rows: Option<u64>,
        /// Wall time in microseconds.
        #[serde(rename = "elapsed_us", with = "microseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
        /// Part of it that the database worked, in microseconds.
        #[serde(rename = "database_us", with = "microseconds")]
        #[schemars(with = "u64")]
        database: Duration,
    },
    /// A registry followed the events of the year.
    RegistryUpdated {
        /// Simulated year.
        year: i32,
        /// Registry.
        registry: String,
        /// People in it.
        rows: u64,
    },
    /// A rule was checked.
    RuleChecked {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Rule.
        rule: String,
        /// Findings that it made.
        findings: usize,
        /// Wall time in microseconds; 0 in journals of older programs.
        #[serde(default, rename = "elapsed_us", with = "microseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
    },
    /// A rule found something.
    FindingReported {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Rule.
        rule: String,
        /// `info`, `warning`, `error` or `fatal`.
        #[schemars(with = "String")]
        severity: Severity,
        /// What was found: counts, no persons.
        message: String,
        /// Rows concerned.
        count: u64,
    },
    /// A stage failed and is tried again.
    StageRetried {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// The try that failed.
        attempt: u32,
        /// Why it failed.
        cause: String,
        /// What is done differently.
        #[schemars(with = "String")]
        strategy: RetryStrategy,
    },
    /// What a stage had done since its begin was undone.
    StageRolledBack {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
    },
    /// A stage failed for good.
    StageFailed {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Why, without data.
        cause: String,
    },
    /// A stage's rows and its checkpoint are on disk.
    CheckpointSaved {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
    },
    /// A report file is complete.
    ReportWritten {
        /// Simulated year; `None` for the multi-year summary.
        year: Option<i32>,
        /// File, as the user named its directory.
        path: String,
    },
    /// A stage ended well.
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
    /// All stages of a year ended well.
    YearFinished {
        /// Simulated year.
        year: i32,
        /// Wall time of the stages executed now.
        #[serde(rename = "elapsed_ms", with = "milliseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
        /// What of it went into other work than models.
        #[serde(flatten)]
        spent: TimeSpent,
    },
    /// The run is complete.
    RunFinished {
        /// Wall time.
        #[serde(rename = "elapsed_ms", with = "milliseconds")]
        #[schemars(with = "u64")]
        elapsed: Duration,
        /// Findings of severity error.
        errors: u64,
        /// Findings of severity warning.
        warnings: u64,
    },
    /// The run ended at a failure.
    RunFailed {
        /// Why, without data.
        cause: String,
    },
    /// The run was asked to stop, and did.
    RunInterrupted {
        /// Last committed stage.
        after: Option<CheckpointKey>,
    },
    /// Something that only a newer program knows.
    #[serde(other)]
    Unknown,
}

/// Time beside that of models, in microseconds. Journals of older programs do not tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeSpent {
    /// Registries following the events.
    #[serde(rename = "registries_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub registries: Duration,
    /// Rules.
    #[serde(rename = "rules_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub rules: Duration,
    /// Reports.
    #[serde(rename = "reports_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub reports: Duration,
    /// Checkpoints: the state that they vouch for, their rows, and the journal.
    #[serde(rename = "checkpoints_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub checkpoints: Duration,
    /// Commits, of all that the stages wrote.
    #[serde(rename = "commits_us", with = "microseconds")]
    #[schemars(with = "u64")]
    pub commits: Duration,
}

#[cfg(test)]
mod tests;
