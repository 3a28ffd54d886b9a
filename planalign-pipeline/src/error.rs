//! Why a run ended before its end.

use planalign_config::{DatabaseError, Fault, counted, full_message};
use planalign_dbt::RunnerError;
use planalign_registries::{CheckpointKey, Difference, RegistryError, RunStatus, StoreError};
use planalign_reporting::ReportError;
use planalign_validation::{Finding, RuleError};

use crate::workflow::WorkflowValidationError;

/// Why a run could not begin, go on or be taken up again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The workflow makes no sense; nothing was run.
    #[error(transparent)]
    WorkflowValidation(#[from] WorkflowValidationError),
    /// A stage failed and was undone.
    #[error(transparent)]
    Stage(#[from] PipelineStageError),
    /// A rule found that the run cannot mean anything; the stage was undone.
    #[error("stage {stage} of {year} stopped the run: {}", messages(findings))]
    Refused {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// What its rules found.
        findings: Vec<Finding>,
    },
    /// Rules found errors and the run was told to stop at them; the stage was kept as evidence.
    #[error("stage {stage} of {year} did not pass validation: {}", messages(findings))]
    FailedValidation {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// What its rules found.
        findings: Vec<Finding>,
    },
    /// A table is not what a checkpoint vouches for.
    #[error(transparent)]
    CheckpointCorruption(#[from] CheckpointCorruptionError),
    /// A registry is not what a checkpoint vouches for.
    #[error(transparent)]
    StateInconsistency(#[from] StateInconsistencyError),
    /// There is no such checkpoint.
    #[error("the run has no checkpoint {wanted}")]
    NoCheckpoint {
        /// What was asked for.
        wanted: CheckpointKey,
    },
    /// What the run depends on is no longer what it was.
    #[error("the run cannot be resumed, {} since it began", counted(differences.len(), "change"))]
    Changed {
        /// What has changed.
        differences: Vec<Difference>,
        /// The first year that they concern; `None`: nothing but versions has changed.
        from_year: Option<i32>,
        /// First year of the run.
        start_year: i32,
    },
    /// The years before the one from which a run was to be computed anew are not all there.
    #[error(
        "the run began in {start_year} and is committed up to {committed}; it cannot be computed anew from {from_year}"
    )]
    NoSuchYear {
        /// First year that was to be computed anew.
        from_year: i32,
        /// First year of the run.
        start_year: i32,
        /// Last year of which something is committed.
        committed: i32,
    },
    /// A year that is to be kept was computed with what has changed since.
    #[error("{from_year} and later cannot be computed anew alone: what has changed concerns years from {affected} on")]
    ChangesBefore {
        /// First year that was to be computed anew.
        from_year: i32,
        /// First year that the changes concern.
        affected: i32,
        /// First year of the run.
        start_year: i32,
        /// What has changed.
        differences: Vec<Difference>,
    },
    /// The database holds a run, and nobody said what to do with it.
    #[error("the database holds run {run_id} of {start_year}-{end_year}")]
    DataPresent {
        /// The run.
        run_id: String,
        /// Its first year.
        start_year: i32,
        /// Its last year.
        end_year: i32,
        /// How it stands.
        status: RunStatus,
        /// Its last committed stage.
        after: Option<CheckpointKey>,
    },
    /// There is no run to resume.
    #[error("the database holds no run to resume")]
    NothingToResume,
    /// The settings are those of a simulation that begins in another year.
    #[error("the simulation was prepared to begin in {prepared}, not in {asked}")]
    OtherStart {
        /// First year of the settings.
        prepared: i32,
        /// First year asked for.
        asked: i32,
    },
    /// The last year is before the first.
    #[error("there are no years from {start} to {end}")]
    NoYears {
        /// First year asked for.
        start: i32,
        /// Last year asked for.
        end: i32,
    },
    /// A resumed run cannot cover other years than from its start.
    #[error("the run {}", other_years(*recorded, *asked, *committed))]
    OtherYears {
        /// First year of the run.
        recorded: i32,
        /// First year asked for.
        asked: i32,
        /// Last year of which something is committed.
        committed: i32,
    },
    /// The run was asked to stop.
    #[error("interrupted; committed up to {}", after.as_ref().map_or("nothing".to_owned(), ToString::to_string))]
    Interrupted {
        /// The last committed stage.
        after: Option<CheckpointKey>,
    },
    /// The run's own record cannot be read or written.
    #[error("the record of the run: {0}")]
    Store(#[from] StoreError),
    /// A registry cannot be read or restored.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What has changed cannot be built.
    #[error(transparent)]
    Model(#[from] RunnerError),
    /// A report cannot be rewritten.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A transaction outside the stages failed.
    #[error("the database's transaction failed: {0}")]
    Unit(#[from] DatabaseError),
}

/// A stage failed and was undone.
#[derive(Debug, thiserror::Error)]
#[error("stage {stage} of {year} failed")]
pub struct PipelineStageError {
    /// Simulated year.
    pub year: i32,
    /// Stage.
    pub stage: String,
    /// What was tried after the first failure, in order, for example `again after 100 ms`.
    pub tried: Vec<String>,
    /// What went wrong.
    #[source]
    pub cause: Box<StageFailure>,
    /// The last committed stage, where the run can be taken up.
    pub resume_after: Option<CheckpointKey>,
}

/// A table is not what a checkpoint vouches for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checkpoint {checkpoint} does not verify: {cause}")]
pub struct CheckpointCorruptionError {
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// Which table, and how.
    pub cause: String,
    /// The last checkpoint before it; all up to there verify.
    pub last_valid: Option<CheckpointKey>,
}

/// A registry is not what a checkpoint vouches for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {registry} registry does not match checkpoint {checkpoint}: {what}")]
pub struct StateInconsistencyError {
    /// Registry.
    pub registry: String,
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// What differs.
    pub what: String,
    /// The last checkpoint before it; all up to there verify.
    pub last_valid: Option<CheckpointKey>,
}

/// What went wrong within a stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageFailure {
    /// A model.
    #[error(transparent)]
    Model(#[from] RunnerError),
    /// A registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A rule that cannot run.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A report.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The checkpoint or the journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The transaction.
    #[error(transparent)]
    Unit(#[from] DatabaseError),
    /// The commit was acknowledged and its checkpoint is not there.
    #[error("the checkpoint is not there after its commit")]
    CommitLost,
}

impl StageFailure {
    /// What went wrong with its causes and, for a model, the lines of its statement around the place; for the journal.
    pub(crate) fn full_message(&self) -> String {
        match self {
            Self::Model(error) => {
                let excerpt = error.excerpt().map(|excerpt| format!("\n{excerpt}"));
                full_message(error) + &excerpt.unwrap_or_default()
            }
            other => full_message(other),
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Model(e) => e.fault(),
            Self::Registry(e) => e.fault(),
            Self::Rule(e) => e.fault(),
            Self::Report(e) => e.fault(),
            Self::Store(e) => e.fault(),
            Self::Unit(e) => e.fault(),
            Self::CommitLost => Fault::Corrupt,
        }
    }
}

impl PipelineError {
    /// The same for all of it.
    pub(crate) fn full_message(&self) -> String {
        match self {
            Self::Stage(error) => format!("{error}: {}", error.cause.full_message()),
            other => full_message(other),
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Stage(error) => error.cause.fault(),
            Self::CheckpointCorruption(_) | Self::StateInconsistency(_) => Fault::Corrupt,
            Self::Changed { from_year: None, .. } => Fault::WrongVersion,
            Self::Store(e) => e.fault(),
            Self::Registry(e) => e.fault(),
            Self::Model(e) => e.fault(),
            Self::Report(e) => e.fault(),
            Self::Unit(e) => e.fault(),
            _ => Fault::Deterministic,
        }
    }
}

fn other_years(recorded: i32, asked: i32, committed: i32) -> String {
    if asked == recorded {
        format!("is committed up to {committed}; it cannot end before")
    } else {
        format!("began in {recorded}; it cannot be resumed from {asked}")
    }
}

fn messages(findings: &[Finding]) -> String {
    findings.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("; ")
}
