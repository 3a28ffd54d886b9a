//! `planalign checkpoint verify`: whether what was committed is still there.

use planalign::{OpenRun, Verification};
use planalign_pipeline::Verified;
use planalign_registries::Witnessed;
use serde_json::json;

use crate::again::Again;
use crate::args::{OutputFormat, StatusArgs};
use crate::caller::Process;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, NOTHING_COMMITTED};
use crate::say;

/// Compares every table and registry with the checkpoints, and the checkpoints with their mirror. Writes nothing.
pub(super) fn run(args: &StatusArgs, again: &Again, process: &Process) -> Result<ExitCode, Failure> {
    let found = OpenRun::open(&args.database, &process.caller())?.verify()?;
    say(&match args.format {
        OutputFormat::Json => json(&found),
        OutputFormat::Table => table(&found, again),
    })?;
    Ok(if found.is_whole() { ExitCode::Done } else { ExitCode::Corrupt })
}

fn table(found: &Verification, again: &Again) -> String {
    let line = |Verified { checkpoint, damage }: &Verified| match damage {
        None => format!("{:<26}as it was saved", checkpoint.to_string()),
        Some(damage) => format!("{:<26}damaged: {damage}", checkpoint.to_string()),
    };
    let mut lines: Vec<String> = found.checkpoints.iter().map(line).collect();
    if lines.is_empty() {
        lines.push(NOTHING_COMMITTED.to_owned());
    }
    if let Some(Witnessed { key, .. }) = &found.lost {
        lines.push(format!("{:<26}lost: the mirror names it, the database does not", key.to_string()));
        lines.push(format!("hint: `{}` computes what was lost again", again.resume()));
    }
    let anew = again.restart();
    if let Some(cause) = &found.inputs {
        lines.push(format!("{:<26}damaged: {cause}", "what the run depends on"));
        lines.push(format!("hint: the run cannot go on: take a copy from before, or begin anew with {anew}"));
    }
    match found.last_valid() {
        Some(valid) if found.checkpoints.iter().any(|verified| verified.damage.is_some()) => {
            let restore = again.checkpoint(&format!("restore {valid}"));
            lines.push(format!("hint: `{restore}` returns to what is whole"));
        }
        None if !found.checkpoints.is_empty() => {
            lines.push(format!("hint: take a copy from before, or begin anew with {anew}"));
        }
        _ => {}
    }
    lines.join("\n")
}

fn json(found: &Verification) -> String {
    let each = found.checkpoints.iter().map(|Verified { checkpoint, damage }| {
        json!({ "checkpoint": checkpoint, "damage": damage.as_ref().map(ToString::to_string) })
    });
    let report = json!({
        "checkpoints": each.collect::<Vec<_>>(),
        "last_valid": found.last_valid(),
        "lost": found.lost.as_ref().map(|witnessed| &witnessed.key),
        "inputs": found.inputs,
    });
    format!("{report:#}")
}
