//! A small project and the in-memory modules of a run, to execute it, interrupt it, and inspect its events.

mod events;
mod unit;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use jiff::Timestamp;
use planalign_config::{InMemoryTables, UnitOfWork};
use planalign_dbt::{InMemoryRunner, Materialization, Vars};
use planalign_pipeline::{
    CheckedWorkflow, ExecuteOptions, Modules, Outcome, PipelineError, PipelineOrchestrator, RecoveryPolicy, RunPlan,
    StopSignal, Storage, Workflow, restore,
};
use planalign_registries::{
    CheckpointKey, FingerprintKind, Fingerprints, InMemoryRegistry, InMemoryRunStore, Journal, MirroredCheckpoint,
    Registry, RelationState, RunEvent, RunRecord, RunStatus, Runs, WorkflowCheckpoint,
};
use planalign_reporting::InMemoryReports;
use planalign_validation::{InMemoryRule, Rule};

pub(crate) use events::{committed_builds, from_stage, render, since};
use unit::Unit;

pub(crate) const FIRST_YEAR: i32 = 2025;
pub(crate) const RULES: [&str; 4] = ["census_rule", "growth_rule", "state_rule", "totals_rule"];

/// Where an execution is interrupted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    Never,
    /// A stop is requested once that many stages are committed.
    StopAfterStages(usize),
    /// A stop is requested when the clock is read that many times; each event reads it.
    StopAtTick(usize),
    /// The process is killed at that clock reading.
    KillAtTick(usize),
}

/// A database and a project, kept across executions.
pub(crate) struct World {
    pub(crate) workflow: Workflow,
    pub(crate) runner: InMemoryRunner,
    pub(crate) store: InMemoryRunStore,
    pub(crate) registries: Vec<InMemoryRegistry>,
    pub(crate) rules: Vec<InMemoryRule>,
    pub(crate) reports: InMemoryReports,
    /// The state of a table after that many commits of an execution.
    pub(crate) later: Option<(usize, RelationState)>,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) start_year: i32,
    pub(crate) end_year: i32,
    pub(crate) shuffle: Option<u64>,
    pub(crate) workers: usize,
    pub(crate) fail_on_validation_error: bool,
    pub(crate) cut: Cut,
    /// Requested pauses, in milliseconds.
    pub(crate) pauses: RefCell<Vec<u128>>,
    /// The reported events of all executions.
    pub(crate) events: Vec<RunEvent>,
    pub(crate) run_id: &'static str,
    /// Whether the journal may contain events that were not reported.
    pub(crate) journal_may_have_more: bool,
    /// How many model failures were requested.
    pub(crate) requested_failures: usize,
    /// The last checkpoint in the mirror.
    pub(crate) last_mirrored: Option<MirroredCheckpoint>,
    pub(crate) accept_version: bool,
    /// The start year in the settings, if it differs from that of the run.
    pub(crate) settings_start_year: Option<i32>,
    /// Checkpoints sent to the mirror, over all executions.
    pub(crate) mirrored: Vec<WorkflowCheckpoint>,
}

/// How an execution starts.
#[derive(Clone, Copy, Debug)]
enum Start {
    New,
    Resume,
    RestartFrom(i32),
}

impl World {
    /// The small project: `levels` and `census` once, then each year `base`, three event models, `events`, `snapshot`.
    pub(crate) fn new(end_year: i32) -> Self {
        let runner = InMemoryRunner::new()
            .with_node("seeds", "levels", Materialization::Seed, &[])
            .with_node("models/initialization", "census", Materialization::Table, &["levels"])
            .with_node("models/foundation", "base", Materialization::Incremental, &["census"])
            .with_node("models/event_generation", "hires", Materialization::Incremental, &["base"])
            .with_node("models/event_generation", "exits", Materialization::Incremental, &["base"])
            .with_node("models/event_generation", "raises", Materialization::Incremental, &["base", "hires"])
            .with_node("models/state_accumulation", "events", Materialization::Incremental, &["exits", "raises"])
            .with_node("models/validation", "snapshot", Materialization::View, &["events"]);
        let workflow = serde_json::from_str(include_str!("harness/workflow.json")).expect("workflow");
        let world = Self::with_project(workflow, runner, end_year);
        world.holds("levels", None, 5);
        world.holds("census", None, 100);
        for year in FIRST_YEAR..=FIRST_YEAR + 9 {
            for model in ["base", "hires", "exits", "raises", "events"] {
                world.holds(model, Some(year), 10);
            }
            world.registries[0].holds(year, 40);
        }
        world
    }

