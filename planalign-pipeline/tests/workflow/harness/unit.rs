//! The store's unit of work, with someone who asks the run to stop after a number of commits.

use planalign_config::{UnitError, UnitOfWork};
use planalign_pipeline::StopSignal;
use planalign_registries::InMemoryRunStore;

use super::Cut;

/// Counts commits.
pub(crate) struct Unit {
    inner: InMemoryRunStore,
    stop: StopSignal,
    commits: usize,
    stop_after: Option<usize>,
}

impl Unit {
    pub(crate) fn new(inner: InMemoryRunStore, stop: StopSignal, cut: Cut) -> Self {
        let stop_after = if let Cut::StopAfterStages(n) = cut { Some(n) } else { None };
        if stop_after == Some(0) {
            stop.request();
        }
        Self { inner, stop, commits: 0, stop_after }
    }
}

impl UnitOfWork for Unit {
    fn begin(&mut self) -> Result<(), UnitError> {
        self.inner.begin()
    }

    fn commit(&mut self) -> Result<(), UnitError> {
        self.inner.commit()?;
        self.commits += 1;
        if self.stop_after == Some(self.commits) {
            self.stop.request();
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), UnitError> {
        self.inner.rollback()
    }
}
