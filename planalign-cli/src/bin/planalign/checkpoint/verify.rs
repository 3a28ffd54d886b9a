//! `planalign checkpoint verify`: whether what was committed is still there.

use planalign_pipeline::Verified;
use planalign_registries::{CheckpointKey, CheckpointMirror, RunStore, Witnessed, highest_sequence};
use serde_json::json;

use super::NOTHING_COMMITTED;
use crate::again::Again;
use crate::args::{OutputFormat, StatusArgs};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::recorded::Recorded;
use crate::{say, simulate};

/// Compares every table and registry with the checkpoints, and the checkpoints with their mirror. Writes nothing.
pub(super) fn run(args: &StatusArgs, again: &Again) -> Result<ExitCode, Failure> {
    let Recorded { database, store, run } = Recorded::open(&args.database)?;
    let checkpoints = store.checkpoints(&run.run_id)?;
    let verified = planalign_pipeline::verify(&checkpoints, &simulate::registries(&database)?, &store)?;
    let known = highest_sequence(&checkpoints, &store.events(&run.run_id)?);
    let mirror = CheckpointMirror::new(&args.database, &run.run_id);
    let lost = mirror.last().filter(|witnessed| witnessed.sequence > known);
    let found = Found { verified, lost, inputs: planalign_pipeline::verify_inputs(&run.run_id, &checkpoints, &store)? };
    say(&match args.format {
        OutputFormat::Json => found.json(),
        OutputFormat::Table => found.table(again),
    })?;
    Ok(if found.is_whole() { ExitCode::Done } else { ExitCode::Corrupt })
}

struct Found {
    verified: Vec<Verified>,
    /// What the mirror names beyond them.
    lost: Option<Witnessed>,
    /// What is wrong with the record of what the run depends on.
    inputs: Option<String>,
}

impl Found {
    fn is_whole(&self) -> bool {
        self.lost.is_none() && self.inputs.is_none() && self.verified.iter().all(|found| found.damage.is_none())
    }

    /// The last checkpoint such that all up to it verify.
    fn last_valid(&self) -> Option<&CheckpointKey> {
        let valid = self.verified.iter().take_while(|found| found.damage.is_none());
        valid.last().map(|found| &found.checkpoint)
    }

    fn table(&self, again: &Again) -> String {
        let line = |Verified { checkpoint, damage }: &Verified| match damage {
            None => format!("{:<26}as it was saved", checkpoint.to_string()),
            Some(damage) => format!("{:<26}damaged: {damage}", checkpoint.to_string()),
        };
        let mut lines: Vec<String> = self.verified.iter().map(line).collect();
        if lines.is_empty() {
            lines.push(NOTHING_COMMITTED.to_owned());
        }
        if let Some(Witnessed { key, .. }) = &self.lost {
            lines.push(format!("{:<26}lost: the mirror names it, the database does not", key.to_string()));
            lines.push(format!("hint: `{}` computes what was lost again", again.resume()));
        }
        let anew = again.restart();
        if let Some(cause) = &self.inputs {
            lines.push(format!("{:<26}damaged: {cause}", "what the run depends on"));
            lines.push(format!("hint: the run cannot go on: take a copy from before, or begin anew with {anew}"));
        }
        match self.last_valid() {
            Some(valid) if self.verified.iter().any(|found| found.damage.is_some()) => {
                let restore = again.checkpoint(&format!("restore {valid}"));
                lines.push(format!("hint: `{restore}` returns to what is whole"));
            }
            None if !self.verified.is_empty() => {
                lines.push(format!("hint: take a copy from before, or begin anew with {anew}"));
            }
            _ => {}
        }
        lines.join("\n")
    }

    fn json(&self) -> String {
        let each = self.verified.iter().map(|Verified { checkpoint, damage }| {
            json!({ "checkpoint": checkpoint, "damage": damage.as_ref().map(ToString::to_string) })
        });
        let report = json!({
            "checkpoints": each.collect::<Vec<_>>(),
            "last_valid": self.last_valid(),
            "lost": self.lost.as_ref().map(|witnessed| &witnessed.key),
            "inputs": self.inputs,
        });
        format!("{report:#}")
    }
}
