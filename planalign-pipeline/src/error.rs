//! Why a run could not start, resume, or finish.

use std::fmt;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, counted, full_message, listed};
use planalign_dbt::RunnerError;
use planalign_registries::{
    CheckpointKey, Difference, FingerprintKind, RegistryError, RetryStrategy, RunStatus, StoreError,
};
use planalign_reporting::ReportError;
use planalign_validation::{Finding, RuleError};

use crate::workflow::WorkflowValidationError;

/// Why a run could not start, resume, or finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The workflow makes no sense; nothing was run.
    #[error(transparent)]
    WorkflowValidation(#[from] WorkflowValidationError),
    /// A stage failed and was rolled back.
    #[error(transparent)]
    Stage(#[from] PipelineStageError),
    /// A rule found that the run cannot mean anything; the stage was rolled back.
    #[error("{}", listed(&format!("the run cannot continue after {stage} ({year}); the stage was rolled back"), findings))]
    Refused {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// What its rules found.
        findings: Vec<Finding>,
    },
    /// Rules found errors and the run was told to stop at them; the stage was kept as evidence.
    #[error("{}", listed(&format!("{stage} ({year}) failed validation"), findings))]
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
    #[error("{}", listed(&format!("{} changed since this run started", counted(differences.len(), "input")), differences))]
    Changed {
        /// What has changed.
        differences: Vec<Difference>,
        /// The first year that they affect; `None`: nothing but versions has changed.
        from_year: Option<i32>,
        /// First year of the run.
        start_year: i32,
    },
    /// The years before the one from which to rerun are not all there.
    #[error("cannot restart from {from_year}: the run starts in {start_year} and is committed through {committed}")]
    NoSuchYear {
        /// First year to rerun.
        from_year: i32,
        /// First year of the run.
        start_year: i32,
        /// Last year of which something is committed.
        committed: i32,
    },
    /// A year that is to be kept was computed with what has changed since.
    #[error("{}", listed(&format!("cannot restart from {from_year}: changes affect {affected} and later"), differences))]
    ChangesBefore {
        /// First year to rerun.
        from_year: i32,
        /// First year that the changes affect.
        affected: i32,
        /// First year of the run.
        start_year: i32,
        /// What has changed.
        differences: Vec<Difference>,
    },
    /// The database holds a run, and nobody said what to do with it.
    #[error("the database already has run {run_id} ({start_year}-{end_year}), {}", committed(after.as_ref()))]
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
    #[error("no run to resume in the database")]
    NothingToResume,
    /// The settings are those of a simulation that begins in another year.
    #[error("the simulation is configured to start in {prepared}, not in {asked}")]
    OtherStart {
        /// First year of the settings.
        prepared: i32,
        /// First year asked for.
        asked: i32,
    },
    /// The last year is before the first.
    #[error("the last year ({end}) is before the first ({start})")]
    NoYears {
        /// First year asked for.
        start: i32,
        /// Last year asked for.
        end: i32,
    },
    /// A resumed run cannot cover other years than from its start.
    #[error("{}", other_years(*recorded, *asked, *committed))]
    OtherYears {
        /// First year of the run.
        recorded: i32,
        /// First year asked for.
        asked: i32,
        /// Last year of which something is committed.
        committed: i32,
    },
    /// The run was asked to stop.
    #[error("interrupted, {}", committed(after.as_ref()))]
    Interrupted {
        /// The last committed stage.
        after: Option<CheckpointKey>,
    },
    /// The run's own record cannot be read or written.
    #[error(transparent)]
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
    #[error(transparent)]
    Unit(#[from] DatabaseError),
}

/// A stage failed and was rolled back.
#[derive(Debug)]
pub struct PipelineStageError {
    /// Simulated year.
    pub year: i32,
    /// Stage.
    pub stage: String,
    /// What was tried after the first failure, in order.
    pub tried: Vec<RetryStrategy>,
    /// What went wrong.
    pub cause: Box<StageFailure>,
    /// The last committed stage, after which the run can be resumed.
    pub resume_after: Option<CheckpointKey>,
}

impl fmt::Display for PipelineStageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, stage, tried, cause, .. } = self;
        match cause.model().and_then(RunnerError::node) {
            Some((model, file)) => write!(f, "model `{model}` ({file}) failed in {stage} ({year})")?,
            None => write!(f, "{stage} ({year}) failed")?,
        }
        if tried.is_empty() { Ok(()) } else { write!(f, " after {} attempts", tried.len() + 1) }
    }
}

