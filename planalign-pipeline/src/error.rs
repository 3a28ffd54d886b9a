//! Why a run could not start, resume, or finish.

use std::fmt;

use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, counted, full_message, listed};
use planalign_dbt::RunnerError;
use planalign_registries::{
    CheckpointKey, Difference, FingerprintKind, RegistryError, RetryStrategy, RunStatus, StoreError,
};
use planalign_reporting::ReportError;
use planalign_validation::{Finding, RuleError};

use crate::damage::{RegistryDamage, TableDamage};
use crate::workflow::WorkflowValidationError;

/// Why a run could not start, resume, or finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The workflow is invalid; nothing was run.
    #[error(transparent)]
    WorkflowValidation(#[from] WorkflowValidationError),
    /// A stage failed and was rolled back.
    #[error(transparent)]
    Stage(#[from] PipelineStageError),
    /// Fatal findings; the stage was rolled back.
    #[error("{}", listed(&format!("the run cannot continue after {stage} ({year}); the stage was rolled back"), findings))]
    FatalFindings {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Its findings.
        findings: Vec<Finding>,
    },
    /// Error findings, in a run that stops at them; the stage was kept for inspection.
    #[error("{}", listed(&format!("{stage} ({year}) failed validation"), findings))]
    FailedValidation {
        /// Simulated year.
        year: i32,
        /// Stage.
        stage: String,
        /// Its findings.
        findings: Vec<Finding>,
    },
    /// A table doesn't match a checkpoint.
    #[error(transparent)]
    CheckpointCorruption(#[from] CheckpointCorruptionError),
    /// A registry doesn't match a checkpoint.
    #[error(transparent)]
    StateInconsistency(#[from] StateInconsistencyError),
    /// The checkpoint does not exist.
    #[error("the run has no checkpoint {wanted}")]
    NoCheckpoint {
        /// The requested checkpoint.
        wanted: CheckpointKey,
    },
    /// Inputs of the run have changed.
    #[error("{}", listed(&format!("{} changed since this run started", counted(differences.len(), "input")), differences))]
    Changed {
        /// The changes.
        differences: Vec<Difference>,
        /// The first year that they affect; `None` if only versions changed.
        from_year: Option<i32>,
        /// First year of the run.
        start_year: i32,
    },
    /// Not all years before the first one to rerun are committed.
    #[error("cannot restart from {from_year}: the run starts in {start_year} and is committed through {committed}")]
    NoSuchYear {
        /// First year to rerun.
        from_year: i32,
        /// First year of the run.
        start_year: i32,
        /// Last year with committed stages.
        committed: i32,
    },
    /// The changes affect a year that would be kept.
    #[error("{}", listed(&format!("cannot restart from {from_year}: changes affect {affected} and later"), differences))]
    ChangesBefore {
        /// First year to rerun.
        from_year: i32,
        /// First year that the changes affect.
        affected: i32,
        /// First year of the run.
        start_year: i32,
        /// The changes.
        differences: Vec<Difference>,
    },
    /// The database already has a run, and the caller chose neither to resume nor to replace it.
    #[error("the database already has run {run_id} ({start_year}-{end_year}), {}", committed(after.as_ref()))]
    RunExists {
        /// The run.
        run_id: String,
        /// Its first year.
        start_year: i32,
        /// Its last year.
        end_year: i32,
        /// Its status.
        status: RunStatus,
        /// Its last committed stage.
        after: Option<CheckpointKey>,
    },
    /// The database has no run to resume.
    #[error("no run to resume in the database")]
    NothingToResume,
    /// The requested years don't start in the configured start year.
    #[error("the simulation is configured to start in {configured}, not in {requested}")]
    StartYearMismatch {
        /// Configured start year.
        configured: i32,
        /// Requested first year.
        requested: i32,
    },
    /// The last year is before the first.
    #[error("the last year ({end}) is before the first ({start})")]
    NoYears {
        /// Requested first year.
        start: i32,
        /// Requested last year.
        end: i32,
    },
    /// The requested years don't start with the run's first year, or end before its last committed one.
    #[error("{}", year_range_mismatch(*recorded, *requested, *committed))]
    YearRangeMismatch {
        /// First year of the run.
        recorded: i32,
        /// Requested first year.
        requested: i32,
        /// Last year with committed stages.
        committed: i32,
    },
    /// The run was interrupted.
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
    /// A changed model cannot be built.
    #[error(transparent)]
    Model(#[from] RunnerError),
    /// A report cannot be rewritten.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A transaction outside the stages failed.
    #[error(transparent)]
    Unit(#[from] DatabaseError),
}

/// A stage failed and was rolled back, or is once the database is opened again.
#[derive(Debug)]
pub struct PipelineStageError {
    /// Simulated year.
    pub year: i32,
    /// Stage.
    pub stage: String,
    /// Retry strategies tried, in order.
    pub tried: Vec<RetryStrategy>,
    /// What went wrong.
    pub cause: Box<StageFailure>,
    /// The last committed stage, from which the run can resume.
    pub resume_after: Option<CheckpointKey>,
    /// Why the stage could not be rolled back yet.
    pub not_rolled_back: Option<Box<DatabaseError>>,
}

impl fmt::Display for PipelineStageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, stage, tried, cause, .. } = self;
        match (cause.as_ref(), cause.runner().and_then(RunnerError::node)) {
            (StageFailure::Test(_), Some((test, file))) => {
                write!(f, "dbt test `{test}` ({file}) cannot run in {stage} ({year})")?;
            }
            (_, Some((model, file))) => write!(f, "model `{model}` ({file}) failed in {stage} ({year})")?,
            (_, None) => write!(f, "{stage} ({year}) failed")?,
        }
        if !tried.is_empty() {
            write!(f, " after {} attempts", tried.len() + 1)?;
        }
        match cause.as_ref() {
            StageFailure::Model(RunnerError::Compilation { message, .. })
            | StageFailure::Test(RunnerError::Compilation { message, .. }) => write!(f, ": {message}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for PipelineStageError {
    /// The cause, without what the message already includes.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.cause.runner() {
            Some(RunnerError::Database { cause, .. }) => Some(cause.as_ref()),
            Some(RunnerError::Compilation { .. }) => None,
            _ => Some(self.cause.as_ref()),
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
        let rolled_back = match &self.not_rolled_back {
            None => "rolled back".to_owned(),
            Some(cause) => {
                format!("not rolled back yet ({cause}); the next command that opens the database rolls it back")
            }
        };
        details.push(match &self.resume_after {
            Some(after) => format!("{rolled_back} to {after}; nothing committed was lost"),
            None => format!("{rolled_back}; {NOTHING_COMMITTED}"),
        });
        details
    }

    fn hints(&self) -> Vec<Hint> {
        self.cause.hints()
    }
}

/// A table doesn't match a checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("checkpoint {checkpoint} is damaged")]
pub struct CheckpointCorruptionError {
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// The table and its damage.
    #[source]
    pub cause: TableDamage,
    /// The last intact checkpoint before it.
    pub last_valid: Option<CheckpointKey>,
}

/// A registry doesn't match a checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("the {registry} registry does not match checkpoint {checkpoint}")]
pub struct StateInconsistencyError {
    /// Registry.
    pub registry: String,
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// How.
    #[source]
    pub cause: RegistryDamage,
    /// The last intact checkpoint before it.
    pub last_valid: Option<CheckpointKey>,
}

/// Why a stage failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageFailure {
    /// A model.
    #[error(transparent)]
    Model(#[from] RunnerError),
    /// A data test of the project that cannot run.
    #[error(transparent)]
    Test(RunnerError),
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
    /// The error with its causes and, for a model, an excerpt of its statement; for the journal.
    pub(crate) fn full_message(&self) -> String {
        std::iter::once(full_message(self)).chain(self.details()).collect::<Vec<_>>().join("\n")
    }

    /// The error of a model or data test.
    fn runner(&self) -> Option<&RunnerError> {
        match self {
            Self::Model(error) | Self::Test(error) => Some(error),
            _ => None,
        }
    }

    /// The kind of fault, which determines the recovery and the advice.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Model(e) | Self::Test(e) => e.fault(),
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
        self.runner().map(Diagnostic::details).unwrap_or_default()
    }

    fn hints(&self) -> Vec<Hint> {
        let hints = match self {
            Self::Test(e) if e.fault() == Fault::Deterministic && e.node().is_some() => {
                vec![Hint::run("fix the test, or move it out of the project, then run {}", [Action::Retry])]
            }
            Self::Model(e) | Self::Test(e) => e.hints(),
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
    /// The error with its causes, for the journal.
    pub(crate) fn full_message(&self) -> String {
        match self {
            Self::Stage(error) => format!("{} ({}) failed: {}", error.stage, error.year, error.cause.full_message()),
            other => full_message(other),
        }
    }

    /// The kind of fault, which determines the recovery and the advice.
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
            Self::FatalFindings { findings, .. } => first_advice(findings),
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
            // Nothing is lost by starting over.
            Self::RunExists { after: None, .. } => one("to start over, run {}", Action::Restart),
            Self::RunExists { .. } => vec![
                Hint::run("to resume it, run {}", [Action::Resume]),
                Hint::run("to discard it and start over, run {}", [Action::Restart]),
                Hint::text("to keep it, choose another file with --database"),
            ],
            Self::NothingToResume => vec![Hint::text("to start a run, omit --resume and --restart-from")],
            Self::NoSuchYear { .. } => vec![
                Hint::run("to see how far the run is, run {}", [Action::Status]),
                Hint::run("to start over, run {}", [Action::Restart]),
            ],
            Self::YearRangeMismatch { recorded, requested, committed } => {
                let years = if requested == recorded {
                    format!("choose {committed} or a later year as the last")
                } else {
                    format!("choose years that start with {recorded}")
                };
                vec![Hint::text(years), Hint::run("to start over, run {}", [Action::Restart])]
            }
            Self::Interrupted { .. } => one("to resume, run {}", Action::Resume),
            Self::WorkflowValidation(_) | Self::StartYearMismatch { .. } | Self::NoYears { .. } => Vec::new(),
        }
    }
}

/// Shown in place of a checkpoint when there is none.
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

/// How to apply changes that affect this year and later.
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

fn year_range_mismatch(recorded: i32, requested: i32, committed: i32) -> String {
    if requested == recorded {
        format!("the run is committed through {committed} and cannot end earlier")
    } else {
        format!("the run starts in {recorded} and cannot be resumed from {requested}")
    }
}
