//! The store's unit of work, with events from outside after a number of commits.

use planalign_config::{DatabaseError, Handover, UnitOfWork};
use planalign_pipeline::StopSignal;
use planalign_registries::{InMemoryRunStore, RelationState};

use super::Cut;

/// Counts commits.
pub(crate) struct Unit {
    inner: InMemoryRunStore,
    stop: StopSignal,
    commits: usize,
    stop_after: Option<usize>,
    later: Option<(usize, RelationState)>,
}

impl Unit {
    pub(crate) fn new(
        inner: InMemoryRunStore,
        stop: StopSignal,
        cut: Cut,
        later: Option<(usize, RelationState)>,
    ) -> Self {
        let stop_after = if let Cut::StopAfterStages(n) = cut { Some(n) } else { None };
        if stop_after == Some(0) {
            stop.request();
        }
        Self { inner, stop, commits: 0, stop_after, later }
    }
}

impl UnitOfWork for Unit {
    fn begin(&mut self) -> Result<(), DatabaseError> {
        self.inner.begin()
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        self.inner.commit()?;
        self.commits += 1;
        if self.stop_after == Some(self.commits) {
            self.stop.request();
        }
        if let Some((_, state)) = self.later.take_if(|(commits, _)| *commits == self.commits) {
            self.inner.holds(state);
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DatabaseError> {
        self.inner.rollback()
    }

    fn release(&mut self) -> Result<Handover, DatabaseError> {
        self.inner.release()
    }

    fn reacquire(&mut self) -> Result<(), DatabaseError> {
        self.inner.reacquire()
    }

    fn relieve_memory(&mut self) -> Result<Option<String>, DatabaseError> {
        self.inner.relieve_memory()
    }

    fn work_sequentially(&mut self) -> Result<bool, DatabaseError> {
        self.inner.work_sequentially()
    }
}