impl std::error::Error for PipelineStageError {
    /// What the message does not say yet.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.cause.as_ref() {
            StageFailure::Model(RunnerError::Database { cause, .. }) => Some(cause.as_ref()),
            cause => Some(cause),
        }
    }
}

impl Diagnostic for PipelineStageError {
    fn details(&self) -> Vec<String> {
        let mut details = self.cause.details();
        if !self.tried.is_empty() {
            let tried: Vec<String> = self.tried.iter().map(ToString::to_string).collect();
            details.push(format!("tried {}", tried.join(", then ")));
        }
        details.push(match &self.resume_after {
            Some(after) => format!("rolled back to {after}; nothing committed was lost"),
            None => format!("rolled back; {NOTHING_COMMITTED}"),
        });
        details
    }

    fn hints(&self) -> Vec<Hint> {
        self.cause.hints()
    }
}

/// A table is not what a checkpoint vouches for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checkpoint {checkpoint} is damaged: {cause}")]
pub struct CheckpointCorruptionError {
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// Which table, and how.
    pub cause: String,
    /// The last checkpoint before it; all up to there match.
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
    /// The last checkpoint before it; all up to there match.
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
    /// The commit was acknowledged, but its checkpoint is missing.
    #[error("the checkpoint is missing after its commit")]
    CommitLost,
}

impl StageFailure {
    /// What went wrong with its causes and, for a model, the lines of its statement around the place; for the journal.
    pub(crate) fn full_message(&self) -> String {
        std::iter::once(full_message(self)).chain(self.details()).collect::<Vec<_>>().join("\n")
    }