    /// A world with another workflow and project.
    pub(crate) fn with_project(workflow: Workflow, runner: InMemoryRunner, end_year: i32) -> Self {
        Self {
            workflow,
            runner,
            store: InMemoryRunStore::default(),
            registries: vec![InMemoryRegistry::new("enrollment"), InMemoryRegistry::new("escalation")],
            rules: RULES.map(InMemoryRule::new).into(),
            reports: InMemoryReports::default(),
            later: None,
            fingerprints: fingerprints("0.02"),
            start_year: FIRST_YEAR,
            end_year,
            shuffle: None,
            workers: 1,
            fail_on_validation_error: false,
            cut: Cut::Never,
            pauses: RefCell::default(),
            events: Vec::new(),
            run_id: "run-1",
            journal_may_have_more: false,
            requested_failures: 0,
            last_mirrored: None,
            accept_version: false,
            settings_start_year: None,
            mirrored: Vec::new(),
        }
    }

    /// Sets the number of rows of a table for a year.
    pub(crate) fn holds(&self, name: &str, year: Option<i32>, rows: u64) {
        self.store.holds(relation_state(name, year, rows));
    }

    pub(crate) fn plan(&self) -> RunPlan {
        RunPlan::new(&self.checked(), self.start_year, self.end_year, self.shuffle)
    }

