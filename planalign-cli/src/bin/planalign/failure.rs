//! What is said when a command fails: what happened, where, why, what to do next; and the exit code.

mod advice;

use std::fmt::Write as _;
use std::path::PathBuf;

use planalign_config::census::CensusError;
use planalign_config::lock::LockError;
use planalign_config::settings::ConfigError;
use planalign_config::{DatabaseError, Fault, counted};
use planalign_dbt::RunnerError;
use planalign_pipeline::{PipelineError, StageFailure};
use planalign_registries::{CheckpointKey, StoreError};
use planalign_reporting::ReportError;
use planalign_reporting::template::TemplateProblem;
use planalign_validation::{Finding, RuleError};

use crate::again::Again;
use crate::checkpoint::NOTHING_COMMITTED;
use crate::exit_code::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    #[error("the census cannot be used")]
    Census(#[from] CensusError),
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
    #[error("the dbt project cannot be used")]
    Project(#[from] RunnerError),
    #[error("the database cannot be locked for this run")]
    Lock(#[from] LockError),
    #[error("the run did not finish")]
    Run(#[from] PipelineError),
    #[error("the record of runs cannot be read")]
    Store(#[from] StoreError),
    #[error("the reports cannot be made")]
    Report(#[from] ReportError),
    #[error("there is no database {}", .0.display())]
    NoDatabase(PathBuf),
    #[error("{}", nothing_to_report(*year, years))]
    NothingToReport {
        /// The year that was asked for.
        year: Option<i32>,
        /// The years that can be reported.
        years: Vec<i32>,
    },
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error("the results cannot be written to stdout: {0}")]
    Output(std::io::Error),
    #[error("the census cannot be used")]
    RefusedCensus(Vec<Finding>),
    #[error("the database cannot be opened: the engine ended its process over it")]
    Aborted {
        /// The file.
        database: PathBuf,
    },
    #[error("the database holds no run, and has held run {run_id}")]
    LostRun {
        /// The run that the mirror of the checkpoints names.
        run_id: String,
        /// Its last checkpoint.
        last: Option<CheckpointKey>,
    },
    #[error("the run cannot go on from its record")]
    NotRecorded {
        /// What the record lacks.
        what: String,
    },
    #[error("the recorded dbt project cannot be written to a temporary folder")]
    Scratch(#[source] std::io::Error),
    #[error("the disk of the database has too little free space for the run")]
    Space {
        /// Bytes that the run will take, at least.
        needed: u64,
        /// Bytes that are there.
        free: u64,
        /// Rows of the census.
        people: u64,
        /// Years that are still to be simulated.
        years: u64,
    },
    #[error("there is no run {run_id}")]
    NoRun {
        /// What was asked for.
        run_id: String,
        /// What there is.
        known: Vec<String>,
    },
    #[error("there is no checkpoint {point}")]
    NoCheckpoint {
        /// What was asked for.
        point: String,
        /// What there is.
        saved: Vec<String>,
    },
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    #[error("the template {} cannot be used", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it.
        problems: Vec<TemplateProblem>,
    },
    #[error("signals cannot be handled: {0}")]
    Signals(#[source] std::io::Error),
}

impl Failure {
    /// The exit code, one of those documented.
    pub(crate) fn exit_code(&self, interrupted: ExitCode) -> ExitCode {
        match self {
            Self::Config(_)
            | Self::Project(_)
            | Self::NoDatabase(_)
            | Self::NothingToReport { .. }
            | Self::NotRecorded { .. }
            | Self::NoRun { .. }
            | Self::NoCheckpoint { .. }
            | Self::Unreadable { .. }
            | Self::Template { .. } => ExitCode::Usage,
            Self::Census(_) | Self::RefusedCensus(_) => ExitCode::Census,
            Self::Aborted { .. } | Self::LostRun { .. } => ExitCode::Corrupt,
            Self::Lock(LockError::Held { .. }) => ExitCode::Busy,
            Self::Lock(_)
            | Self::Signals(_)
            | Self::Output(_)
            | Self::Scratch(_)
            | Self::Space { .. }
            | Self::Report(ReportError::Write { .. }) => ExitCode::Environment,
            Self::Database(e) => of_fault(e.fault()),
            Self::Store(e) => of_fault(e.fault()),
            Self::Rule(e) => of_fault(e.fault),
            Self::Report(e) => of_fault(e.fault()),
            Self::Run(e) => of_pipeline(e, interrupted),
        }
    }

    /// The whole message for stderr. `again` knows the commands that it may advise.
    pub(crate) fn render(&self, again: &Again) -> String {
        let mut out = format!("error: {}\n", heading(self));
        for cause in causes(self) {
            let _ = writeln!(out, "  {}", cause.replace('\n', "\n  "));
        }
        for hint in advice::hints(self, again) {
            let _ = writeln!(out, "hint: {hint}");
        }
        out
    }
}

fn nothing_to_report(year: Option<i32>, years: &[i32]) -> String {
    match (year, years) {
        (Some(year), [first, .., last]) => format!("{year} has not been simulated; {first} to {last} have"),
        (Some(year), [only]) => format!("{year} has not been simulated; {only} has"),
        _ => "the database holds no simulated year".to_owned(),
    }
}

fn of_fault(fault: Fault) -> ExitCode {
    match fault {
        Fault::Busy => ExitCode::Busy,
        Fault::Corrupt => ExitCode::Corrupt,
        Fault::OutOfMemory | Fault::OutOfSpace | Fault::Permission | Fault::Transient => ExitCode::Environment,
        Fault::WrongVersion => ExitCode::WrongVersion,
        Fault::Deterministic => ExitCode::RunFailed,
    }
}

fn of_pipeline(error: &PipelineError, interrupted: ExitCode) -> ExitCode {
    match error {
        PipelineError::WorkflowValidation(_)
        | PipelineError::DataPresent { .. }
        | PipelineError::NothingToResume
        | PipelineError::OtherYears { .. }
        | PipelineError::NoCheckpoint { .. }
        | PipelineError::ChangesBefore { .. }
        | PipelineError::NoSuchYear { .. }
        | PipelineError::Changed { from_year: Some(_), .. } => ExitCode::Usage,
        // What a fatal rule refuses is the census or the settings.
        PipelineError::Refused { findings, .. } => {
            let census = findings.iter().any(|f| f.rule == "census_acceptance");
            if census { ExitCode::Census } else { ExitCode::Usage }
        }
        PipelineError::FailedValidation { .. } => ExitCode::Findings,
        PipelineError::Interrupted { .. } => interrupted,
        PipelineError::Stage { cause, .. } if is_unwritable(cause) => ExitCode::Environment,
        PipelineError::Report(ReportError::Write { .. }) => ExitCode::Environment,
        other => of_fault(other.fault()),
    }
}

/// A report that cannot be written is for the user to mend, whatever the system calls it.
fn is_unwritable(cause: &StageFailure) -> bool {
    matches!(cause, StageFailure::Report(ReportError::Write { .. }))
}

fn heading(failure: &Failure) -> String {
    match failure {
        Failure::Run(PipelineError::Stage { year, stage, tried, .. }) => {
            let tries = if tried.is_empty() { String::new() } else { format!(" {} times", tried.len() + 1) };
            format!("stage {stage} of {year} failed{tries} and was rolled back")
        }
        Failure::Run(PipelineError::Refused { year, stage, .. }) => {
            format!("the run cannot go on after {stage} of {year}; the stage was rolled back")
        }
        Failure::Run(PipelineError::FailedValidation { year, stage, .. }) => {
            format!("stage {stage} of {year} did not pass validation")
        }
        Failure::Run(error @ (PipelineError::Interrupted { .. } | PipelineError::Changed { .. })) => error.to_string(),
        Failure::Run(error) => first_line(&error.to_string()),
        other => other.to_string(),
    }
}

/// What stands under the heading, one entry each.
fn causes(failure: &Failure) -> Vec<String> {
    match failure {
        Failure::Run(error) => pipeline_causes(error),
        Failure::NoRun { known, .. } => vec![format!("the database holds {}", known.join(", "))],
        Failure::NoCheckpoint { saved, .. } => match (saved.first(), saved.last()) {
            (Some(first), Some(last)) => vec![format!("the first is {first}, the last {last}")],
            _ => vec![NOTHING_COMMITTED.to_owned()],
        },
        Failure::Template { problems, .. } => problems.iter().map(ToString::to_string).collect(),
        Failure::RefusedCensus(findings) => findings.iter().map(told).collect(),
        Failure::Aborted { database } => vec![database.display().to_string()],
        Failure::LostRun { last: Some(last), .. } => vec![format!("its mirror names {last} as committed")],
        Failure::NotRecorded { what } => vec![format!("the record lacks: {what}")],
        Failure::Space { needed, free, people, years } => vec![format!(
            "{} MB are free, and {} of {} take about {} MB",
            free / 1_000_000,
            counted(*years, "year"),
            counted(*people, "employee"),
            needed.div_ceil(1_000_000)
        )],
        Failure::Signals(_) | Failure::Output(_) | Failure::NoDatabase(_) | Failure::NothingToReport { .. } => {
            Vec::new()
        }
        other => cause_chain(other),
    }
}

/// The sources of an error; one that its predecessor has already told is left out.
fn cause_chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    for cause in std::iter::successors(error.source(), |e| e.source()) {
        let text = cause.to_string();
        if !causes.last().is_some_and(|told| told.contains(&text)) {
            causes.push(text);
        }
    }
    causes
}

fn told(finding: &Finding) -> String {
    format!("{}: {}", finding.severity, finding.message)
}

fn pipeline_causes(error: &PipelineError) -> Vec<String> {
    match error {
        PipelineError::Stage { cause, tried, .. } => {
            let tried = (!tried.is_empty()).then(|| format!("tried {}", tried.join(", then ")));
            std::iter::once(cause.to_string()).chain(tried).collect()
        }
        PipelineError::Refused { findings, .. } | PipelineError::FailedValidation { findings, .. } => {
            findings.iter().map(told).collect()
        }
        PipelineError::Changed { differences, .. } | PipelineError::ChangesBefore { differences, .. } => {
            differences.iter().map(ToString::to_string).collect()
        }
        PipelineError::WorkflowValidation(e) => e.problems.clone(),
        PipelineError::DataPresent { after: Some(after), .. } => vec![format!("it is committed up to {after}")],
        PipelineError::DataPresent { after: None, .. } => vec!["nothing of it is committed".to_owned()],
        _ => Vec::new(),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
