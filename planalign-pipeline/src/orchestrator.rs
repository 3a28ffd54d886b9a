//! Executes a plan: from a new run, or from where an earlier execution was committed.

use crossbeam_channel::Sender;
use jiff::Timestamp;
use planalign_config::UnitOfWork;
use planalign_dbt::{ModelRunner, Vars};
use planalign_registries::{
    Checkpoint, CheckpointKey, Fingerprints, Registry, RelationState, RunEvent, RunEventKind, RunRecord, RunStatus,
    RunStore, compare_state,
};
use planalign_reporting::Reports;
use planalign_validation::Rule;

use crate::error::PipelineError;
use crate::journal::Journal;
use crate::plan::RunPlan;
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
    /// Writes the files for people.
    pub reports: &'a mut dyn Reports,
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
        }
    }
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Findings of severity error, over the whole run.
    pub errors: u64,
    /// Findings of severity warning, over the whole run.
    pub warnings: u64,
}

/// What a database that is about to be used holds already.
pub fn refuse_present_data(store: &dyn RunStore) -> Result<(), PipelineError> {
    let Some(run) = store.current_run()? else { return Ok(()) };
    let after = store.checkpoints(&run.run_id)?.last().map(|c| c.key.clone());
    let RunRecord { run_id, start_year, end_year, status, .. } = run;
    Err(PipelineError::DataPresent { run_id, start_year, end_year, status, after })
}

