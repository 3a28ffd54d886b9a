//! `planalign report`: makes the reports of a database again.

use std::fs;
use std::path::Path;

use planalign_pipeline::Verified;
use planalign_registries::RunStore;
use planalign_reporting::{FileReports, MultiYearReporter, Template, YearAuditor, render_summary, summary_to_json};

use crate::args::{OutputFormat, ReportArgs};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::recorded::Recorded;
use crate::{SUMMARY_WIDTH, say, simulate};

/// The table that a year's reports are about: a year can be reported once it is committed.
const SNAPSHOT: &str = "main.fct_workforce_snapshot";

/// Writes the reports of the latest run, of all its years or of one, and prints their summary as the template wants it.
/// Reads the database alone.
pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let template = args.template.as_deref().map_or_else(|| Ok(Template::default()), template)?;
    let Recorded { database, store, run } = Recorded::open(&args.database)?;
    let run_id = run.run_id;
    let checkpoints = store.checkpoints(&run_id)?;
    let verified = planalign_pipeline::verify(&checkpoints, &simulate::registries(&database)?, &store)?;
    let is_whole = verified.iter().all(|found| found.damage.is_none());
    for Verified { checkpoint, damage } in verified {
        if let Some(damage) = damage {
            log::error!("checkpoint {checkpoint} does not verify, so figures may be wrong: {damage}");
        }
    }
    let years: Vec<i32> = checkpoints
        .into_iter()
        .filter(|c| c.state.iter().any(|s| s.relation == SNAPSHOT))
        .map(|c| c.key.year)
        .collect();
    let wanted: Vec<i32> = years.iter().copied().filter(|year| args.year.is_none_or(|only| only == *year)).collect();
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
        return Err(Failure::NothingToReport { year: args.year, years });
    };
    let mut reports = FileReports::new(database, Box::new(store), &args.reports);
    for year in &wanted {
        reports.write_year(&run_id, *year)?;
    }
    if args.year.is_none() {
        reports.write_summary(&run_id, *first, *last)?;
    }
    let summary = reports.summary(&run_id, *first, *last)?;
    say(&match args.format {
        OutputFormat::Table => render_summary(&summary, &template, SUMMARY_WIDTH),
        OutputFormat::Json => format!("{:#}", summary_to_json(&summary, &template)),
    })?;
    Ok(if is_whole { ExitCode::Done } else { ExitCode::Corrupt })
}

fn template(path: &Path) -> Result<Template, Failure> {
    let text = fs::read_to_string(path).map_err(|cause| Failure::Unreadable { path: path.to_owned(), cause })?;
    Template::parse(&text).map_err(|problems| Failure::Template { path: path.to_owned(), problems })
}
