//! Why an operation of the library failed.

use std::path::PathBuf;

use planalign_config::census::{CensusError, PseudonymKeyError};
use planalign_config::lock::LockError;
use planalign_config::settings::ConfigError;
use planalign_config::{Action, DatabaseError, Diagnostic, Fault, Hint, counted, listed};
use planalign_dbt::{DbtError, RunnerError};
use planalign_pipeline::{NOTHING_COMMITTED, PipelineError};
use planalign_registries::{CheckpointKey, StoreError};
use planalign_reporting::ReportError;
use planalign_validation::{Finding, RuleError};

use crate::checkpoint_selector::CheckpointSelector;
use crate::preparation::PreparationProblem;
use crate::shadows::NamedObject;

/// Why an operation of the library failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The census file.
    #[error(transparent)]
    Census(#[from] CensusError),
    /// The key that replaces Social Security numbers.
    #[error(transparent)]
    PseudonymKey(#[from] PseudonymKeyError),
    /// The census can't be written for the models.
    #[error("cannot write the census for the models")]
    Spill(#[source] std::io::Error),
    /// Rows of the census that a run cannot use.
    #[error("{}", listed("census rejected", .0))]
    RejectedCensus(Vec<Finding>),
    /// Models, data tests, and rules that the engine rejects.
    #[error("{}", listed(&format!("a run would fail; the engine finds {}", counted(.0.len(), "problem")), .0))]
    Unprepared(Vec<PreparationProblem>),
    /// The dbt project.
    #[error("cannot load the dbt project")]
    Project(#[from] RunnerError),
    /// The dbt executable.
    #[error(transparent)]
    Dbt(#[from] DbtError),
    /// A dbt executable needs the project's directory, but the run is resumed from its record.
    #[error("a dbt executable cannot build the recorded project; it needs the project's directory")]
    ProjectNotOnDisk,
    /// A dbt executable is named, but the models are built in this program.
    #[error("a dbt executable is named, but the embedded runner builds the models")]
    UnusedExecutable,
    /// A dbt executable would run the code of a project that isn't trusted.
    #[error("a dbt executable runs whatever a project says, so it cannot build an untrusted one")]
    UntrustedDbt,
    /// The calling program can't guard a dbt executable.
    #[error("this program cannot run a dbt executable")]
    NoGuard,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Its lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The run.
    #[error(transparent)]
    Run(#[from] PipelineError),
    /// The record of runs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The reports.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Objects in the database take the place of others in every query, so results would be wrong.
    #[error("{}", listed(&format!("the database has {} named like {by}, which they would replace", counted(found.len(), "object")), found))]
    Shadowed {
        /// What they replace.
        by: &'static str,
        /// The objects.
        found: Vec<NamedObject>,
    },
    /// The database does not exist.
    #[error("database `{}` not found", .0.display())]
    NoDatabase(PathBuf),
    /// There are no results to report.
    #[error("{}", nothing_to_report(*year, years))]
    NothingToReport {
        /// The requested year.
        year: Option<i32>,
        /// The years that can be reported.
        years: Vec<i32>,
    },
    /// The engine crashed the probe process that opened the file.
    #[error("cannot open `{}`: the engine crashed on it", database.display())]
    Aborted {
        /// The file.
        database: PathBuf,
    },
    /// The run is in the mirror but not in the database.
    #[error("run {run_id} is no longer in the database{}", last.as_ref().map(|last| format!(", which was committed through {last}")).unwrap_or_default())]
    LostRun {
        /// The run.
        run_id: String,
        /// Its last checkpoint.
        last: Option<CheckpointKey>,
    },
    /// The record of a run lacks something needed to resume from it.
    #[error("cannot resume the run from its record, which lacks {what}")]
    NotRecorded {
        /// What is missing.
        what: String,
    },
    /// A recorded dbt project cannot be written to a temporary directory.
    #[error("cannot write the recorded dbt project to a temporary directory")]
    Scratch(#[source] std::io::Error),
    /// The disk is too full for the run.
    #[error("{}", too_little_space(*needed, *free, *people, *years))]
    Space {
        /// Bytes the run needs at least.
        needed: u64,
        /// Bytes available.
        free: u64,
        /// Number of employees in the census.
        people: u64,
        /// Number of years still to simulate.
        years: u64,
    },
    /// The database has no run with this ID.
    #[error("run {run_id} not found; the database has {}", known.join(", "))]
    NoRun {
        /// The requested run.
        run_id: String,
        /// The IDs of existing runs.
        known: Vec<String>,
    },
    /// The run has no such checkpoint.
    #[error("checkpoint {point} not found; {}", range(saved))]
    NoCheckpoint {
        /// The requested checkpoint.
        point: CheckpointSelector,
        /// The existing checkpoints.
        saved: Vec<CheckpointKey>,
    },
}

impl Diagnostic for Error {
    fn details(&self) -> Vec<String> {
        match self {
            Self::Project(e) => e.details(),
            Self::Run(e) => e.details(),
            Self::Dbt(e) => e.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let text = |text: &str| vec![Hint::text(text)];
        match self {
            Self::Config(e) => e.hints(),
            Self::Census(e) => e.hints(),
            Self::PseudonymKey(PseudonymKeyError::Public { path }) => text(&format!("run `chmod 600 {path}`")),
            Self::PseudonymKey(_) => {
                text("to make a key: `(umask 077; head -c 32 /dev/urandom | base64 > pseudonym.key)`")
            }
            Self::Project(error @ RunnerError::Refused { .. }) => error.hints(),
            Self::Project(_) => vec![Hint::use_record()],
            Self::Unprepared(_) => {
                text("fix them before a run; they fail on empty tables, so the census is not the cause")
            }
            Self::Dbt(e) => e.hints().into_iter().map(Hint::before_start).collect(),
            Self::ProjectNotOnDisk => text("name the project with --project, and omit --as-recorded"),
            Self::UnusedExecutable => text("add --runner dbt, or set `dbt.runner: dbt` in the configuration"),
            Self::UntrustedDbt => text(
                "use the embedded runner (--runner embedded), or if you trust the project, leave out --untrusted-project",
            ),
            Self::NoGuard => text("pass the command line of a guard in `Caller::guard`, or use the embedded runner"),
            Self::Database(e) => e.hints(),
            Self::Lock(e) => e.hints(),
            Self::Run(e) => e.hints(),
            Self::Store(e) => e.hints(),
            Self::Report(e) => e.hints(),
            Self::Rule(e) => e.hints(),
            Self::RejectedCensus(findings) => {
                findings.first().map(|finding| Hint::text(finding.advice.clone())).into_iter().collect()
            }
            Self::Shadowed { found, .. } => {
                let drop: Vec<String> = found.iter().map(NamedObject::drop_statement).collect();
                vec![
                    Hint::text(format!("drop what you don't need with any DuckDB client: `{}`", drop.join("; "))),
                    Hint::run("what was computed with them is wrong; to compute it again, run {}", [Action::Restart]),
                ]
            }
            Self::NoDatabase(_) => {
                vec![Hint::run("name the file with --database, or run {} first", [Action::Simulate])]
            }
            Self::NothingToReport { .. } => vec![
                Hint::run("to see how far the run is, run {}", [Action::Status]),
                Hint::run("to start one, run {}", [Action::Simulate]),
            ],
            Self::Aborted { .. } => vec![Fault::start_over()],
            Self::LostRun { .. } => vec![
                Hint::text("its tables or its log (the .wal file) are gone: restore them if you have a backup"),
                Fault::start_over(),
            ],
            Self::NotRecorded { .. } => {
                text("omit --as-recorded, and name --config, --project, and --census of the run")
            }
            Self::Scratch(_) => text("free some space in the temporary directory, or set TMPDIR to another one"),
            Self::Spill(_) | Self::Space { .. } => {
                text("free some disk space, or choose a file on another disk with --database")
            }
            Self::NoRun { .. } => Vec::new(),
            Self::NoCheckpoint { .. } => {
                vec![Hint::run("to list the checkpoints, run {}", [Action::ListCheckpoints])]
            }
        }
    }
}

fn nothing_to_report(year: Option<i32>, years: &[i32]) -> String {
    match (year, years) {
        (Some(year), [first, .., last]) => format!("{year} is not simulated; {first}-{last} are"),
        (Some(year), [only]) => format!("{year} is not simulated; {only} is"),
        _ => "no simulated years in the database".to_owned(),
    }
}

fn too_little_space(needed: u64, free: u64, people: u64, years: u64) -> String {
    let (free, needed) = (free / 1_000_000, needed.div_ceil(1_000_000));
    let (years, people) = (counted(years, "year"), counted(people, "employee"));
    format!("not enough disk space for the run: {free} MB free, and {years} of {people} take about {needed} MB")
}

fn range(saved: &[CheckpointKey]) -> String {
    match saved {
        [] => NOTHING_COMMITTED.to_owned(),
        [only] => format!("the only one is {only}"),
        [first, .., last] => format!("the first is {first}, the last {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_years_that_can_be_reported_are_named() {
        assert_eq!(nothing_to_report(Some(2031), &[2025, 2026, 2027]), "2031 is not simulated; 2025-2027 are");
        assert_eq!(nothing_to_report(Some(2031), &[2025]), "2031 is not simulated; 2025 is");
        assert_eq!(nothing_to_report(None, &[]), "no simulated years in the database");
    }

    #[test]
    fn a_missing_checkpoint_is_reported_with_the_existing_range() {
        let key = |year| CheckpointKey { year, stage: "REPORTING".to_owned() };
        assert_eq!(range(&[]), "nothing is committed yet");
        assert_eq!(range(&[key(2025)]), "the only one is 2025/REPORTING");
        assert_eq!(range(&[key(2025), key(2026)]), "the first is 2025/REPORTING, the last 2026/REPORTING");
    }
}
