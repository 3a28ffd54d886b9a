//! What is said when a command fails: what happened, where, why, what to do next; and the exit code.

mod advice;

use std::fmt::Write as _;
use std::path::PathBuf;

use planalign::Error;
use planalign_config::lock::LockError;
use planalign_config::{Fault, counted, full_message};
use planalign_pipeline::{PipelineError, PipelineStageError, StageFailure};
use planalign_reporting::ReportError;
use planalign_reporting::template::TemplateProblem;
use planalign_validation::Finding;

use crate::again::Again;
use crate::exit_code::ExitCode;

/// What is said where there is nothing to list.
pub(crate) const NOTHING_COMMITTED: &str = "nothing of the run is committed";

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Library(#[from] Error),
    #[error("the results cannot be written to stdout: {0}")]
    Output(std::io::Error),
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
            Self::Library(error) => of_library(error, interrupted),
            Self::Unreadable { .. } | Self::Template { .. } => ExitCode::Usage,
            Self::Signals(_) | Self::Output(_) => ExitCode::Environment,
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

fn of_library(error: &Error, interrupted: ExitCode) -> ExitCode {
    match error {
        Error::Config(_)
        | Error::Project(_)
        | Error::NoDatabase(_)
        | Error::NothingToReport { .. }
        | Error::NotRecorded { .. }
        | Error::NoRun { .. }
        | Error::NoCheckpoint { .. } => ExitCode::Usage,
        Error::Census(_) | Error::RefusedCensus(_) => ExitCode::Census,
        Error::Aborted { .. } | Error::LostRun { .. } => ExitCode::Corrupt,
        Error::Lock(LockError::Held { .. }) => ExitCode::Busy,
        Error::Lock(_) | Error::Scratch(_) | Error::Space { .. } | Error::Report(ReportError::Write { .. }) => {
            ExitCode::Environment
        }
        Error::Database(e) => of_fault(e.fault()),
        Error::Store(e) => of_fault(e.fault()),
        Error::Rule(e) => of_fault(e.fault()),
        Error::Report(e) => of_fault(e.fault()),
        Error::Run(e) => of_pipeline(e, interrupted),
        _ => ExitCode::RunFailed,
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
        PipelineError::Stage(error) if is_unwritable(&error.cause) => ExitCode::Environment,
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
        Failure::Library(Error::Run(PipelineError::Stage(PipelineStageError { year, stage, tried, .. }))) => {
            let tries = if tried.is_empty() { String::new() } else { format!(" {} times", tried.len() + 1) };
            format!("stage {stage} of {year} failed{tries} and was rolled back")
        }
        Failure::Library(Error::Run(PipelineError::Refused { year, stage, .. })) => {
            format!("the run cannot go on after {stage} of {year}; the stage was rolled back")
        }
        Failure::Library(Error::Run(PipelineError::FailedValidation { year, stage, .. })) => {
            format!("stage {stage} of {year} did not pass validation")
        }
        Failure::Library(Error::Run(error @ (PipelineError::Interrupted { .. } | PipelineError::Changed { .. }))) => {
            error.to_string()
        }
        Failure::Library(Error::Run(error)) => first_line(&full_message(error)),
        other => other.to_string(),
    }
}

/// What stands under the heading, one entry each.
fn causes(failure: &Failure) -> Vec<String> {
    match failure {
        Failure::Library(error) => library_causes(error),
        Failure::Template { problems, .. } => problems.iter().map(ToString::to_string).collect(),
        Failure::Signals(_) | Failure::Output(_) => Vec::new(),
        Failure::Unreadable { .. } => cause_chain(failure),
    }
}

fn library_causes(error: &Error) -> Vec<String> {
    match error {
        Error::Run(error) => pipeline_causes(error),
        Error::NoRun { known, .. } => vec![format!("the database holds {}", known.join(", "))],
        Error::NoCheckpoint { saved, .. } => match (saved.first(), saved.last()) {
            (Some(first), Some(last)) => vec![format!("the first is {first}, the last {last}")],
            _ => vec![NOTHING_COMMITTED.to_owned()],
        },
        Error::RefusedCensus(findings) => findings.iter().map(told).collect(),
        Error::Aborted { database } => vec![database.display().to_string()],
        Error::LostRun { last: Some(last), .. } => vec![format!("its mirror names {last} as committed")],
        Error::NotRecorded { what } => vec![format!("the record lacks: {what}")],
        Error::Space { needed, free, people, years } => vec![format!(
            "{} MB are free, and {} of {} take about {} MB",
            free / 1_000_000,
            counted(*years, "year"),
            counted(*people, "employee"),
            needed.div_ceil(1_000_000)
        )],
        Error::Project(error) => {
            std::iter::once(full_message(error)).chain(error.excerpt().map(str::to_owned)).collect()
        }
        Error::NoDatabase(_) | Error::NothingToReport { .. } => Vec::new(),
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
        PipelineError::Stage(PipelineStageError { cause, tried, .. }) => {
            let tried = (!tried.is_empty()).then(|| format!("tried {}", tried.join(", then ")));
            let excerpt = match cause.as_ref() {
                StageFailure::Model(error) => error.excerpt().map(str::to_owned),
                _ => None,
            };
            std::iter::once(full_message(cause.as_ref())).chain(excerpt).chain(tried).collect()
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
