//! `planalign report`: rebuilds reports from a database.

use std::fs;
use std::path::Path;

use planalign::WrittenReports;
use planalign_pipeline::VerifiedCheckpoint;
use planalign_reporting::{Template, render_summary, summary_to_json};

use crate::args::{OutputFormat, ReportArgs};
use crate::caller::Process;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{SUMMARY_WIDTH, say};

/// Writes the reports of the latest run, for all its years or one, and prints a summary in the template's layout. Reads only
/// the database.
pub(crate) fn run(args: &ReportArgs, process: &Process) -> Result<ExitCode, Failure> {
    let template = args.template.as_deref().map_or_else(|| Ok(Template::default()), template)?;
    let WrittenReports { summary, damaged } =
        planalign::report(&args.database, &args.reports, args.year, &process.caller())?;
    for VerifiedCheckpoint { checkpoint, damage } in &damaged {
        if let Some(damage) = damage {
            log::error!("checkpoint {checkpoint} is damaged, so metrics may be wrong: {damage}");
        }
    }
    say(&match args.format {
        OutputFormat::Table => render_summary(&summary, &template, SUMMARY_WIDTH),
        OutputFormat::Json => format!("{:#}", summary_to_json(&summary, &template)),
    })?;
    Ok(if damaged.is_empty() { ExitCode::Done } else { ExitCode::Corrupt })
}

fn template(path: &Path) -> Result<Template, Failure> {
    let text = fs::read_to_string(path).map_err(|cause| Failure::Unreadable { path: path.to_owned(), cause })?;
    let template = Template::parse(&text).map_err(|problems| Failure::Template { path: path.to_owned(), problems })?;
    for warning in &template.warnings {
        log::warn!("{}:{warning}", path.display());
    }
    Ok(template)
}
