//! Why a session could not do what it was asked.

use std::path::PathBuf;

use planalign_config::DatabaseError;
use planalign_config::lock::LockError;
use planalign_config::settings::ConfigError;
use planalign_config::settings::census::CensusError;
use planalign_dbt::RunnerError;
use planalign_pipeline::PipelineError;
use planalign_registries::{CheckpointKey, StoreError};
use planalign_reporting::ReportError;
use planalign_validation::{Finding, RuleError};

use crate::maintenance::Point;

/// Why something failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The census file.
    #[error("the census cannot be used")]
    Census(#[from] CensusError),
    /// The rows of the census.
    #[error("the census cannot be used")]
    RefusedCensus(Vec<Finding>),
    /// The dbt project.
    #[error("the dbt project cannot be used")]
    Project(#[from] RunnerError),
    /// The database.
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
    /// Its lock.
    #[error("the database cannot be locked for this run")]
    Lock(#[from] LockError),
    /// The run.
    #[error("the run did not finish")]
    Run(#[from] PipelineError),
    /// The record of runs.
    #[error("the record of runs cannot be read")]
    Store(#[from] StoreError),
    /// The reports.
    #[error("the reports cannot be made")]
    Report(#[from] ReportError),
    /// A rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// There is no such database.
    #[error("there is no database {}", .0.display())]
    NoDatabase(PathBuf),
    /// There is nothing to report.
    #[error("{}", nothing_to_report(*year, years))]
    NothingToReport {
        /// The year that was asked for.
        year: Option<i32>,
        /// The years that can be reported.
        years: Vec<i32>,
    },
    /// The engine ended the process that opened the file first.
    #[error("the database cannot be opened: the engine ended its process over it")]
    Aborted {
        /// The file.
        database: PathBuf,
    },
    /// The database does not hold the run that the mirror of its checkpoints names.
    #[error("the database holds no run, and has held run {run_id}")]
    LostRun {
        /// The run.
        run_id: String,
        /// Its last checkpoint.
        last: Option<CheckpointKey>,
    },
    /// The record of a run does not hold all that it takes to go on from it.
    #[error("the run cannot go on from its record")]
    NotRecorded {
        /// What the record lacks.
        what: String,
    },
    /// A recorded dbt project cannot be written down.
    #[error("the recorded dbt project cannot be written to a temporary folder")]
    Scratch(#[source] std::io::Error),
    /// The disk is too full for the run.
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
    /// The database holds no such run.
    #[error("there is no run {run_id}")]
    NoRun {
        /// What was asked for.
        run_id: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The run has no such checkpoint.
    #[error("there is no checkpoint {point}")]
    NoCheckpoint {
        /// What was asked for.
        point: Point,
        /// What there is.
        saved: Vec<CheckpointKey>,
    },
}

fn nothing_to_report(year: Option<i32>, years: &[i32]) -> String {
    match (year, years) {
        (Some(year), [first, .., last]) => format!("{year} has not been simulated; {first} to {last} have"),
        (Some(year), [only]) => format!("{year} has not been simulated; {only} has"),
        _ => "the database holds no simulated year".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_that_cannot_be_reported_are_told_from_those_that_can() {
        assert_eq!(
            nothing_to_report(Some(2031), &[2025, 2026, 2027]),
            "2031 has not been simulated; 2025 to 2027 have"
        );
        assert_eq!(nothing_to_report(Some(2031), &[2025]), "2031 has not been simulated; 2025 has");
        assert_eq!(nothing_to_report(None, &[]), "the database holds no simulated year");
    }
}
