//! A database locked for writing, and a run in it.

use std::any::Any;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::thread;

use crossbeam_channel::{Receiver, unbounded};
use jiff::Timestamp;
use planalign_config::ids::new_run_id;
use planalign_config::lock::RunLock;
use planalign_config::settings::RunnerKind;
use planalign_config::{Database, full_message};
use planalign_dbt::ModelRunner;
use planalign_pipeline::{
    CheckedWorkflow, ExecuteOptions, ExecutionProgress, Modules, Outcome, PipelineError, PipelineOrchestrator,
    ProgressReporter, RecoveryPolicy, RunPlan, StopSignal, WorkflowWarning,
};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{FingerprintKind, Fingerprints, RunEvent, RunRecord, Runs};
use planalign_reporting::{FileReports, MultiYearSummary, YearAuditor};
use planalign_validation::Rule;

use crate::caller::Caller;
use crate::census_spill::CensusSpill;
use crate::error::Error;
use crate::input_options::InputOptions;
use crate::input_source::InputSource;
use crate::inputs::Inputs;
use crate::mirror_writer::MirrorWriter;
use crate::open_run::OpenRun;
use crate::plan::{checked_workflow, names, plan};
use crate::resources::Resources;
use crate::run_log::RunLog;
use crate::start_mode::{Start, StartMode, last_year};
use crate::{census_check, dbt_executable, mirror_writer, modules, resources, shadows};

/// A database locked for writing. Its file need not exist yet.
#[derive(Debug)]
pub struct Session<'a> {
    database: PathBuf,
    lock: RunLock,
    caller: Caller<'a>,
}

/// How a run is executed.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How the run starts.
    pub mode: StartMode,
    /// The years that the caller requested; with `None`, a resumed run keeps its last year.
    pub years: Option<RangeInclusive<i32>>,
    /// Directory of the reports.
    pub reports: PathBuf,
    /// Engine threads; by default those in the configuration, or else 1 up to [`ONE_THREAD_UP_TO`](Self::ONE_THREAD_UP_TO)
    /// people and all cores for more.
    pub threads: Option<u16>,
    /// How many models of a parallel-safe stage are built at the same time; by default as configured, or else 2 up to
    /// [`ONE_THREAD_UP_TO`](Self::ONE_THREAD_UP_TO) people and 1 for more. Lowered if the cores don't suffice.
    pub workers: Option<u16>,
    /// Who builds the models; by default as configured.
    pub runner: Option<RunnerKind>,
    /// The dbt executable; by default the configured one.
    pub dbt_executable: Option<PathBuf>,
    /// Seed that shuffles the models of parallel-safe stages.
    pub shuffle: Option<u64>,
    /// Whether the run stops at the first stage with an error finding.
    pub fail_on_validation_error: bool,
    /// Whether to resume a run started by another version of the program or the engine.
    pub accept_version: bool,
}

impl RunOptions {
    /// Up to this many people, the engine uses one thread by default.
    pub const ONE_THREAD_UP_TO: u64 = resources::ONE_THREAD_UP_TO;
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            mode: StartMode::New,
            years: None,
            reports: PathBuf::from("reports"),
            threads: None,
            workers: None,
            runner: None,
            dbt_executable: None,
            shuffle: None,
            fail_on_validation_error: false,
            accept_version: false,
        }
    }
}

/// A run that is ready to execute.
pub struct PreparedRun<'s> {
    path: &'s Path,
    lock: &'s mut RunLock,
    by: String,
    database: Database,
    store: DuckRunStore,
    inputs: Inputs,
    /// Removed from the disk with the run.
    _census: Option<CensusSpill>,
    runner: Box<dyn ModelRunner + Send>,
    rules: Vec<Box<dyn Rule + 's>>,
    workflow: CheckedWorkflow,
    plan: RunPlan,
    start: Start,
    run: RunRecord,
    fingerprints: Fingerprints,
    resources: Resources,
    options: RunOptions,
}

/// The result of a finished run.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    /// The summary of its years.
    pub summary: MultiYearSummary,
    /// The number of findings of its rules.
    pub outcome: Outcome,
}

impl<'a> Session<'a> {
    /// Locks a database for writing.
    pub fn open(database: &Path, caller: Caller<'a>) -> Result<Self, Error> {
        let lock = RunLock::acquire(database, &caller.holder(Timestamp::now()))?;
        caller.probe(database)?;
        Ok(Self { database: database.to_owned(), lock, caller })
    }

