//! Verifies that committed data is intact.

use planalign_config::Fault;
use planalign_dbt::NodeResult;
use planalign_registries::{
    CheckpointKey, Checkpoints, RecordDamage, Registry, RelationState, RunEvent, RunEventKind, RunStore, StoreError,
    WorkflowCheckpoint, compare_state,
};

use crate::damage::{Damage, RegistryDamage, TableDamage};
use crate::error::{CheckpointCorruptionError, PipelineError, StateInconsistencyError};

/// The result of comparing a checkpoint with the current tables and registries.
#[derive(Debug)]
pub struct VerifiedCheckpoint {
    /// The checkpoint.
    pub checkpoint: CheckpointKey,
    /// The first mismatch; `None` if intact.
    pub damage: Option<Damage>,
}

/// Compares every table and registry with the checkpoints of a run, in order.
pub fn verify<'r>(
    checkpoints: &[WorkflowCheckpoint],
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn Checkpoints,
) -> Result<Vec<VerifiedCheckpoint>, PipelineError> {
    (0..checkpoints.len()).map(|at| verify_one(at, checkpoints, registries, store)).collect()
}

fn verify_one<'r>(
    at: usize,
    checkpoints: &[WorkflowCheckpoint],
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn Checkpoints,
) -> Result<VerifiedCheckpoint, PipelineError> {
    let checkpoint = &checkpoints[at];
    let damage = damage(&without_replaced(checkpoint, &checkpoints[at + 1..]), registries, store)?;
    Ok(VerifiedCheckpoint { checkpoint: checkpoint.key.clone(), damage })
}

/// Fails at the first checkpoint that is damaged.
pub(crate) fn require<'r>(
    checkpoints: &[WorkflowCheckpoint],
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn Checkpoints,
) -> Result<(), PipelineError> {
    require_first(checkpoints.len(), checkpoints, registries, store)
}

/// Fails at the first damaged one of the first `many` checkpoints; later ones only show which relations were replaced.
pub(crate) fn require_first<'r>(
    many: usize,
    checkpoints: &[WorkflowCheckpoint],
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn Checkpoints,
) -> Result<(), PipelineError> {
    let mut last_valid = None;
    for at in 0..many {
        let VerifiedCheckpoint { checkpoint, damage } = verify_one(at, checkpoints, registries, store)?;
        match damage {
            None => last_valid = Some(checkpoint),
            Some(Damage::Table(cause)) => {
                return Err(CheckpointCorruptionError { checkpoint, cause, last_valid }.into());
            }
            Some(Damage::Registry { registry, cause }) => {
                return Err(StateInconsistencyError { registry, checkpoint, cause, last_valid }.into());
            }
        }
    }
    Ok(())
}

/// Returns the damage to the record of a run's inputs; `None` if it matches the last checkpoint.
pub fn verify_inputs(
    run_id: &str,
    checkpoints: &[WorkflowCheckpoint],
    store: &dyn RunStore,
) -> Result<Option<RecordDamage>, PipelineError> {
    let recorded = match store.fingerprints(run_id).and_then(|compared| Ok((compared, store.kept_inputs(run_id)?))) {
        Ok((compared, _)) => compared,
        Err(error) if is_damage(error.fault()) => return Ok(Some(RecordDamage::Part(Box::new(error)))),
        Err(error) => return Err(error.into()),
    };
    let was_replaced = |event: &RunEvent| matches!(event.kind, RunEventKind::ChangesAccepted { .. });
    let other = checkpoints.last().is_some_and(|last| last.fingerprint != recorded.digest());
    let is_damaged = other && !store.events(run_id)?.iter().any(was_replaced);
    Ok(is_damaged.then_some(RecordDamage::OtherInputs))
}

fn damage<'r>(
    checkpoint: &WorkflowCheckpoint,
    registries: &[Box<dyn Registry + 'r>],
    store: &dyn Checkpoints,
) -> Result<Option<Damage>, PipelineError> {
    let relations: Vec<String> = checkpoint.state.iter().map(|s| s.relation.clone()).collect();
    let now = match store.state(&relations, checkpoint.key.year) {
        Ok(now) => now,
        // Part of the file is damaged, or a table was replaced; the rest is readable.
        Err(error) if is_damage(error.fault()) => {
            return Ok(Some(unreadable(checkpoint, &relations, error, store).into()));
        }
        Err(error) => return Err(error.into()),
    };
    match compare_state(checkpoint, &now) {
        Ok(()) => {}
        Err(StoreError::Mismatch { relation, what, .. }) => {
            return Ok(Some(TableDamage::Differs { relation, what }.into()));
        }
        Err(error) => return Err(error.into()),
    }
    for saved in &checkpoint.registries {
        let registry = registries.iter().find(|r| r.name() == saved.registry);
        let damage = match registry.map(|registry| registry.snapshot(checkpoint.key.year)) {
            Some(Ok(now)) => saved.state.difference(&now.state).map(RegistryDamage::Differs),
            Some(Err(error)) if is_damage(error.fault()) => Some(RegistryDamage::Unreadable(Box::new(error))),
            Some(Err(error)) => return Err(error.into()),
            None => Some(RegistryDamage::Missing),
        };
        if let Some(cause) = damage {
            return Ok(Some(Damage::Registry { registry: saved.registry.clone(), cause }));
        }
    }
    Ok(None)
}

/// Whether an error is permanent on any machine.
fn is_damage(fault: Fault) -> bool {
    matches!(fault, Fault::Corrupt | Fault::Deterministic)
}

/// Names the table that cannot be read.
fn unreadable(
    checkpoint: &WorkflowCheckpoint,
    relations: &[String],
    cause: StoreError,
    store: &dyn Checkpoints,
) -> TableDamage {
    let state = |relation: &&String| store.state(std::slice::from_ref(relation), checkpoint.key.year);
    match relations.iter().find(|relation| state(relation).is_err()) {
        Some(relation) => TableDamage::Unreadable { relation: relation.clone(), cause: Box::new(cause) },
        None => TableDamage::Store(Box::new(cause)),
    }
}

/// The checkpoint without relations that a later stage rebuilt, such as a table without a year.
fn without_replaced(checkpoint: &WorkflowCheckpoint, later: &[WorkflowCheckpoint]) -> WorkflowCheckpoint {
    let mut current = checkpoint.clone();
    let is_same = |a: &RelationState, b: &RelationState| a.relation == b.relation && a.year == b.year;
    current.state.retain(|s| !later.iter().any(|c| c.state.iter().any(|l| is_same(l, s))));
    current
}

/// The built relations, as `schema.name`.
pub(crate) fn stage_relations(built: &[NodeResult]) -> Vec<String> {
    built.iter().filter_map(|r| r.relation.as_ref()).map(|r| format!("{}.{}", r.schema, r.name)).collect()
}
