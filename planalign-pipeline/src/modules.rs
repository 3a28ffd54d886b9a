//! The modules that an execution uses, behind traits, and its options.

use crossbeam_channel::{Sender, unbounded};
use jiff::Timestamp;
use planalign_config::{Tables, UnitOfWork};
use planalign_dbt::{ModelRunner, RunnerError, Vars};
use planalign_registries::{MirroredCheckpoint, Registry, RunEvent, RunStore, WorkflowCheckpoint};
use planalign_reporting::{Reports, YearAuditor};
use planalign_validation::Rule;

use crate::error::PipelineError;
use crate::recovery::RecoveryPolicy;
use crate::stop::StopSignal;

/// The modules that an execution uses. All that write to a database share the open transaction of `unit`.
pub struct Modules<'a> {
    /// Begins and ends the transaction of a stage.
    pub unit: &'a mut dyn UnitOfWork,
    /// Builds models.
    pub runner: &'a mut dyn ModelRunner,
    /// Track the simulation's events across years.
    pub registries: Vec<Box<dyn Registry + 'a>>,
    /// All rules that stages may name.
    pub rules: Vec<Box<dyn Rule + 'a>>,
    /// Keeps checkpoints and the journal.
    pub store: &'a mut dyn RunStore,
    /// The tables of the simulation, for rules and reports.
    pub tables: &'a dyn Tables,
    /// Writes the report files.
    pub reports: &'a mut dyn Reports,
    /// Audit each year in addition to the reports.
    pub reporters: Vec<Box<dyn YearAuditor + 'a>>,
}

impl<'a> Modules<'a> {
    /// The modules that store committed data.
    pub(crate) fn storage(&mut self) -> Storage<'_, 'a> {
        self.storage_and_runner().0
    }

    pub(crate) fn storage_and_runner(&mut self) -> (Storage<'_, 'a>, &mut dyn ModelRunner) {
        (Storage { unit: self.unit, registries: &mut self.registries, store: self.store }, self.runner)
    }
}

/// The modules that store committed data.
pub struct Storage<'s, 'r> {
    /// Begins and ends the transaction.
    pub unit: &'s mut dyn UnitOfWork,
    /// Track the simulation's events across years.
    pub registries: &'s mut [Box<dyn Registry + 'r>],
    /// Keeps checkpoints and the journal.
    pub store: &'s mut dyn RunStore,
}

impl Storage<'_, '_> {
    /// Lets another process work on the database. On success, a unit with that work is open for `atomically` to end.
    pub(crate) fn outside<T>(&mut self, work: impl FnOnce() -> Result<T, RunnerError>) -> Result<T, PipelineError> {
        let released = self.unit.release().map_err(PipelineError::from);
        let worked = released.and_then(|_| Ok(work()?)).and_then(|done| {
            self.unit.reacquire()?;
            Ok(done)
        });
        if worked.is_err() {
            self.roll_back();
        }
        worked
    }

    fn roll_back(&mut self) {
        if let Err(error) = self.unit.rollback() {
            // The first failure is reported, and the engine rolls back an open transaction when its connection closes.
            log::info!("the database is rolled back when it closes: {error}");
        }
    }

    /// Makes changes in one transaction: all of them or none.
    pub(crate) fn atomically(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        let began = self.unit.begin().map_err(PipelineError::from);
        let changed = began.and_then(|()| change(self)).and_then(|()| Ok(self.unit.commit()?));
        if changed.is_err() {
            self.roll_back();
        }
        changed
    }
}

/// The options of an execution.
pub struct ExecuteOptions<'a> {
    /// Variables for all models; `simulation_year` is added.
    pub vars: Vars,
    /// Whether a stage with error findings ends the run.
    pub fail_on_validation_error: bool,
    /// How to recover from failures.
    pub recovery: RecoveryPolicy,
    /// Asks the run to stop.
    pub stop: StopSignal,
    /// Waits before a retry.
    pub pause: &'a dyn Fn(std::time::Duration),
    /// Returns the wall-clock time.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Receives every event.
    pub events: Sender<RunEvent>,
    /// Receives every checkpoint once it is committed.
    pub checkpoints: Sender<WorkflowCheckpoint>,
    /// The last checkpoint in the mirror when the run resumes.
    pub last_mirrored: Option<MirroredCheckpoint>,
    /// Who runs the simulation, for the journal.
    pub by: String,
    /// Whether to resume a run started by another version of the program or the engine.
    pub accept_version: bool,
    /// Seed that shuffles the models of parallel-safe stages, within the order of the graph.
    pub shuffle: Option<u64>,
    /// How many models of a parallel-safe stage are built at the same time, at most; at least 1.
    pub workers: usize,
}

impl ExecuteOptions<'_> {
    /// Default options: error findings do not end the run, failures are handled by [`RecoveryPolicy::default`], and time is the
    /// system's.
    #[must_use]
    pub fn new(vars: Vars, events: Sender<RunEvent>) -> Self {
        Self {
            vars,
            fail_on_validation_error: false,
            recovery: RecoveryPolicy::default(),
            stop: StopSignal::default(),
            pause: &std::thread::sleep,
            now: &Timestamp::now,
            events,
            // No receiver.
            checkpoints: unbounded().0,
            last_mirrored: None,
            by: String::new(),
            accept_version: false,
            shuffle: None,
            workers: 1,
        }
    }
}
