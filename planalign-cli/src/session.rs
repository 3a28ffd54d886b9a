//! A database that is held for writing, and a run in it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::thread;

use crossbeam_channel::{Receiver, unbounded};
use planalign_config::Database;
use planalign_config::clock::{Clock, SystemClock};
use planalign_config::ids::{RandomRunIds, RunIds};
use planalign_config::lock::RunLock;
use planalign_dbt::EmbeddedRunner;
use planalign_pipeline::{
    ExecuteOptions, Modules, Outcome, PipelineError, Progress, ProgressTracker, RunPlan, StopSignal, restart_from,
    resume, start,
};
use planalign_registries::duckdb::DuckRunStore;
use planalign_registries::{Fingerprints, RunEvent, RunRecord, RunStatus, RunStore};
use planalign_reporting::{FileReports, MultiYearSummary};

use crate::caller::Caller;
use crate::error::Error;
use crate::input_options::InputOptions;
use crate::input_source::InputSource;
use crate::inputs::Inputs;
use crate::open_run::OpenRun;
use crate::plan::plan;
use crate::run_log::RunLog;
use crate::start_mode::{Start, StartMode, last_year};
use crate::{census_check, mirror_writer, modules, resources};

/// A database whose lock is held. It need not exist yet.
#[derive(Debug)]
pub struct Session<'a> {
    database: PathBuf,
    lock: RunLock,
    caller: Caller<'a>,
}

/// How a run is executed.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// How it begins.
    pub mode: StartMode,
    /// The last year comes from the caller, not from the run that is taken up.
    pub years: Option<RangeInclusive<i32>>,
    /// Directory of the reports.
    pub reports: PathBuf,
    /// Threads of the engine; by default as many as pay.
    pub threads: Option<u16>,
    /// Puts models of parallel-safe stages into another order.
    pub shuffle: Option<u64>,
    /// Whether the run stops at a stage whose rules find an error.
    pub fail_on_validation_error: bool,
    /// Whether a run is taken up that another version of the program or the engine began.
    pub accept_version: bool,
}

/// A run that is ready to be executed.
pub struct PreparedRun<'a> {
    session: Session<'a>,
    database: Database,
    store: DuckRunStore,
    inputs: Inputs,
    runner: EmbeddedRunner,
    plan: RunPlan,
    start: Start,
    run: RunRecord,
    fingerprints: Fingerprints,
    options: RunOptions,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its years.
    pub summary: MultiYearSummary,
    /// What its rules found.
    pub outcome: Outcome,
}

impl<'a> Session<'a> {
    /// Takes the lock of a database.
    pub fn open(database: &Path, caller: Caller<'a>) -> Result<Self, Error> {
        let lock = RunLock::acquire(database, &caller.holder(SystemClock.now()))?;
        caller.probe(database)?;
        Ok(Self { database: database.to_owned(), lock, caller })
    }

    /// Loads what a run is made of from its source.
    pub fn inputs(&self, source: InputSource, options: &InputOptions) -> Result<Inputs, Error> {
        // The file is opened for a look, as the size of the census decides how it is to be opened.
        source.inputs(options, || match OpenRun::open(&self.database, &self.caller) {
            Err(Error::NoDatabase(_) | Error::NothingToReport { .. }) => Err(PipelineError::NothingToResume.into()),
            opened => opened.map(|OpenRun { store, run, .. }| (store, run)),
        })
    }

    /// Opens the database and makes sure that the run can begin. What the database holds is as it was until the run does.
    pub fn prepare(mut self, mut inputs: Inputs, options: RunOptions) -> Result<PreparedRun<'a>, Error> {
        let is_new = !self.database.exists();
        let database = Database::open(&self.database, &resources::database_options(options.threads, &inputs))?;
        if is_new {
            // Whoever removes a database is done with its runs.
            mirror_writer::forget(&self.database);
        }
        let store = DuckRunStore::open(database.clone())?;
        if options.mode != StartMode::Restart
            && let Some(lost) = mirror_writer::lost_run(&self.database, &store.runs()?)
        {
            return Err(lost);
        }
        let start = options.mode.resolve(&store)?;
        if let (None, Some(run)) = (&options.years, start.taken_up()) {
            let settings = &mut inputs.config.settings.simulation;
            settings.end_year = last_year(run, settings.end_year);
        }
        let runner = inputs.runner(&database)?;
        let plan = plan(options.shuffle, &inputs, &runner, &database)?;
        if let Start::Anew { replaced: Some(run) } = &start {
            if matches!(options.mode, StartMode::FromYear(_)) && plan.start_year() != run.start_year {
                let (recorded, asked, committed) = (run.start_year, plan.start_year(), run.end_year);
                return Err(PipelineError::OtherYears { recorded, asked, committed }.into());
            }
            // What is there is kept until it is sure that something can take its place.
            census_check::refuse(&inputs)?;
        }
        let fingerprints = inputs.to_record(&runner, &database.engine_version()?)?;
        let committed = start.committed(&store)?;
        let years = plan.end_year() - committed.unwrap_or(plan.start_year() - 1);
        let years = u64::try_from(years).unwrap_or(0);
        resources::refuse_too_little(&self.database, inputs.census.rows, years, committed.is_none())?;
        let run = match start.taken_up() {
            None => new_run(&inputs, &plan, &database)?,
            Some(run) => run.clone(),
        };
        self.lock.update(&run.run_id)?;
        Ok(PreparedRun { session: self, database, store, inputs, runner, plan, start, run, fingerprints, options })
    }
}

