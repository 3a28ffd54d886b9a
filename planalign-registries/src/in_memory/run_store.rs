//! A run store in memory that is its own unit of work.

mod checkpoints;
mod journal;
mod runs;

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use planalign_config::{DatabaseError, Fault, Handover, UnitOfWork, full_message};

use crate::checkpoint::{RelationState, WorkflowCheckpoint};
use crate::run_event::RunEvent;
use crate::run_store::{Fingerprints, RunRecord, RunStore, StoreError};

/// A run store in memory. Clones share state: one can be the store, another the unit of work, and a test can keep a third.
///
/// As in a database, only rollback is possible after a failure within a unit, and rollback undoes only `record`,
/// `save_checkpoint`, and `forget_after`.
#[derive(Clone, Debug, Default)]
pub struct InMemoryRunStore {
    inner: Rc<RefCell<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    data: Data,
    /// The data before the open transaction began.
    before: Option<Data>,
    released: Option<Released>,
    poisoned: bool,
    loses_commit: bool,
    reliefs: VecDeque<String>,
    parallel: bool,
    states: Vec<RelationState>,
    failures: Vec<(&'static str, Fault)>,
    calls: Vec<String>,
}

/// A unit with another process's work.
#[derive(Debug)]
struct Released {
    /// What a rollback restores.
    before: (Data, Vec<RelationState>),
    is_back: bool,
}

#[derive(Clone, Debug, Default)]
struct Data {
    runs: Vec<RunRecord>,
    fingerprints: BTreeMap<String, Fingerprints>,
    events: Vec<RunEvent>,
    checkpoints: Vec<WorkflowCheckpoint>,
}

impl InMemoryRunStore {
    /// Sets the result of [`state`](crate::run_store::Checkpoints::state) for a relation and a year. Other relations are omitted,
    /// like relations that don't exist.
    pub fn holds(&self, state: RelationState) {
        let states = &mut self.inner.borrow_mut().states;
        states.retain(|s| s.relation != state.relation || s.year != state.year);
        states.push(state);
    }

    /// Makes the next call of a method fail, by name: `record`, `save_checkpoint`, `commit`, and so on. Several failures occur
    /// in order.
    pub fn fail_next(&self, method: &'static str, fault: Fault) {
        self.inner.borrow_mut().failures.push((method, fault));
    }

    /// Makes the next commit report success but keep nothing, as a damaged disk might.
    pub fn lose_next_commit(&self) {
        self.inner.borrow_mut().loses_commit = true;
    }

    /// Sets what can be tried, in this order, when memory runs out.
    pub fn can_relieve_memory(&self, ways: &[&str]) {
        self.inner.borrow_mut().reliefs = ways.iter().map(|way| (*way).to_owned()).collect();
    }

    /// Makes statements use several threads until told otherwise.
    pub fn works_in_parallel(&self) {
        self.inner.borrow_mut().parallel = true;
    }

    /// Returns the writing calls, in order, such as `begin`, `record 3`, `save_checkpoint 2025/FOUNDATION`, `commit`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.inner.borrow().calls.clone()
    }

    /// Logs a call, and fails if the unit is poisoned or a failure was scripted.
    fn enter(&self, method: &'static str, call: String) -> Result<RefMut<'_, Inner>, StoreError> {
        let mut inner = self.inner.borrow_mut();
        inner.calls.push(call);
        inner.failure(method)?;
        if inner.released.as_ref().is_some_and(|released| !released.is_back) {
            let action = method.replace('_', " ");
            return Err(StoreError::Database { action, cause: DatabaseError::Released });
        }
        Ok(inner)
    }
}

impl Inner {
    fn failure(&mut self, method: &'static str) -> Result<(), StoreError> {
        let error = |fault, cause: &str| {
            let cause = DatabaseError::new(fault, cause);
            Err(StoreError::Database { action: method.replace('_', " "), cause })
        };
        if let Some(at) = self.failures.iter().position(|(m, _)| *m == method) {
            let (_, fault) = self.failures.remove(at);
            self.poisoned |= self.before.is_some() && method != "record_outside";
            return error(fault, "as the test asked");
        }
        if self.poisoned && method != "record_outside" {
            return error(Fault::Deterministic, "a statement of this unit failed; only rollback is possible");
        }
        Ok(())
    }

    /// Changes the data independently of the open unit.
    fn outside(&mut self, change: impl Fn(&mut Data)) {
        change(&mut self.data);
        if let Some(before) = &mut self.before {
            change(before);
        }
    }
}

impl RunStore for InMemoryRunStore {
    fn compact(&mut self) -> Result<(), StoreError> {
        self.enter("compact", "compact".to_owned())?;
        Ok(())
    }
}

impl UnitOfWork for InMemoryRunStore {
    fn begin(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.enter("begin", "begin".to_owned()).map_err(|e| unit_error(&e))?;
        if inner.before.is_some() {
            return Err(refusal("a unit of work is already open"));
        }
        inner.before = Some(inner.data.clone());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.enter("commit", "commit".to_owned()).map_err(|e| unit_error(&e))?;
        let before = inner.before.take().ok_or_else(|| refusal("no unit of work is open"))?;
        inner.released = None;
        if std::mem::take(&mut inner.loses_commit) {
            inner.data = before;
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.inner.borrow_mut();
        inner.calls.push("rollback".to_owned());
        inner.poisoned = false;
        if let Some(before) = inner.before.take() {
            inner.data = before;
        }
        if let Some(Released { before: (data, states), .. }) = inner.released.take() {
            (inner.data, inner.states) = (data, states);
        }
        inner.failure("rollback").map_err(|e| unit_error(&e))
    }

    fn release(&mut self) -> Result<Handover, DatabaseError> {
        let mut inner = self.enter("release", "release".to_owned()).map_err(|e| unit_error(&e))?;
        if inner.before.is_some() || inner.released.is_some() {
            return Err(refusal("a unit of work is already open"));
        }
        inner.released = Some(Released { before: (inner.data.clone(), inner.states.clone()), is_back: false });
        Ok(Handover::default())
    }

    fn reacquire(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.inner.borrow_mut();
        inner.calls.push("reacquire".to_owned());
        inner.failure("reacquire").map_err(|e| unit_error(&e))?;
        let released = inner.released.as_mut().filter(|released| !released.is_back);
        released.ok_or_else(|| refusal("the database was not released"))?.is_back = true;
        Ok(())
    }

    fn relieve_memory(&mut self) -> Result<Option<String>, DatabaseError> {
        Ok(self.inner.borrow_mut().reliefs.pop_front())
    }

    fn work_sequentially(&mut self) -> Result<bool, DatabaseError> {
        Ok(std::mem::take(&mut self.inner.borrow_mut().parallel))
    }
}

fn unit_error(error: &StoreError) -> DatabaseError {
    DatabaseError::new(error.fault(), full_message(error))
}

fn refusal(message: &str) -> DatabaseError {
    DatabaseError::new(Fault::Deterministic, message)
}

#[cfg(test)]
mod tests;
