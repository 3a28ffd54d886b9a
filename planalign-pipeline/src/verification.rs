//! Whether what was committed is still there.

use planalign_config::Fault;
use planalign_registries::{Checkpoint, CheckpointKey, Registry, RelationState, RunStore, StoreError, compare_state};

use crate::error::PipelineError;

/// A checkpoint that was compared with what is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// What is not as it vouches for; `None` if all is.
    pub damage: Option<Damage>,
}

/// Something that is not as a checkpoint vouches for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A table.
    #[error("{0}")]
    Table(String),
    /// A registry.
    #[error("the {registry} registry: {what}")]
    Registry {
        /// Registry.
        registry: String,
        /// What differs.
        what: String,
    },
}

/// Compares every table and registry with the checkpoints of a run, in their order.
pub fn verify<'r>(
    checkpoints: &[Checkpoint],
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn RunStore,
) -> Result<Vec<Verified>, PipelineError> {
    let mut all = Vec::new();
    for (i, checkpoint) in checkpoints.iter().enumerate() {
        let damage = damage(&without_replaced(checkpoint, &checkpoints[i + 1..]), registries, store)?;
        all.push(Verified { checkpoint: checkpoint.key.clone(), damage });
    }
    Ok(all)
}

/// Fails at the first checkpoint that does not hold.
pub(crate) fn require<'r>(
    checkpoints: &[Checkpoint],
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn RunStore,
) -> Result<(), PipelineError> {
    let mut last_valid = None;
    for Verified { checkpoint, damage } in verify(checkpoints, registries, store)? {
        match damage {
            None => last_valid = Some(checkpoint),
            Some(Damage::Table(cause)) => {
                return Err(PipelineError::CheckpointCorruption { checkpoint, cause, last_valid });
            }
            Some(Damage::Registry { registry, what }) => {
                return Err(PipelineError::StateInconsistency { registry, checkpoint, what, last_valid });
            }
        }
    }
    Ok(())
}

fn damage<'r>(
    checkpoint: &Checkpoint,
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn RunStore,
) -> Result<Option<Damage>, PipelineError> {
    let relations: Vec<String> = checkpoint.state.iter().map(|s| s.relation.clone()).collect();
    let now = match store.state(&relations, checkpoint.key.year) {
        Ok(now) => now,
        // Part of the file is damaged; the rest can be read.
        Err(error) if error.fault() == Fault::Corrupt => {
            return Ok(Some(Damage::Table(unreadable(checkpoint, &relations, &error, store))));
        }
        Err(error) => return Err(error.into()),
    };
    if let Err(cause) = compare_state(checkpoint, &now) {
        return Ok(Some(Damage::Table(cause.to_string())));
    }
    for saved in &checkpoint.registries {
        let registry = registries.iter().find(|r| r.name() == saved.registry);
        let difference = match registry {
            Some(registry) => match registry.snapshot(checkpoint.key.year) {
                Ok(now) => saved.state.difference(&now.state),
                Err(error) if error.fault == Fault::Corrupt => Some(error.to_string()),
                Err(error) => return Err(error.into()),
            },
            None => Some("nobody follows it any more".to_owned()),
        };
        if let Some(what) = difference {
            return Ok(Some(Damage::Registry { registry: saved.registry.clone(), what }));
        }
    }
    Ok(None)
}

/// Names the relation that cannot be read.
fn unreadable(checkpoint: &Checkpoint, relations: &[String], error: &StoreError, store: &dyn RunStore) -> String {
    let state = |relation: &&String| store.state(std::slice::from_ref(relation), checkpoint.key.year);
    match relations.iter().find(|relation| state(relation).is_err()) {
        Some(relation) => format!("table {relation} cannot be read: {error}"),
        None => error.to_string(),
    }
}

/// The checkpoint without relations that a later stage built anew, such as a table without a year.
fn without_replaced(checkpoint: &Checkpoint, later: &[Checkpoint]) -> Checkpoint {
    let mut current = checkpoint.clone();
    let is_same = |a: &RelationState, b: &RelationState| a.relation == b.relation && a.year == b.year;
    current.state.retain(|s| !later.iter().any(|c| c.state.iter().any(|l| is_same(l, s))));
    current
}
