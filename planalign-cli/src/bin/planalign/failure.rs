//! Reports a failed command: what happened, why, what to do next, and the exit code.

use std::fmt::Write as _;
use std::path::PathBuf;

use planalign::{DbtProjectError, Error};
use planalign_config::lock::LockError;
use planalign_config::{DatabaseError, Diagnostic, Fault, Hint, listed};
use planalign_pipeline::{PipelineError, StageFailure};
use planalign_reporting::ReportError;
use planalign_reporting::template::TemplateProblem;

use crate::commands::Commands;
use crate::exit_code::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Library(#[from] Error),
    #[error("cannot write to stdout")]
    Output(#[source] std::io::Error),
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    #[error("cannot write `{}`", path.display())]
    Unwritable {
        /// The file, or its directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    #[error("cannot write `census.columns` to `{}`, whose section `census` is in braces", path.display())]
    NoPlaceForColumns {
        /// The file.
        path: PathBuf,
        /// What to write.
        lines: String,
    },
    #[error("{}", listed(&format!("cannot use the template `{}`", path.display()), problems))]
    Template {
        /// The file.
        path: PathBuf,
        /// All problems with it.
        problems: Vec<TemplateProblem>,
    },
    #[error(transparent)]
    Node(#[from] planalign_dbt::RunnerError),
    #[error(transparent)]
    DbtProject(#[from] DbtProjectError),
    #[error("cannot interrupt the database")]
    Interrupter(#[source] DatabaseError),
    #[error("found no dbt_project.yml here or above")]
    NoProject,
    #[error("the selection has no model, seed, or test to show")]
    NothingToShow,
    #[error("the selection is empty")]
    EmptySelection,
    #[error("`planalign dbt` does not support `{0}`")]
    NotOfDbt(String),
    #[error("cannot handle signals")]
    Signals(#[source] std::io::Error),
}

impl Diagnostic for Failure {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Library(error) => error.details(),
            Self::Node(error) => error.details(),
            Self::DbtProject(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Library(error) => error.hints(),
            Self::Node(error) => error.hints(),
            Self::DbtProject(error) => error.hints(),
            Self::NoPlaceForColumns { lines, .. } => {
                vec![Hint::text(format!("write the section on several lines, with these in it:\n{lines}"))]
            }
            Self::NoProject => vec![Hint::text("name the project's directory with `--project-dir`")],
            Self::NothingToShow => vec![Hint::text("name what to show: `planalign dbt ls` lists the names")],
            Self::EmptySelection => vec![Hint::text("to select everything, leave out `--select`")],
            Self::NotOfDbt(_) => {
                vec![Hint::text("use dbt itself, which reads the artifacts of `planalign dbt` in the target directory")]
            }
            Self::Template { .. } => vec![Hint::text("docs/reference/reports.md lists the metrics")],
            _ => Vec::new(),
        }
    }
}

impl Failure {
    /// Returns the exit code.
    pub(crate) fn exit_code(&self, interrupted: ExitCode) -> ExitCode {
        match self {
            Self::Library(error) => of_library(error, interrupted),
            Self::Unreadable { .. }
            | Self::Template { .. }
            | Self::NoPlaceForColumns { .. }
            | Self::Node(_)
            | Self::DbtProject(_)
            | Self::Interrupter(_)
            | Self::NothingToShow
            | Self::NoProject
            | Self::EmptySelection
            | Self::NotOfDbt(_) => ExitCode::Usage,
            Self::Unwritable { .. } | Self::Signals(_) | Self::Output(_) => ExitCode::Environment,
        }
    }

    /// Renders the complete message for stderr.
    pub(crate) fn render(&self, commands: &Commands) -> String {
        let mut out = format!("error: {self}\n");
        for text in sources(self).into_iter().chain(self.details()) {
            let _ = writeln!(out, "  {}", text.replace('\n', "\n  "));
        }
        out + &help(&self.hints(), commands)
    }
}

/// Renders hints as lines, the first after `help:`.
pub(crate) fn help(hints: &[Hint], commands: &Commands) -> String {
    let lines = hints.iter().filter_map(|hint| commands.render(hint));
    let starts = std::iter::once("help:").chain(std::iter::repeat("     "));
    starts.zip(lines).fold(String::new(), |mut out, (start, line)| {
        let _ = writeln!(out, "{start} {line}");
        out
    })
}

/// The messages of an error's sources, skipping any that the one before already contains.
fn sources(error: &dyn std::error::Error) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    for cause in std::iter::successors(error.source(), |e| e.source()) {
        let text = cause.to_string();
        if !messages.last().is_some_and(|message| message.contains(&text)) {
            messages.push(text);
        }
    }
    messages.split_off(1)
}

fn of_library(error: &Error, interrupted: ExitCode) -> ExitCode {
    match error {
        Error::Config(_)
        | Error::Project(_)
        | Error::Unprepared(_)
        | Error::ProjectNotOnDisk
        | Error::UnusedExecutable
        | Error::PseudonymKey(_)
        | Error::UntrustedDbt
        | Error::NoDatabase(_)
        | Error::NothingToReport { .. }
        | Error::NotRecorded { .. }
        | Error::NoRun { .. }
        | Error::NoCheckpoint { .. } => ExitCode::Usage,
        Error::Census(_) | Error::RejectedCensus(_) => ExitCode::Census,
        Error::Aborted { .. } | Error::LostRun { .. } | Error::Shadowed { .. } => ExitCode::Corrupt,
        Error::Lock(LockError::Held { .. }) => ExitCode::Busy,
        Error::Lock(_)
        | Error::Scratch(_)
        | Error::Spill(_)
        | Error::Space { .. }
        | Error::Report(ReportError::Write { .. }) => ExitCode::Environment,
        Error::Dbt(e) if e.fault() == Fault::Deterministic => ExitCode::Usage,
        Error::Dbt(e) => of_fault(e.fault()),
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
        Fault::Deterministic | Fault::Cancelled => ExitCode::RunFailed,
    }
}

fn of_pipeline(error: &PipelineError, interrupted: ExitCode) -> ExitCode {
    match error {
        PipelineError::WorkflowValidation(_)
        | PipelineError::RunExists { .. }
        | PipelineError::NothingToResume
        | PipelineError::YearRangeMismatch { .. }
        | PipelineError::NoCheckpoint { .. }
        | PipelineError::ChangesBefore { .. }
        | PipelineError::NoSuchYear { .. }
        | PipelineError::Changed { from_year: Some(_), .. } => ExitCode::Usage,
        // A fatal finding is about the census or the settings.
        PipelineError::FatalFindings { findings, .. } => {
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

/// Whether a report cannot be written, whatever the system's reason: the user must fix it.
fn is_unwritable(cause: &StageFailure) -> bool {
    matches!(cause, StageFailure::Report(ReportError::Write { .. }))
}

#[cfg(test)]
mod tests;
