//! A run store of plain structs that is its own unit of work.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use planalign_config::{DatabaseError, Fault, UnitOfWork, full_message};

use crate::checkpoint::{CheckpointKey, RelationState, WorkflowCheckpoint};
use crate::run_event::RunEvent;
use crate::run_store::{FindingRows, Fingerprints, RunRecord, RunStatus, RunStore, StoreError};

/// A run store in memory. Clones share their state: one is the store, another the unit of work, and a test keeps a third.
///
/// As in a database, a failure within a unit leaves nothing but rollback, and rollback undoes what `record`,
/// `save_checkpoint` and `forget_after` did, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct InMemoryRunStore {
    inner: Rc<RefCell<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    data: Data,
    /// The data as they were when the open unit began.
    before: Option<Data>,
    poisoned: bool,
    loses_commit: bool,
    eases: VecDeque<String>,
    parallel: bool,
    states: Vec<RelationState>,
    failures: Vec<(&'static str, Fault)>,
    calls: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Data {
    runs: Vec<RunRecord>,
    fingerprints: BTreeMap<String, Fingerprints>,
    events: Vec<RunEvent>,
    checkpoints: Vec<WorkflowCheckpoint>,
}

impl InMemoryRunStore {
    /// Sets what [`state`](RunStore::state) answers for a relation and a year. Relations without an answer are left out,
    /// like relations that are not there.
    pub fn holds(&self, state: RelationState) {
        let states = &mut self.inner.borrow_mut().states;
        states.retain(|s| s.relation != state.relation || s.year != state.year);
        states.push(state);
    }

    /// Makes the next call of a method fail, by its name: `record`, `save_checkpoint`, `commit` and so on. Several are
    /// used up in their order.
    pub fn fail_next(&self, method: &'static str, fault: Fault) {
        self.inner.borrow_mut().failures.push((method, fault));
    }

    /// Makes the next commit answer success and keep nothing, as a damaged disk might.
    pub fn lose_next_commit(&self) {
        self.inner.borrow_mut().loses_commit = true;
    }

    /// Sets what can be tried when memory runs out, in this order.
    pub fn can_ease_memory(&self, ways: &[&str]) {
        self.inner.borrow_mut().eases = ways.iter().map(|way| (*way).to_owned()).collect();
    }

    /// Lets statements work on several threads, until they are told not to.
    pub fn works_in_parallel(&self) {
        self.inner.borrow_mut().parallel = true;
    }

    /// The calls that write, in order, for example `begin`, `record 3`, `save_checkpoint 2025/FOUNDATION`, `commit`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.inner.borrow().calls.clone()
    }

    /// Logs a call, and fails if the unit is poisoned or a failure was asked for.
    fn enter(&self, method: &'static str, call: String) -> Result<RefMut<'_, Inner>, StoreError> {
        let mut inner = self.inner.borrow_mut();
        inner.calls.push(call);
        inner.failure(method)?;
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

    /// Changes the data whatever becomes of the open unit.
    fn outside(&mut self, change: impl Fn(&mut Data)) {
        change(&mut self.data);
        if let Some(before) = &mut self.before {
            change(before);
        }
    }
}

impl RunStore for InMemoryRunStore {
    fn current_run(&self) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.runs()?.pop())
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.borrow_mut().failure("runs")?;
        Ok(self.inner.borrow().data.runs.clone())
    }

    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        self.enter("begin_run", format!("begin_run {}", run.run_id))?.outside(|data| {
            data.runs.push(run.clone());
            data.fingerprints.insert(run.run_id.clone(), fingerprints.clone());
        });
        Ok(())
    }

    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError> {
        let mut inner = self.enter("update_run", format!("update_run {status:?} {end_year}"))?;
        if !inner.data.runs.iter().any(|r| r.run_id == run_id) {
            return Err(StoreError::Damaged { what: "a run".to_owned(), cause: "it is not there".to_owned() });
        }
        for run in inner.data.runs.iter_mut().filter(|r| r.run_id == run_id) {
            (run.status, run.end_year) = (status, end_year);
        }
        Ok(())
    }

    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError> {
        let mut inner = self.enter("replace_fingerprints", format!("replace_fingerprints {run_id}"))?;
        inner.data.fingerprints.insert(run_id.to_owned(), fingerprints.clone());
        Ok(())
    }

    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        self.inner.borrow_mut().failure("fingerprints")?;
        Ok(self.inner.borrow().data.fingerprints.get(run_id).cloned().unwrap_or_default())
    }

    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError> {
        let mut all = self.fingerprints(run_id)?;
        all.0.retain(|kind, _| Fingerprints::KEPT.contains(&kind.as_str()));
        Ok(all)
    }

    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        self.enter("record", format!("record {}", events.len()))?.data.events.extend_from_slice(events);
        Ok(())
    }

    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError> {
        let mut inner = self.enter("record_outside", format!("record_outside {}", events.len()))?;
        inner.outside(|data| data.events.extend_from_slice(events));
        Ok(())
    }

    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError> {
        self.inner.borrow_mut().failure("events")?;
        let mut events = self.inner.borrow().data.events.clone();
        events.retain(|e| e.run_id == run_id);
        events.sort_by_key(|e| e.sequence);
        Ok(events)
    }

    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError> {
        self.inner.borrow_mut().failure("state")?;
        let inner = self.inner.borrow();
        let answer = |relation: &String| {
            inner.states.iter().find(|s| s.relation == *relation && s.year.is_none_or(|y| y == year)).cloned()
        };
        Ok(relations.iter().filter_map(answer).collect())
    }

    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        let mut inner = self.enter("save_checkpoint", format!("save_checkpoint {}", checkpoint.key))?;
        inner.data.checkpoints.push(checkpoint.clone());
        Ok(())
    }

    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError> {
        let mut inner = self.enter("replace_checkpoint", format!("replace_checkpoint {}", checkpoint.key))?;
        let checkpoints = &mut inner.data.checkpoints;
        checkpoints.retain(|c| c.run_id != checkpoint.run_id || c.key != checkpoint.key);
        checkpoints.push(checkpoint.clone());
        checkpoints.sort_by_key(|c| c.sequence);
        Ok(())
    }

    fn save_finding_rows(
        &mut self,
        _run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError> {
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        self.enter("save_finding_rows", format!("save_finding_rows {key} {}", rules.join(" ")).trim_end().to_owned())?;
        Ok(())
    }

    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError> {
        self.inner.borrow_mut().failure("checkpoints")?;
        let mut checkpoints = self.inner.borrow().data.checkpoints.clone();
        checkpoints.retain(|c| c.run_id == run_id);
        Ok(checkpoints)
    }

    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError> {
        let label = point.map_or_else(|| "nothing".to_owned(), |point| point.key.to_string());
        let mut inner = self.enter("forget_after", format!("forget_after {label}"))?;
        inner.data.checkpoints.retain(|c| point.is_some_and(|last| c.sequence <= last.sequence));
        Ok(())
    }

    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError> {
        let mut replaced = self.runs()?;
        replaced.pop();
        let is_replaced = |run_id: &str| replaced.iter().any(|run| run.run_id == run_id);
        self.enter("prune", format!("prune {}", replaced.len()))?.outside(|data| {
            data.runs.retain(|run| !is_replaced(&run.run_id));
            data.fingerprints.retain(|run_id, _| !is_replaced(run_id));
            data.events.retain(|event| !is_replaced(&event.run_id));
            data.checkpoints.retain(|checkpoint| !is_replaced(&checkpoint.run_id));
        });
        Ok(replaced)
    }

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
        inner.failure("rollback").map_err(|e| unit_error(&e))
    }

    fn ease_memory(&mut self) -> Result<Option<String>, DatabaseError> {
        Ok(self.inner.borrow_mut().eases.pop_front())
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
