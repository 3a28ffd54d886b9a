//! `planalign checkpoint verify`: whether what was committed is still there.

use planalign_pipeline::Verified;
use planalign_registries::{CheckpointMirror, RunStore, Witnessed, highest_sequence};
use serde_json::json;

use crate::args::{OutputFormat, StatusArgs};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::recorded::Recorded;
use crate::{say, simulate};

/// Compares every table and registry with the checkpoints, and the checkpoints with their mirror. Writes nothing.
pub(super) fn run(args: &StatusArgs) -> Result<ExitCode, Failure> {
    let Recorded { database, store, run } = Recorded::open(&args.database)?;
    let checkpoints = store.checkpoints(&run.run_id)?;
    let verified = planalign_pipeline::verify(&checkpoints, &simulate::registries(&database)?, &store)?;
    let known = highest_sequence(&checkpoints, &store.events(&run.run_id)?);
    let mirror = CheckpointMirror::new(&args.database, &run.run_id);
    let lost = mirror.last().filter(|witnessed| witnessed.sequence > known);
    // What the run depends on must still be readable, or it could not go on.
    store.kept_inputs(&run.run_id)?;
    say(&match args.format {
        OutputFormat::Json => json(&verified, lost.as_ref()),
        OutputFormat::Table => table(&verified, lost.as_ref()),
    })?;
    let is_whole = lost.is_none() && verified.iter().all(|checkpoint| checkpoint.damage.is_none());
    Ok(if is_whole { ExitCode::Done } else { ExitCode::Corrupt })
}

/// The last checkpoint such that all up to it verify.
fn last_valid(verified: &[Verified]) -> Option<&Verified> {
    verified.iter().take_while(|checkpoint| checkpoint.damage.is_none()).last()
}

fn table(verified: &[Verified], lost: Option<&Witnessed>) -> String {
    let line = |Verified { checkpoint, damage }: &Verified| match damage {
        None => format!("{:<26}as it was saved", checkpoint.to_string()),
        Some(damage) => format!("{:<26}damaged: {damage}", checkpoint.to_string()),
    };
    let mut lines: Vec<String> = verified.iter().map(line).collect();
    if let Some(Witnessed { key, .. }) = lost {
        lines.push(format!("{:<26}lost: the mirror names it, the database does not", key.to_string()));
        lines.push("hint: `planalign simulate --resume` computes what was lost again".to_owned());
    }
    match last_valid(verified) {
        Some(valid) if verified.iter().any(|checkpoint| checkpoint.damage.is_some()) => {
            lines.push(format!("hint: `planalign checkpoint restore {}` returns to what is whole", valid.checkpoint));
        }
        None if !verified.is_empty() => {
            lines.push("hint: take a copy from before, or begin anew with `planalign simulate --restart`".to_owned());
        }
        _ => {}
    }
    lines.join("\n")
}

fn json(verified: &[Verified], lost: Option<&Witnessed>) -> String {
    let each = verified.iter().map(|Verified { checkpoint, damage }| {
        json!({ "checkpoint": checkpoint, "damage": damage.as_ref().map(ToString::to_string) })
    });
    let report = json!({
        "checkpoints": each.collect::<Vec<_>>(),
        "last_valid": last_valid(verified).map(|valid| &valid.checkpoint),
        "lost": lost.map(|witnessed| &witnessed.key),
    });
    format!("{report:#}")
}