impl PreparedRun<'_> {
    /// Executes the run. Every event is handed to `on_event` with how far the run is, on a thread beside it.
    pub fn execute(
        mut self,
        stop: &StopSignal,
        on_event: &mut (dyn FnMut(&RunEvent, Progress) + Send),
    ) -> Result<Finished, Error> {
        let (path, run_id) = (&self.session.database, &self.run.run_id);
        let (sender, events) = unbounded();
        let (saved, checkpoints) = unbounded();
        let log = RunLog::open(path, run_id);
        let tracker = ProgressTracker::new(&self.plan);
        let options = ExecuteOptions {
            fail_on_validation_error: self.options.fail_on_validation_error,
            by: self.session.caller.by(),
            accept_version: self.options.accept_version,
            stop: stop.clone(),
            saved,
            witness: mirror_writer::witness(path, run_id, &self.store)?,
            ..ExecuteOptions::new(self.inputs.vars.clone(), sender)
        };
        let mut reports = FileReports::new(
            self.database.clone(),
            Box::new(DuckRunStore::open(self.database.clone())?),
            &self.options.reports,
        );
        let modules = Modules {
            unit: &mut self.database.clone(),
            runner: &mut self.runner,
            registries: modules::registries(&self.database)?,
            rules: modules::rules(&self.inputs, &self.database)?,
            store: &mut self.store,
            reports: &mut reports,
        };
        let (plan, fingerprints) = (self.plan.clone(), &self.fingerprints);
        let outcome = thread::scope(|scope| {
            let follower = scope.spawn(move || follow(tracker, log, events, on_event));
            let mirroring = scope.spawn(move || mirror_writer::follow(path, run_id, checkpoints));
            let result = match &self.start {
                Start::Anew { .. } => start(&plan, &self.run, fingerprints, modules, &options),
                Start::Resume(_) => resume(plan, fingerprints, modules, &options),
                Start::FromYear(_, year) => restart_from(*year, plan, fingerprints, modules, &options),
            };
            // Those who follow end when nobody can send any more.
            drop(options);
            if follower.join().and(mirroring.join()).is_err() {
                log::warn!("the progress display or the mirror failed; the run is not affected");
            }
            result
        })?;
        mirror_writer::align(path, run_id, &self.store)?;
        let summary = reports.summary(run_id, self.plan.start_year(), self.plan.end_year())?;
        Ok(Finished { summary, outcome })
    }
}

/// Writes the log of a run and hands its events on, until the sender is gone.
fn follow(
    mut tracker: ProgressTracker,
    mut log: RunLog,
    events: Receiver<RunEvent>,
    on_event: &mut (dyn FnMut(&RunEvent, Progress) + Send),
) {
    for event in events {
        log.write(&event);
        on_event(&event, tracker.observe(&event));
    }
}

fn new_run(inputs: &Inputs, plan: &RunPlan, database: &Database) -> Result<RunRecord, Error> {
    let settings = &inputs.config.settings;
    let now = SystemClock.now();
    Ok(RunRecord {
        run_id: RandomRunIds.next(now),
        scenario_id: settings.scenario_id.as_str().to_owned(),
        plan_design_id: settings.plan_design_id.as_str().to_owned(),
        start_year: plan.start_year(),
        end_year: plan.end_year(),
        seed: settings.simulation.random_seed.into(),
        started_at: now,
        status: RunStatus::Running,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: database.engine_version()?,
    })
}