    /// Loads the inputs of a run from their source.
    pub fn inputs(&self, source: InputSource, options: &InputOptions) -> Result<Inputs, Error> {
        // Opened read-only first, because the size of the census decides the options of the real connection.
        source.inputs(options, || match OpenRun::open(&self.database, &self.caller) {
            Err(Error::NoDatabase(_) | Error::NothingToReport { .. }) => Err(PipelineError::NothingToResume.into()),
            opened => opened.map(|OpenRun { store, run, .. }| (store, run)),
        })
    }

    /// Opens the database and checks that the run can start. Leaves the contents of the database unchanged until it does. The
    /// caller's rules run once all tables of a year exist, and replace built-in rules of the same name.
    pub fn prepare<'s>(
        &'s mut self,
        mut inputs: Inputs,
        options: RunOptions,
        of_caller: Vec<Box<dyn Rule + 's>>,
    ) -> Result<PreparedRun<'s>, Error> {
        let is_new = !self.database.exists();
        if is_new && options.mode.continues() {
            return Err(Error::NoDatabase(self.database.clone()));
        }
        let mut dbt = dbt_executable::open(&inputs, &options, &self.database, &self.caller)?;
        let version = dbt.as_ref().map(|dbt| dbt.dbt_versions().dbt.clone());
        let resources = Resources::new(&options, &inputs, version.as_deref());
        resources.log();
        if let Some(dbt) = &mut dbt {
            dbt.set_engine_threads(resources.threads).map_err(dbt_executable::failed)?;
        }
        let database = Database::open(&self.database, &resources.database_options(&inputs))?;
        if is_new {
            // Without the database, mirrors of its runs are obsolete.
            mirror_writer::forget(&self.database);
        } else {
            shadows::refuse(&database)?;
        }
        let store = DuckRunStore::open(database.clone())?;
        if options.mode != StartMode::Restart
            && let Some(lost) = mirror_writer::lost_run(&self.database, &store.runs()?)
        {
            return Err(lost);
        }
        let start = options.mode.resolve(&store)?;
        let run_id = start.resumed_run().map_or_else(|| new_run_id(Timestamp::now()), |run| run.run_id.clone());
        let census = inputs.spill_census(Some((&self.database, &run_id)))?;
        if let (None, Some(run)) = (&options.years, start.resumed_run()) {
            let settings = &mut inputs.config.settings.simulation;
            settings.end_year = last_year(run, settings.end_year);
        }
        if let Start::New { replaced: Some(run) } = &start {
            let requested = inputs.config.settings.simulation.start_year;
            if matches!(options.mode, StartMode::FromYear(_)) && requested != run.start_year {
                let (recorded, committed) = (run.start_year, run.end_year);
                return Err(PipelineError::YearRangeMismatch { recorded, requested, committed }.into());
            }
            // Keep the existing run until it's certain that the new one can replace it.
            census_check::require_usable_census(&inputs, dbt.as_mut())?;
        }
        let runner: Box<dyn ModelRunner + Send> = match dbt {
            Some(dbt) => Box::new(dbt),
            None => Box::new(inputs.runner(&database)?),
        };
        let names = names(&of_caller);
        let rules = modules::all_rules(&inputs, &database, of_caller)?;
        let workflow = checked_workflow(&inputs, runner.as_ref(), &rules, &names)?;
        let plan = plan(&workflow, &inputs, options.shuffle);
        let fingerprints = inputs.to_record(runner.as_ref(), &database.engine_version()?)?;
        if !is_new {
            shadows::refuse_macros_of(fingerprints.0.get(&FingerprintKind::ProjectFile), &database)?;
        }
        let committed = start.committed(&store)?;
        let years = plan.end_year() - committed.unwrap_or(plan.start_year() - 1);
        let years = u64::try_from(years).unwrap_or(0);
        let copies = u64::from(!runner.joins_unit());
        resources::require_disk_space(&self.database, inputs.census.rows, years, committed.is_none(), copies)?;
        let run = match start.resumed_run() {
            None => new_run(&run_id, &inputs, &plan, &database)?,
            Some(run) => run.clone(),
        };
        Ok(PreparedRun {
            path: &self.database,
            lock: &mut self.lock,
            by: self.caller.by(),
            database,
            store,
            inputs,
            _census: census,
            runner,
            rules,
            workflow,
            plan,
            start,
            run,
            fingerprints,
            resources,
            options,
        })
    }
}

impl<'s> PreparedRun<'s> {
    /// What the run leaves out of the project although nobody said so.
    #[must_use]
    pub fn warnings(&self) -> &[WorkflowWarning] {
        self.workflow.warnings()
    }