    fn checked(&self) -> CheckedWorkflow {
        let names: Vec<String> = self.rules.iter().map(|r| r.name().to_owned()).collect();
        self.workflow.check(&self.runner, &names).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Starts a run that isn't killed.
    pub(crate) fn start(&mut self) -> Result<Outcome, PipelineError> {
        self.execute(Start::New).expect("not killed")
    }

    /// Resumes the run, which isn't killed.
    pub(crate) fn resume(&mut self) -> Result<Outcome, PipelineError> {
        self.execute(Start::Resume).expect("not killed")
    }

    /// Restarts the run from a year; it isn't killed.
    pub(crate) fn restart_from(&mut self, year: i32) -> Result<Outcome, PipelineError> {
        self.execute(Start::RestartFrom(year)).expect("not killed")
    }

    /// Restores the run to a checkpoint.
    pub(crate) fn restore(&mut self, year: i32, stage: &str) -> Result<Vec<WorkflowCheckpoint>, PipelineError> {
        let (mut unit, mut store) = (self.store.clone(), self.store.clone());
        let mut registries = self.boxed_registries();
        let storage = Storage { unit: &mut unit, registries: &mut registries, store: &mut store };
        let key = CheckpointKey { year, stage: stage.to_owned() };
        let left = restore(&key, storage, &|| Timestamp::UNIX_EPOCH)?;
        self.events.extend(self.journal().pop());
        Ok(left)
    }

    fn boxed_registries<'r>(&self) -> Vec<Box<dyn Registry + 'r>> {
        self.registries.iter().map(|r| Box::new(r.clone()) as Box<dyn Registry>).collect()
    }

    /// Starts a run and interrupts it at the cut; the next execution is not interrupted. `None` if it was killed.
    pub(crate) fn start_cut(&mut self, cut: Cut) -> Option<Result<Outcome, PipelineError>> {
        self.cut = cut;
        let end = self.execute(Start::New);
        self.cut = Cut::Never;
        end
    }

    /// Resumes the run and interrupts it at the cut; the next execution is not interrupted. `None` if it was killed.
    pub(crate) fn resume_cut(&mut self, cut: Cut) -> Option<Result<Outcome, PipelineError>> {
        self.cut = cut;
        let end = self.execute(Start::Resume);
        self.cut = Cut::Never;
        end
    }

    /// The journal in the store.
    pub(crate) fn journal(&self) -> Vec<RunEvent> {
        self.store.events(self.run_id).expect("read")
    }

    /// The events of the last execution.
    pub(crate) fn last_events(&self) -> &[RunEvent] {
        since(&self.events, |e| matches!(e.as_str(), "run_started" | "run_resumed"))
    }

    pub(crate) fn status(&self) -> RunStatus {
        self.store.current_run().expect("read").expect("run").status
    }

    /// The models built, with their years, in order, including those rolled back later.
    pub(crate) fn built(&self) -> Vec<(String, i64)> {
        let year = |vars: &Vars| vars["simulation_year"].as_i64().expect("year");
        self.runner.log().iter().map(|run| (run.node.clone(), year(&run.vars))).collect()
    }

    fn execute(&mut self, start: Start) -> Option<Result<Outcome, PipelineError>> {
        let workflow = self.checked();
        let (sender, receiver) = crossbeam_channel::unbounded();
        let (stop, ticks, cut) = (StopSignal::default(), Cell::new(0), self.cut);
        let now = || {
            ticks.set(ticks.get() + 1);
            match cut {
                Cut::StopAtTick(n) if ticks.get() == n => stop.request(),
                Cut::KillAtTick(n) if ticks.get() == n => resume_unwind(Box::new("killed")),
                _ => {}
            }
            Timestamp::UNIX_EPOCH
        };
        let mut unit = Unit::new(self.store.clone(), stop.clone(), cut, self.later.clone());
        let mut store = self.store.clone();
        let registries = self.boxed_registries();
        let (saved, mirrored) = crossbeam_channel::unbounded();
        let modules = Modules {
            unit: &mut unit,
            runner: &mut self.runner,
            registries,
            rules: self.rules.iter().map(|r| Box::new(r.clone()) as Box<dyn Rule>).collect(),
            store: &mut store,
            tables: &InMemoryTables::default(),
            reports: &mut self.reports,
            reporters: Vec::new(),
        };
        let options = ExecuteOptions {
            vars: Vars::from_iter([("cola_rate".to_owned(), 0.02.into())]),
            fail_on_validation_error: self.fail_on_validation_error,
            recovery: RecoveryPolicy::default(),
            stop: stop.clone(),
            pause: &|pause: Duration| self.pauses.borrow_mut().push(pause.as_millis()),
            now: &now,
            events: sender,
            checkpoints: saved,
            last_mirrored: self.last_mirrored.clone(),
            by: "a test".to_owned(),
            accept_version: self.accept_version,
            shuffle: self.shuffle,
            workers: self.workers,
        };
        let record = record(self.run_id, self.settings_start_year.unwrap_or(self.start_year), self.end_year);
        let years = self.start_year..=self.end_year;
        let mut orchestrator = PipelineOrchestrator::new(workflow, record, self.fingerprints.clone(), modules, options);
        let end = catch_unwind(AssertUnwindSafe(|| {
            match start {
                Start::New => orchestrator.execute_multi_year_simulation(years),
                Start::Resume => orchestrator.resume(years),
                Start::RestartFrom(year) => orchestrator.restart_from(year, years),
            }
            .map(|_| orchestrator.outcome())
        }));
        drop(orchestrator);
        self.events.extend(receiver.try_iter());
        self.mirrored.extend(mirrored.try_iter());
        if end.is_err() {
            self.journal_may_have_more = true;
            // As the engine does when the file is reopened.
            self.store.rollback().expect("rollback");
        }
        self.check_journal();
        end.ok()
    }

    /// The journal has no gaps and contains the reported events, unless a killed process could not record them.
    fn check_journal(&self) {
        let journal = self.journal();
        let sequences: Vec<u64> = journal.iter().map(|e| e.sequence).collect();
        assert_eq!(sequences, (1..=journal.len() as u64).collect::<Vec<_>>(), "{}", render(&journal));
        if !self.journal_may_have_more {
            assert_eq!(render(&journal), render(&self.events));
        }
    }
}

/// The state of a table with that name.
pub(crate) fn relation_state(name: &str, year: Option<i32>, rows: u64) -> RelationState {
    let (relation, hash) = (format!("main.{name}"), rows.to_string());
    RelationState { relation, year, rows, hash, engine: "1".to_owned(), sums: Vec::new() }
}

/// The inputs of a run, with one setting that tests change.
pub(crate) fn fingerprints(cola_rate: &str) -> Fingerprints {
    let mut all = Fingerprints::default();
    all.insert(FingerprintKind::Config, [("compensation.cola_rate".to_owned(), cola_rate.to_owned())]);
    all.insert(FingerprintKind::Model, [("model.base".to_owned(), "select 1".to_owned())]);
    all
}

fn record(run_id: &str, start_year: i32, end_year: i32) -> RunRecord {
    RunRecord {
        run_id: run_id.to_owned(),
        scenario_id: "default".to_owned(),
        plan_design_id: "default".to_owned(),
        start_year,
        end_year,
        seed: 42,
        started_at: Timestamp::UNIX_EPOCH,
        status: RunStatus::Running,
        program_version: "0.1.0".to_owned(),
        engine_version: "1".to_owned(),
    }
}

/// Stages of a workflow written as JSON.
pub(crate) fn workflow(stages: &serde_json::Value) -> Workflow {
    serde_json::from_value(serde_json::json!({ "stages": stages })).expect("workflow")
}

/// The names of all rules.
pub(crate) fn rule_names() -> Vec<String> {
    RULES.map(str::to_owned).into()
}
