//! Shows a run on stderr: each style is another consumer of the same events.

mod bar;
mod plain;

use std::io::{IsTerminal, Write};

use planalign_config::counted;
use planalign_pipeline::ExecutionProgress;
use planalign_registries::RunEvent;

use crate::args::ProgressStyle;

/// Renders events as they come.
pub(crate) trait Renderer: Send {
    fn event(&mut self, event: &RunEvent, progress: &ExecutionProgress);
}

/// The renderer for a style.
pub(crate) fn renderer(style: ProgressStyle, quiet: bool) -> Box<dyn Renderer> {
    match style {
        ProgressStyle::Json => Box::new(JsonLines),
        ProgressStyle::None => Box::new(Nothing),
        _ if quiet => Box::new(Nothing),
        ProgressStyle::Bar => Box::new(bar::Bar::new()),
        ProgressStyle::Auto if std::io::stderr().is_terminal() => Box::new(bar::Bar::new()),
        ProgressStyle::Auto | ProgressStyle::Plain => Box::new(plain::Plain),
    }
}

struct Nothing;

impl Renderer for Nothing {
    fn event(&mut self, _event: &RunEvent, _progress: &ExecutionProgress) {}
}

/// The events themselves, one JSON object per line.
struct JsonLines;

impl Renderer for JsonLines {
    fn event(&mut self, event: &RunEvent, _progress: &ExecutionProgress) {
        if let Ok(line) = serde_json::to_string(event) {
            write_line(&line);
        }
    }
}

/// Writes a line to stderr; a closed stderr doesn't stop the run.
fn write_line(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The line for an event in a log read after the fact, if it is worth one.
pub(crate) fn line(event: &RunEvent) -> Option<String> {
    use planalign_registries::RunEventKind as K;
    match &event.kind {
        K::RunStarted { start_year, end_year, stages, seed, .. } => {
            Some(format!("Run {}: {start_year} to {end_year}, {stages} stages, seed {seed}", event.run_id))
        }
        K::StageFinished { year, stage, elapsed } => Some(format!("{year}  {stage:<18} {:>6} ms", elapsed.as_millis())),
        K::StageFailed { year, stage, cause } => Some(format!("{year}  {stage} failed: {cause}")),
        K::RunFinished { elapsed, errors, warnings } => {
            let (errors, warnings) = (counted(*errors, "error"), counted(*warnings, "warning"));
            Some(format!("Finished in {} ms with {errors} and {warnings}", elapsed.as_millis()))
        }
        K::RunFailed { cause } => Some(format!("Failed: {cause}")),
        K::RunInterrupted { after: Some(after) } => Some(format!("Interrupted after {after}")),
        K::RunInterrupted { after: None } => Some("Interrupted before anything was committed".to_owned()),
        _ => notice(event),
    }
}

/// The line for an event that every human-readable style prints, if it is worth one.
fn notice(event: &RunEvent) -> Option<String> {
    use planalign_registries::RunEventKind as K;
    match &event.kind {
        K::RunResumed { after: Some(after), .. } => Some(format!("Resuming after {after}")),
        K::RunResumed { after: None, .. } => Some("Resuming from the start".to_owned()),
        K::CommitsLost { last, after } => {
            let after = after.as_ref().map_or_else(|| "the start".to_owned(), ToString::to_string);
            Some(format!(
                "Lost: {last} was committed, but the database has nothing after {after}; rerunning from there"
            ))
        }
        K::RunRestored { to, removed, .. } => {
            Some(format!("Restored to {to}; {} removed", counted(*removed as u64, "later checkpoint")))
        }
        K::RegistriesRebuilt { cause } => Some(format!("Repaired: {cause}; registries rebuilt from events")),
        K::ChangesAccepted { from_year, changes } => {
            Some(format!("Changes apply from {from_year}: {}", changes.join("; ")))
        }
        K::FindingReported { year, rule, severity, message, .. } => {
            Some(format!("{year}  {severity}: {message} ({rule})"))
        }
        K::StageRetried { year, stage, attempt, cause, strategy } => {
            Some(format!("{year}  {stage} failed (attempt {attempt}): {cause}; trying {strategy}"))
        }
        K::StageRolledBack { year, stage } => Some(format!("{year}  {stage} rolled back")),
        _ => None,
    }
}
