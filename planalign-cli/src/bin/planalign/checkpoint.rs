//! `planalign checkpoint`: the checkpoints of the run in a database.

mod verify;

use std::collections::BTreeMap;
use std::path::Path;

use planalign::{CheckpointSelector, OpenRun, RestoredRun};
use planalign_config::counted;
use planalign_pipeline::NOTHING_COMMITTED;
use planalign_registries::{CheckpointStatus, RelationState, WorkflowCheckpoint};
use planalign_reporting::columns::{Column, in_columns};
use planalign_reporting::fixed::grouped;

use crate::args::{CheckpointAction, OutputFormat};
use crate::caller::Process;
use crate::commands::Commands;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;

pub(crate) fn run(action: &CheckpointAction, commands: &Commands, process: &Process) -> Result<ExitCode, Failure> {
    say(&match action {
        CheckpointAction::Verify(from) => return verify::run(from, commands, process),
        CheckpointAction::Restore { point, database } => restore(database, point, process)?,
        CheckpointAction::List(from) => {
            let saved = saved(&from.database, process)?;
            match from.format {
                OutputFormat::Json => json(&saved.iter().collect::<Vec<_>>()),
                OutputFormat::Table if saved.is_empty() => NOTHING_COMMITTED.to_owned(),
                OutputFormat::Table => list(&saved),
            }
        }
        CheckpointAction::Show { point, from } => {
            let saved = saved(&from.database, process)?;
            let wanted = point.select(&saved)?;
            match from.format {
                OutputFormat::Json => json(&wanted),
                OutputFormat::Table => wanted.into_iter().map(details).collect::<Vec<_>>().join("\n\n"),
            }
        }
        CheckpointAction::Prune { database } => prune(database, process)?,
    })?;
    Ok(ExitCode::Done)
}

fn saved(database: &Path, process: &Process) -> Result<Vec<WorkflowCheckpoint>, Failure> {
    Ok(OpenRun::open(database, &process.caller())?.checkpoints()?)
}

fn json(checkpoints: &[&WorkflowCheckpoint]) -> String {
    // Plain data with text keys is always JSON.
    serde_json::to_string_pretty(checkpoints).unwrap_or_default()
}

fn list(checkpoints: &[WorkflowCheckpoint]) -> String {
    let row = |checkpoint: &WorkflowCheckpoint| {
        let rows = checkpoint.state.iter().map(|state| state.rows).sum();
        let (key, saved_at) = (checkpoint.key.to_string(), checkpoint.saved_at.to_string());
        vec![key, status(checkpoint).to_owned(), in_rows(rows), saved_at]
    };
    in_columns(&[Column::left(), Column::left(), Column::right(), Column::left()], checkpoints.iter().map(row))
}

fn in_rows(rows: u64) -> String {
    format!("{} rows", grouped(rows.into()))
}

fn status(checkpoint: &WorkflowCheckpoint) -> &'static str {
    match checkpoint.status {
        CheckpointStatus::Complete => "complete",
        CheckpointStatus::FailedValidation => "failed validation",
    }
}

fn details(checkpoint: &WorkflowCheckpoint) -> String {
    let seconds = checkpoint.elapsed.as_secs_f64();
    let about = [
        ("status", status(checkpoint).to_owned()),
        ("saved at", checkpoint.saved_at.to_string()),
        ("took", format!("{seconds:.2} s")),
        ("run", checkpoint.run_id.clone()),
        ("fingerprint", checkpoint.fingerprint.clone()),
        ("built by", built_by(&checkpoint.built_by)),
    ];
    let about = about.map(|(name, value)| vec![format!("  {name}"), value]);
    let registries = checkpoint.registries.iter().map(|registry| &registry.state);
    let relation = |state: &RelationState| {
        vec![format!("  {}", state.relation), in_rows(state.rows), format!("hash {}", state.hash)]
    };
    let relations = checkpoint.state.iter().chain(registries).map(relation);
    let about = in_columns(&[Column::left(), Column::left()], about);
    let relations = in_columns(&[Column::left(), Column::right(), Column::left()], relations);
    format!("{}\n{about}\n{relations}", checkpoint.key).trim_end().to_owned()
}

/// `embedded`, or `dbt 1.11.16, adapter 1.10.1, engine v1.5.6`.
fn built_by(versions: &BTreeMap<String, String>) -> String {
    let named = ["dbt", "adapter", "engine"].iter().filter_map(|name| Some(format!("{name} {}", versions.get(*name)?)));
    match named.collect::<Vec<_>>().join(", ") {
        named if named.is_empty() => versions.get("runner").cloned().unwrap_or_else(|| "embedded".to_owned()),
        named => named,
    }
}

/// Restores the last checkpoint of a year, or the named one.
fn restore(database: &Path, point: &CheckpointSelector, process: &Process) -> Result<String, Failure> {
    let RestoredRun { to, removed } = planalign::restore(database, point, &process.caller())?;
    Ok(match removed {
        0 => format!("{to} is the last checkpoint; nothing was removed"),
        _ => format!(
            "restored to {to}; {} removed\nreports for years after {} are unchanged until the run rewrites them",
            counted(removed as u64, "later checkpoint"),
            to.year
        ),
    })
}

fn prune(database: &Path, process: &Process) -> Result<String, Failure> {
    let removed = planalign::prune(database, &process.caller())?;
    let ids: Vec<&str> = removed.iter().map(|run| run.run_id.as_str()).collect();
    Ok(if ids.is_empty() {
        "no records of earlier runs".to_owned()
    } else {
        format!("removed the records of {}", ids.join(", "))
    })
}
