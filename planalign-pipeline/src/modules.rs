//! What an execution works with: the modules behind their traits, and the options.

use crossbeam_channel::{Sender, unbounded};
use jiff::Timestamp;
use planalign_config::{Tables, UnitOfWork};
use planalign_dbt::{ModelRunner, Vars};
use planalign_registries::{MirroredCheckpoint, Registry, RunEvent, RunStore, WorkflowCheckpoint};
use planalign_reporting::{Reports, YearAuditor};
use planalign_validation::Rule;

use crate::error::PipelineError;
use crate::recovery::RecoveryPolicy;
use crate::stop::StopSignal;

/// The modules that an execution works with. All that write to a database share its open transaction with `unit`.
pub struct Modules<'a> {
    /// Begins and ends the transaction of a stage.
    pub unit: &'a mut dyn UnitOfWork,
    /// Builds models.
    pub runner: &'a mut dyn ModelRunner,
    /// Follow the simulation's events across years.
    pub registries: Vec<Box<dyn Registry + 'a>>,
    /// All rules that stages may name.
    pub rules: Vec<Box<dyn Rule + 'a>>,
    /// Keeps checkpoints and the journal.
    pub store: &'a mut dyn RunStore,
    /// What the simulation has written, for rules and reports.
    pub tables: &'a dyn Tables,
    /// Writes the files for people.
    pub reports: &'a mut dyn Reports,
    /// Are told of each year, beside the reports.
    pub reporters: Vec<Box<dyn YearAuditor + 'a>>,
}

impl<'a> Modules<'a> {
    /// Those that hold what is committed.
    pub(crate) fn storage(&mut self) -> Storage<'_, 'a> {
        self.storage_and_runner().0
    }

    pub(crate) fn storage_and_runner(&mut self) -> (Storage<'_, 'a>, &mut dyn ModelRunner) {
        (Storage { unit: self.unit, registries: &mut self.registries, store: self.store }, self.runner)
    }
}

/// The modules that hold what is committed.
pub struct Storage<'s, 'r> {
    /// Begins and ends the transaction.
    pub unit: &'s mut dyn UnitOfWork,
    /// Follow the simulation's events across years.
    pub registries: &'s mut [Box<dyn Registry + 'r>],
    /// Keeps checkpoints and the journal.
    pub store: &'s mut dyn RunStore,
}

impl Storage<'_, '_> {
    /// Makes changes that take effect together, or not at all.
    pub(crate) fn atomically(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        self.unit.begin()?;
        let changed = change(self).and_then(|()| Ok(self.unit.commit()?));
        if changed.is_err()
            && let Err(error) = self.unit.rollback()
        {
            // The engine undoes an open transaction when its connection ends; the first failure is the one to report.
            log::warn!("cannot roll back: {error}");
        }
        changed
    }
}

/// How to execute.
pub struct ExecuteOptions<'a> {
    /// Variables of every model; `simulation_year` is added.
    pub vars: Vars,
    /// Whether a stage whose rules find errors ends the run.
    pub fail_on_validation_error: bool,
    /// What is done after a failure.
    pub recovery: RecoveryPolicy,
    /// Asks the run to stop.
    pub stop: StopSignal,
    /// Waits before a retry.
    pub pause: &'a dyn Fn(std::time::Duration),
    /// Wall-clock time.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Receives every event.
    pub events: Sender<RunEvent>,
    /// Receives every checkpoint once it is committed.
    pub saved: Sender<WorkflowCheckpoint>,
    /// The last checkpoint that the mirror of the run names, when it is taken up.
    pub last_mirrored: Option<MirroredCheckpoint>,
    /// Who executes, for the journal.
    pub by: String,
    /// Whether a run may be taken up with another version of the program or the engine.
    pub accept_version: bool,
    /// Puts models of parallel-safe stages into another order that the graph allows.
    pub shuffle: Option<u64>,
}

impl ExecuteOptions<'_> {
    /// The usual: errors that rules find do not end the run, failures are handled as [`RecoveryPolicy::default`] says, time is the
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
            // Nobody keeps the other end.
            saved: unbounded().0,
            last_mirrored: None,
            by: String::new(),
            accept_version: false,
            shuffle: None,
        }
    }
}
