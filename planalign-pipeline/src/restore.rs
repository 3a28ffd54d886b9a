//! Restores a run to a checkpoint, removing everything later in one transaction.

use std::time::Duration;

use jiff::Timestamp;
use planalign_config::full_message;
use planalign_dbt::NodeResult;
use planalign_registries::{
    CheckpointKey, JournalView, RunEvent, RunEventKind, RunStatus, WorkflowCheckpoint, highest_sequence,
};

use crate::error::PipelineError;
use crate::journal::Journal;
use crate::modules::Storage;
use crate::verification::{require, require_first, stage_relations};

/// Restores the run in the store to a checkpoint and records that. Returns the remaining checkpoints.
///
/// The remaining checkpoints must verify; if they don't, or anything else fails, nothing changes.
pub fn restore(
    to: &CheckpointKey,
    mut storage: Storage<'_, '_>,
    now: &dyn Fn() -> Timestamp,
) -> Result<Vec<WorkflowCheckpoint>, PipelineError> {
    let run = storage.store.current_run()?.ok_or(PipelineError::NothingToResume)?;
    let mut checkpoints = storage.store.checkpoints(&run.run_id)?;
    let Some(at) = checkpoints.iter().position(|c| c.key == *to) else {
        return Err(PipelineError::NoCheckpoint { wanted: to.clone() });
    };
    // Verified before writing, because damaged data may not even be removable.
    require_first(at + 1, &checkpoints, storage.registries, storage.store)?;
    if at + 1 == checkpoints.len() {
        return Ok(checkpoints);
    }
    let events = storage.store.events(&run.run_id)?;
    let kind = restored(to, &checkpoints[at + 1..], highest_sequence(&checkpoints, &events));
    checkpoints.truncate(at + 1);
    let sequence = JournalView::new(&events).last_sequence() + 1;
    let event = RunEvent { sequence, run_id: run.run_id.clone(), timestamp: now(), since_start: Duration::ZERO, kind };
    storage.atomically(|storage| {
        storage.rewind(&checkpoints)?;
        storage.store.record(&[event])?;
        Ok(storage.store.update_run(&run.run_id, RunStatus::Interrupted, run.end_year)?)
    })?;
    Ok(checkpoints)
}

/// The event that records a restore to `to` and the removal of these checkpoints.
pub(crate) fn restored(to: &CheckpointKey, removed: &[WorkflowCheckpoint], last_sequence: u64) -> RunEventKind {
    RunEventKind::RunRestored { to: to.clone(), removed: removed.len(), last_sequence }
}

impl Storage<'_, '_> {
    /// Removes everything after the last of these checkpoints and verifies the rest.
    pub(crate) fn rewind(&mut self, kept: &[WorkflowCheckpoint]) -> Result<(), PipelineError> {
        let year = kept.iter().rev().find(|c| !c.registries.is_empty()).map(|c| c.key.year);
        for registry in self.registries.iter_mut() {
            registry.restore(year)?;
        }
        self.store.forget_after(kept.last())?;
        require(kept, self.registries, self.store)
    }

    /// Rebuilds damaged registries from the events, which are intact. Fails with `damage` if it isn't a registry's, or if the
    /// rebuilt registries don't verify.
    pub(crate) fn rebuild_registries(
        &mut self,
        damage: PipelineError,
        checkpoints: &[WorkflowCheckpoint],
        start_year: i32,
        journal: &mut Journal<'_>,
    ) -> Result<(), PipelineError> {
        if !matches!(damage, PipelineError::StateInconsistency(_)) {
            return Err(damage);
        }
        let event = journal.prepare(RunEventKind::RegistriesRebuilt { cause: damage.to_string() });
        let rebuilt = self.atomically(|storage| {
            for checkpoint in checkpoints.iter().filter(|checkpoint| !checkpoint.registries.is_empty()) {
                for registry in storage.registries.iter_mut() {
                    registry.update(checkpoint.key.year, start_year)?;
                }
            }
            require(checkpoints, storage.registries, storage.store)?;
            Ok(storage.store.record(journal.unwritten())?)
        });
        if let Err(error) = rebuilt {
            log::debug!("the registries cannot be rebuilt: {}", full_message(&error));
            return Err(damage);
        }
        journal.written();
        journal.publish(&event);
        Ok(())
    }

    /// Updates the checkpoints with the current state of rebuilt relations.
    pub(crate) fn record_rebuilt(
        &mut self,
        checkpoints: &mut [WorkflowCheckpoint],
        built: &[NodeResult],
    ) -> Result<(), PipelineError> {
        let relations = stage_relations(built);
        for checkpoint in checkpoints {
            let year = checkpoint.key.year;
            let mut has_changed = false;
            for state in checkpoint.state.iter_mut().filter(|state| relations.contains(&state.relation)) {
                if let Some(now) = self.store.state(std::slice::from_ref(&state.relation), year)?.pop() {
                    *state = now;
                    has_changed = true;
                }
            }
            if has_changed {
                self.store.replace_checkpoint(checkpoint)?;
            }
        }
        Ok(())
    }
}
