//! `planalign checkpoint verify`: whether committed data is intact.

use std::fmt;

use planalign::{OpenRun, Verification};
use planalign_config::{Action, Hint, full_message};
use planalign_pipeline::{NOTHING_COMMITTED, VerifiedCheckpoint};
use planalign_registries::MirroredCheckpoint;
use planalign_reporting::columns::{Column, in_columns};
use serde_json::json;

use crate::args::{OutputFormat, StatusArgs};
use crate::caller::Process;
use crate::commands::Commands;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, help};
use crate::say;

/// Compares every table and registry with the checkpoints, and the checkpoints with their mirror. Writes nothing.
pub(super) fn run(args: &StatusArgs, commands: &Commands, process: &Process) -> Result<ExitCode, Failure> {
    let found = OpenRun::open(&args.database, &process.caller())?.verify()?;
    say(&match args.format {
        OutputFormat::Json => json(&found),
        OutputFormat::Table => table(&found, commands),
    })?;
    Ok(if found.is_intact() { ExitCode::Done } else { ExitCode::Corrupt })
}

fn table(found: &Verification, commands: &Commands) -> String {
    let row = |place: &dyn fmt::Display, state: String| vec![place.to_string(), state];
    let verified = found.checkpoints.iter().map(|VerifiedCheckpoint { checkpoint, damage }| {
        row(
            checkpoint,
            damage.as_ref().map_or_else(|| "intact".to_owned(), |damage| format!("damaged: {}", full_message(damage))),
        )
    });
    let lost = found
        .lost
        .iter()
        .map(|MirroredCheckpoint { key, .. }| row(key, "lost: in the mirror, not in the database".to_owned()));
    let inputs =
        found.inputs.iter().map(|cause| row(&"inputs of the run", format!("damaged: {}", full_message(cause))));
    let rows: Vec<_> = verified.chain(lost).chain(inputs).collect();
    let nothing = if found.checkpoints.is_empty() { format!("{NOTHING_COMMITTED}\n") } else { String::new() };
    format!("{nothing}{}\n{}", in_columns(&[Column::left(), Column::left()], rows), help(&hints(found), commands))
}

fn hints(found: &Verification) -> Vec<Hint> {
    let restart = |text: &str| {
        Hint::run(format!("{text}: restore the file from a backup, or start over: {{}}"), [Action::Restart])
    };
    let is_damaged = found.checkpoints.iter().any(|verified| verified.damage.is_some());
    let damaged = match found.last_valid() {
        Some(valid) if is_damaged => Some(Hint::run(
            "to return to the last intact checkpoint, run {}",
            [Action::RestoreCheckpoint(valid.to_string())],
        )),
        None if is_damaged => Some(restart("no checkpoint is intact")),
        _ => None,
    };
    let lost = found.lost.is_some().then(|| Hint::run("to recompute what was lost, run {}", [Action::Resume]));
    let inputs = found.inputs.is_some().then(|| restart("the run cannot be resumed"));
    [damaged, lost, inputs].into_iter().flatten().collect()
}

fn json(found: &Verification) -> String {
    let each = found.checkpoints.iter().map(|VerifiedCheckpoint { checkpoint, damage }| {
        json!({ "checkpoint": checkpoint, "damage": damage.as_ref().map(|damage| full_message(damage)) })
    });
    let report = json!({
        "checkpoints": each.collect::<Vec<_>>(),
        "last_valid": found.last_valid(),
        "lost": found.lost.as_ref().map(|mirrored| &mirrored.key),
        "inputs": found.inputs.as_ref().map(|cause| full_message(cause)),
    });
    format!("{report:#}")
}