    /// Executes the run. Passes every event to `on_event` with the progress of the run, on a separate thread; `reporters` audit
    /// each year in addition to the report files. If `on_event` panics, the run finishes first; then this panics.
    pub fn execute(
        mut self,
        stop: &StopSignal,
        reporters: Vec<Box<dyn YearAuditor + 's>>,
        on_event: &mut (dyn FnMut(&RunEvent, &ExecutionProgress) + Send),
    ) -> Result<FinishedRun, Error> {
        let (path, run_id) = (self.path, self.run.run_id.clone());
        self.lock.update(Some(&run_id))?;
        let (sender, events) = unbounded();
        let (saved, checkpoints) = unbounded();
        let log = RunLog::open(path, &run_id);
        let mirror = MirrorWriter::new(path, &run_id);
        let tracker = ProgressReporter::new(&self.plan);
        let options = ExecuteOptions {
            fail_on_validation_error: self.options.fail_on_validation_error,
            by: self.by,
            accept_version: self.options.accept_version,
            shuffle: self.options.shuffle,
            workers: self.resources.workers,
            stop: stop.clone(),
            checkpoints: saved,
            last_mirrored: mirror.last_mirrored(&self.store)?,
            recovery: recovery(self.runner.as_ref()),
            ..ExecuteOptions::new(self.inputs.vars, sender)
        };
        let modules = Modules {
            unit: &mut self.database.clone(),
            runner: self.runner.as_mut(),
            registries: modules::registries(&self.database)?,
            rules: self.rules,
            store: &mut self.store,
            tables: &self.database,
            reports: &mut FileReports::new(&self.options.reports),
            reporters,
        };
        let mut orchestrator = PipelineOrchestrator::new(self.workflow, self.run, self.fingerprints, modules, options);
        let years = self.plan.start_year()..=self.plan.end_year();
        let (finished, panic) = thread::scope(|scope| {
            let follower = scope.spawn(move || follow(tracker, log, events, on_event));
            let mirroring = scope.spawn(|| mirror.follow(checkpoints));
            let summary = match self.start {
                Start::New { .. } => orchestrator.execute_multi_year_simulation(years),
                Start::Resume(_) => orchestrator.resume(years),
                Start::FromYear(_, year) => orchestrator.restart_from(year, years),
            };
            let outcome = orchestrator.outcome();
            // The threads end once their senders are gone.
            drop(orchestrator);
            let panic = follower.join().unwrap_or_else(Some);
            if mirroring.join().is_err() {
                log::warn!("the mirror of the checkpoints failed; the run is not affected");
            }
            (summary.map(|summary| FinishedRun { summary, outcome }), panic)
        });
        // Between runs, the lock names none.
        if let Err(error) = self.lock.update(None) {
            log::warn!("{}", full_message(&error));
        }
        let finished = finished?;
        mirror.align(&self.store)?;
        match panic {
            Some(panic) => resume_unwind(panic),
            None => Ok(finished),
        }
    }
}

/// Locks of another process on the database last longer than the engine's own.
fn recovery(runner: &dyn ModelRunner) -> RecoveryPolicy {
    if runner.joins_unit() {
        return RecoveryPolicy::default();
    }
    let nanoseconds = Timestamp::now().subsec_nanosecond();
    RecoveryPolicy::patient(f64::from(nanoseconds) / 1e9)
}

/// Logs the events of a run and passes them on until the sender is gone. If `on_event` panics, only the log continues, and the
/// panic is returned.
fn follow(
    mut tracker: ProgressReporter,
    mut log: RunLog,
    events: Receiver<RunEvent>,
    on_event: &mut (dyn FnMut(&RunEvent, &ExecutionProgress) + Send),
) -> Option<Panic> {
    let mut panic = None;
    for event in events {
        log.write(&event);
        let progress = tracker.observe(&event);
        if panic.is_none() {
            panic = catch_unwind(AssertUnwindSafe(|| on_event(&event, &progress))).err();
        }
    }
    panic
}

/// What a panic carries.
type Panic = Box<dyn Any + Send>;

fn new_run(run_id: &str, inputs: &Inputs, plan: &RunPlan, database: &Database) -> Result<RunRecord, Error> {
    let settings = &inputs.config.settings;
    let now = Timestamp::now();
    Ok(RunRecord {
        scenario_id: settings.scenario_id.as_str().to_owned(),
        plan_design_id: settings.plan_design_id.as_str().to_owned(),
        end_year: plan.end_year(),
        seed: settings.simulation.random_seed.into(),
        started_at: now,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: database.engine_version()?,
        ..RunRecord::new(run_id, plan.start_year())
    })
}
