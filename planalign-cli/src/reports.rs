//! Rebuilds the reports of a run from its database.

use std::path::Path;

use planalign_pipeline::VerifiedCheckpoint;
use planalign_registries::WorkflowCheckpoint;
use planalign_reporting::{FileReports, MultiYearReporter, MultiYearSummary, ReportSource, YearAuditor};

use crate::caller::Caller;
use crate::error::Error;
use crate::modules;
use crate::open_run::OpenRun;

/// The main table of a year's reports; a year can be reported once it is committed.
const SNAPSHOT: &str = "main.fct_workforce_snapshot";

/// Reports that were written.
#[derive(Debug)]
pub struct WrittenReports {
    /// The summary of the reported years.
    pub summary: MultiYearSummary,
    /// Damaged checkpoints, which may make metrics wrong.
    pub damaged: Vec<VerifiedCheckpoint>,
}

/// Writes the reports of the latest run for all committed years, or only one.
pub fn report(
    database: &Path,
    directory: &Path,
    only: Option<i32>,
    caller: &Caller<'_>,
) -> Result<WrittenReports, Error> {
    let opened = OpenRun::open(database, caller)?;
    let checkpoints = opened.checkpoints()?;
    let OpenRun { database, store, run } = opened;
    let mut damaged = planalign_pipeline::verify(&checkpoints, &modules::registries(&database)?, &store)?;
    damaged.retain(|found| found.damage.is_some());
    let years = reportable(&checkpoints);
    let wanted: Vec<i32> = years.iter().copied().filter(|year| only.is_none_or(|only| only == *year)).collect();
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
        return Err(Error::NothingToReport { year: only, years });
    };
    let source = ReportSource { run_id: &run.run_id, tables: &database, runs: &store, journal: &store };
    let mut reports = FileReports::new(directory);
    for year in &wanted {
        reports.write_year(*year, &source)?;
    }
    if only.is_none() {
        reports.write_summary(*first, *last, &source)?;
    }
    Ok(WrittenReports { summary: reports.summary(*first, *last, &source)?, damaged })
}

fn reportable(checkpoints: &[WorkflowCheckpoint]) -> Vec<i32> {
    let has_people = |checkpoint: &&WorkflowCheckpoint| checkpoint.state.iter().any(|state| state.relation == SNAPSHOT);
    checkpoints.iter().filter(has_people).map(|checkpoint| checkpoint.key.year).collect()
}