/// Executes a plan from its beginning. What an earlier run left in the database is removed first.
pub fn start(
    plan: &RunPlan,
    run: &RunRecord,
    fingerprints: &Fingerprints,
    mut modules: Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Outcome, PipelineError> {
    if modules.store.current_run()?.is_some() {
        forget_everything(&mut modules)?;
    }
    modules.store.begin_run(run, fingerprints)?;
    let mut journal = Journal::new(&run.run_id, 0, options.now, options.events.clone());
    journal.emit(RunEventKind::RunStarted {
        start_year: plan.start_year,
        end_year: plan.end_year,
        stages: plan.stages.len(),
        seed: run.seed,
    });
    Execution {
        run,
        digest: fingerprints.digest(),
        modules,
        options,
        journal,
        after: None,
        checkpoints: 0,
        taken_up: Vec::new(),
    }
    .execute(plan)
}

fn forget_everything(modules: &mut Modules<'_>) -> Result<(), PipelineError> {
    modules.unit.begin()?;
    let mut forget = || -> Result<(), PipelineError> {
        for registry in &mut modules.registries {
            registry.restore(None)?;
        }
        modules.store.forget_after(None)?;
        Ok(modules.unit.commit()?)
    };
    let forgotten = forget();
    if forgotten.is_err()
        && let Err(error) = modules.unit.rollback()
    {
        // The engine undoes an open transaction when its connection ends; the first failure is the one to report.
        log::warn!("what was there could not be restored: {error}");
    }
    forgotten
}

/// Takes up the run that the store holds, after its last committed stage, once it is sure that nothing has changed.
pub fn resume(
    plan: RunPlan,
    fingerprints: &Fingerprints,
    modules: Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Outcome, PipelineError> {
    let mut run = modules.store.current_run()?.ok_or(PipelineError::NothingToResume)?;
    let differences = modules.store.fingerprints(&run.run_id)?.differences(fingerprints);
    if !differences.is_empty() {
        return Err(PipelineError::Changed { differences });
    }
    let checkpoints = modules.store.checkpoints(&run.run_id)?;
    let committed = checkpoints.iter().map(|c| c.key.year).max().unwrap_or(run.start_year);
    if plan.start_year != run.start_year || plan.end_year < committed {
        return Err(PipelineError::OtherYears { recorded: run.start_year, asked: plan.start_year, committed });
    }
    verify(&checkpoints, &modules)?;
    let keys: Vec<CheckpointKey> = checkpoints.iter().map(|c| c.key.clone()).collect();
    let plan = plan.after(&keys);
    run.end_year = plan.end_year;
    modules.store.update_run(&run.run_id, RunStatus::Running, plan.end_year)?;
    let last = modules.store.events(&run.run_id)?.last().map_or(0, |e| e.sequence);
    let mut journal = Journal::new(&run.run_id, last, options.now, options.events.clone());
    let after = keys.last().cloned();
    journal.emit(RunEventKind::RunResumed {
        after: after.clone(),
        start_year: plan.start_year,
        end_year: plan.end_year,
        stages: plan.stages.len() - plan.done,
    });
    let saved = checkpoints.last().map_or(0, |c| c.sequence);
    let digest = fingerprints.digest();
    let execution =
        Execution { run: &run, digest, modules, options, journal, after, checkpoints: saved, taken_up: checkpoints };
    execution.execute(&plan)
}

/// Every table and registry must be what the checkpoints vouch for.
fn verify(checkpoints: &[Checkpoint], modules: &Modules<'_>) -> Result<(), PipelineError> {
    let mut last_valid = None;
    for (i, checkpoint) in checkpoints.iter().enumerate() {
        let current = without_replaced(checkpoint, &checkpoints[i + 1..]);
        let relations: Vec<String> = current.state.iter().map(|s| s.relation.clone()).collect();
        let now = modules.store.state(&relations, checkpoint.key.year)?;
        if let Err(cause) = compare_state(&current, &now) {
            let (checkpoint, cause) = (checkpoint.key.clone(), cause.to_string());
            return Err(PipelineError::CheckpointCorruption { checkpoint, cause, last_valid });
        }
        for saved in &checkpoint.registries {
            let registry = modules.registries.iter().find(|r| r.name() == saved.registry);
            let difference = match registry {
                Some(registry) => saved.state.difference(&registry.snapshot(checkpoint.key.year)?.state),
                None => Some("nobody follows it any more".to_owned()),
            };
            if let Some(what) = difference {
                let (registry, checkpoint) = (saved.registry.clone(), checkpoint.key.clone());
                return Err(PipelineError::StateInconsistency { registry, checkpoint, what });
            }
        }
        last_valid = Some(checkpoint.key.clone());
    }
    Ok(())
}

/// The checkpoint without relations that a later stage built anew, such as a table without a year.
fn without_replaced(checkpoint: &Checkpoint, later: &[Checkpoint]) -> Checkpoint {
    let mut current = checkpoint.clone();
    let is_same = |a: &RelationState, b: &RelationState| a.relation == b.relation && a.year == b.year;
    current.state.retain(|s| !later.iter().any(|c| c.state.iter().any(|l| is_same(l, s))));
    current
}

/// An execution in progress.
pub(crate) struct Execution<'e, 'm> {
    pub(crate) run: &'e RunRecord,
    pub(crate) digest: String,
    pub(crate) modules: Modules<'m>,
    pub(crate) options: &'e ExecuteOptions<'e>,
    pub(crate) journal: Journal<'e>,
    /// The last committed stage.
    pub(crate) after: Option<CheckpointKey>,
    /// Checkpoints saved so far.
    pub(crate) checkpoints: u64,
    /// The checkpoints that a resumed run found.
    pub(crate) taken_up: Vec<Checkpoint>,
}

impl Execution<'_, '_> {
    /// Executes what the plan still has to do and records how it ended.
    fn execute(mut self, plan: &RunPlan) -> Result<Outcome, PipelineError> {
        let (result, status) = match self.run_stages(plan).and_then(|()| self.count_findings()) {
            Ok(outcome) => {
                let Outcome { errors, warnings } = outcome;
                let elapsed_ms = self.journal.elapsed_ms();
                self.journal.emit(RunEventKind::RunFinished { elapsed_ms, errors, warnings });
                (Ok(outcome), RunStatus::Finished)
            }
            Err(PipelineError::Interrupted { after }) => {
                self.journal.emit(RunEventKind::RunInterrupted { after: after.clone() });
                (Err(PipelineError::Interrupted { after }), RunStatus::Interrupted)
            }
            Err(error) => {
                self.journal.emit(RunEventKind::RunFailed { cause: error.to_string() });
                (Err(error), RunStatus::Failed)
            }
        };
        let recorded = self
            .modules
            .store
            .record_outside(self.journal.unwritten())
            .and_then(|()| self.modules.store.update_run(&self.run.run_id, status, plan.end_year));
        match (result, recorded) {
            // The first failure is the one to report; that it could not be written down follows from it.
            (Err(error), _) => Err(error),
            (Ok(outcome), recorded) => Ok(recorded.map(|()| outcome)?),
        }
    }

    fn run_stages(&mut self, plan: &RunPlan) -> Result<(), PipelineError> {
        self.recheck_failed_validation(plan)?;
        self.rewrite_reports(plan)?;
        let mut year_began = self.journal.elapsed_ms();
        for (i, stage) in plan.stages.iter().enumerate().skip(plan.done) {
            if stage.opens_year || i == plan.done {
                year_began = self.journal.elapsed_ms();
                self.journal.emit(RunEventKind::YearStarted { year: stage.year });
            }
            self.run_stage(plan, stage)?;
            if stage.closes_year {
                self.compact(stage.year);
                let elapsed_ms = self.journal.elapsed_ms() - year_began;
                self.journal.emit(RunEventKind::YearFinished { year: stage.year, elapsed_ms });
            }
        }
        Ok(())
    }

    /// Folds the log of the year into the file. All of it is committed, so a failure costs time at the next opening only.
    fn compact(&mut self, year: i32) {
        if let Err(error) = self.modules.store.compact() {
            log::warn!("the log of the database was not folded into its file after {year}: {error}");
        }
    }

    /// The findings of the whole run, also of what earlier executions did, each rule and year at its last word.
    fn count_findings(&mut self) -> Result<Outcome, PipelineError> {
        self.modules.store.record_outside(self.journal.unwritten())?;
        self.journal.written();
        let mut outcome = Outcome::default();
        for event in crate::findings::in_force(&self.modules.store.events(&self.run.run_id)?) {
            match event {
                "error" | "fatal" => outcome.errors += 1,
                "warning" => outcome.warnings += 1,
                _ => {}
            }
        }
        Ok(outcome)
    }

    /// Writes the reports of finished years whose files are gone.
    fn rewrite_reports(&mut self, plan: &RunPlan) -> Result<(), PipelineError> {
        for stage in plan.stages[..plan.done].iter().filter(|s| s.definition.writes_reports) {
            if !self.modules.reports.has_year(stage.year) {
                let path = self.modules.reports.write_year(&self.run.run_id, stage.year)?;
                let path = path.display().to_string();
                self.journal.emit(RunEventKind::ReportWritten { year: Some(stage.year), path });
            }
        }
        Ok(())
    }
}
