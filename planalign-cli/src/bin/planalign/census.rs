//! `planalign census`: what a census contains and how it is read.

mod args;
mod configuration;
mod notice;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use planalign::{CensusReport, InputOptions};
use planalign_config::census::{CensusError, Question, UseReason};
use serde_json::json;

pub(crate) use args::{CensusAction, CensusFormat};
use args::{CheckArgs, MapArgs};
pub(crate) use notice::lines as notices;

use crate::caller::environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;

pub(crate) fn run(action: &CensusAction) -> Result<ExitCode, Failure> {
    match action {
        CensusAction::Check(args) => check(args),
        CensusAction::Map(args) => map(args),
    }
}

/// Prints how a census is read and what a run would do with its rows.
fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let report = match planalign::census_report(&args.input.options(environment())) {
        Ok(report) => report,
        Err(error) => return refused(error, args.format),
    };
    if let (Some(path), Some(rows)) = (&args.issues, &report.rows) {
        write_issues(path, rows)?;
    }
    match args.format {
        CensusFormat::Table => say(&table::report(&report, args.issues.as_deref()))?,
        CensusFormat::Json => say(&format!("{:#}", as_json(&report)))?,
    }
    let rejected = report.rows.as_ref().is_some_and(|rows| rows.rejected > 0 || rows.accepted == 0);
    Ok(if rejected { ExitCode::Census } else { ExitCode::Done })
}

/// Prints which column was taken for what, and writes it to the configuration on request.
fn map(args: &MapArgs) -> Result<ExitCode, Failure> {
    let options: InputOptions = args.input.options(environment());
    let report = match planalign::census_report(&options) {
        Ok(report) => report,
        Err(error) => return refused(error, args.format),
    };
    match args.format {
        CensusFormat::Table => say(&table::columns(&report.reading))?,
        CensusFormat::Json => say(&format!("{:#}", json!({ "columns": report.reading.columns })))?,
    }
    if args.write {
        let columns: BTreeMap<&str, &str> = report
            .reading
            .columns
            .iter()
            .filter(|column| !matches!(column.reason, UseReason::Values | UseReason::Ignored))
            .filter_map(|column| Some((column.field?, column.header.as_str())))
            .collect();
        configuration::write_columns(options.config(), &columns)?;
        log::warn!("wrote `census.columns` to `{}`", options.config().display());
    }
    Ok(ExitCode::Done)
}

/// A program that asked for JSON gets the questions as JSON, too.
fn refused(error: planalign::Error, format: CensusFormat) -> Result<ExitCode, Failure> {
    match (&error, format) {
        (planalign::Error::Census(CensusError::Questions { questions, .. }), CensusFormat::Json) => {
            say(&format!("{:#}", json!({ "questions": questions.iter().map(question).collect::<Vec<_>>() })))?;
            Ok(ExitCode::Census)
        }
        _ => Err(error.into()),
    }
}

fn question(question: &Question) -> serde_json::Value {
    let candidates =
        question.answers.iter().map(|answer| json!({ "candidate": answer.meaning, "lines": answer.lines }));
    json!({ "field": question.field, "problem": question.problem, "candidates": candidates.collect::<Vec<_>>() })
}

fn as_json(report: &CensusReport) -> serde_json::Value {
    let rows = report.rows.as_ref().map(|rows| {
        json!({ "accepted": rows.accepted, "corrected": rows.corrected, "skipped": rows.skipped, "rejected": rows.rejected })
    });
    json!({ "file": report.file.path, "sha256": report.file.sha256, "rows": rows, "reading": report.reading })
}

/// Writes all problems of rows as CSV.
fn write_issues(path: &Path, rows: &planalign::RowCounts) -> Result<(), Failure> {
    let unwritable = |cause: csv::Error| Failure::Unwritable { path: path.to_owned(), cause: cause.into() };
    let mut writer = csv::Writer::from_path(path).map_err(unwritable)?;
    for issue in &rows.issues {
        writer.serialize(issue).map_err(unwritable)?;
    }
    writer.flush().map_err(|cause| Failure::Unwritable { path: path.to_owned(), cause })
}