    fn model(&self) -> Option<&RunnerError> {
        match self {
            Self::Model(error) => Some(error),
            _ => None,
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

impl Diagnostic for StageFailure {
    fn details(&self) -> Vec<String> {
        self.model().map(Diagnostic::details).unwrap_or_default()
    }

    fn hints(&self) -> Vec<Hint> {
        let hints = match self {
            Self::Model(e) => e.hints(),
            Self::Registry(e) => e.hints(),
            Self::Rule(e) => e.hints(),
            Self::Report(e) => e.hints(),
            Self::Store(e) => e.hints(),
            Self::Unit(e) => e.hints(),
            Self::CommitLost => self.fault().hints(),
        };
        if hints.is_empty() { vec![Hint::run("after fixing the cause, run {}", [Action::Retry])] } else { hints }
    }
}

impl PipelineError {
    /// The same for all of it.
    pub(crate) fn full_message(&self) -> String {
        match self {
            Self::Stage(error) => format!("{} ({}) failed: {}", error.stage, error.year, error.cause.full_message()),
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

impl Diagnostic for PipelineError {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Stage(e) => e.details(),
            Self::Model(e) => e.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let one = |text: &str, action: Action| vec![Hint::run(text, [action])];
        match self {
            Self::Stage(e) => e.hints(),
            Self::Registry(e) => e.hints(),
            Self::Model(e) => e.hints(),
            Self::Report(e) => e.hints(),
            Self::Store(e) => e.hints(),
            Self::Unit(e) => e.hints(),
            Self::Refused { findings, .. } => first_advice(findings),
            Self::FailedValidation { .. } => vec![
                Hint::run("the stage was kept for inspection; to rerun its rules, run {}", [Action::Resume]),
                Hint::text("to continue past error findings, omit --fail-on-validation-error"),
            ],
            Self::CheckpointCorruption(e) => damage_hints(e.last_valid.as_ref()),
            Self::StateInconsistency(e) => damage_hints(e.last_valid.as_ref()),
            Self::NoCheckpoint { .. } => one("to list the checkpoints, run {}", Action::ListCheckpoints),
            Self::Changed { from_year: None, .. } => vec![
                Hint::text("use the version of PlanAlign that started the run"),
                Hint::run("to resume with this version, run {}", [Action::AcceptVersion]),
            ],
            Self::Changed { from_year: Some(from_year), start_year, differences } => {
                changed_hints(*from_year, *start_year, differences)
            }
            Self::ChangesBefore { affected, start_year, .. } => vec![apply_changes(*affected, *start_year)],
            // Nothing of it is lost, whatever has changed since.
            Self::DataPresent { after: None, .. } => one("to start over, run {}", Action::Restart),
            Self::DataPresent { .. } => vec![
                Hint::run("to resume it, run {}", [Action::Resume]),
                Hint::run("to discard it and start over, run {}", [Action::Restart]),
                Hint::text("to keep it, choose another file with --database"),
            ],
            Self::NothingToResume => vec![Hint::text("to start a run, omit --resume and --restart-from")],
            Self::NoSuchYear { .. } => vec![
                Hint::run("to see how far the run is, run {}", [Action::Status]),
                Hint::run("to start over, run {}", [Action::Restart]),
            ],
            Self::OtherYears { recorded, asked, committed } => {
                let years = if asked == recorded {
                    format!("choose {committed} or a later year as the last")
                } else {
                    format!("choose years that start with {recorded}")
                };
                vec![Hint::text(years), Hint::run("to start over, run {}", [Action::Restart])]
            }
            Self::Interrupted { .. } => one("to resume, run {}", Action::Resume),
            Self::WorkflowValidation(_) | Self::OtherStart { .. } | Self::NoYears { .. } => Vec::new(),
        }
    }
}

/// What is said where there is no checkpoint.
pub const NOTHING_COMMITTED: &str = "nothing is committed yet";

fn committed(after: Option<&CheckpointKey>) -> String {
    after.map_or_else(|| NOTHING_COMMITTED.to_owned(), |after| format!("committed through {after}"))
}

fn changed_hints(from_year: i32, start_year: i32, differences: &[Difference]) -> Vec<Hint> {
    let mut hints = vec![
        apply_changes(from_year, start_year),
        Hint::run("to ignore the changes, run {}", [Action::ResumeAsRecorded]),
    ];
    if differences.iter().any(|difference| difference.kind == FingerprintKind::Config) {
        hints.push(Hint::text("to run another scenario, choose another file with --database"));
    }
    hints
}

/// How to take changes that affect this year and later.
fn apply_changes(from_year: i32, start_year: i32) -> Hint {
    let kept = match from_year - 1 {
        last if last < start_year => {
            return Hint::run("to apply the changes, start over: {}", [Action::Restart]);
        }
        last if last == start_year => last.to_string(),
        last => format!("{start_year}-{last}"),
    };
    let text = format!("to keep {kept} and apply the changes from {from_year}, run {{}}");
    Hint::run(text, [Action::RestartFrom(from_year)])
}

fn damage_hints(last_valid: Option<&CheckpointKey>) -> Vec<Hint> {
    let way_back = match last_valid {
        Some(point) => Hint::run(
            format!("everything up to {point} is intact; run {{}}, then {{}}"),
            [Action::RestoreCheckpoint(point.to_string()), Action::Resume],
        ),
        None => {
            Hint::run("no checkpoint is intact: restore the file from a backup, or start over: {}", [Action::Restart])
        }
    };
    vec![way_back, Hint::text("check whether another program wrote to the file, or whether the disk is failing")]
}

fn first_advice(findings: &[Finding]) -> Vec<Hint> {
    findings.first().map(|finding| Hint::text(finding.advice.clone())).into_iter().collect()
}

fn other_years(recorded: i32, asked: i32, committed: i32) -> String {
    if asked == recorded {
        format!("the run is committed through {committed} and cannot end earlier")
    } else {
        format!("the run starts in {recorded} and cannot be resumed from {asked}")
    }
}
