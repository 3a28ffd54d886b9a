//! Executes a workflow over years, as a new run or from the last committed stage of an earlier execution.

use std::ops::RangeInclusive;

use planalign_config::full_message;
use planalign_dbt::Flow;
use planalign_registries::{
    CheckpointKey, Fingerprints, JournalView, MirroredCheckpoint, RunEvent, RunEventKind, RunRecord, RunStatus,
    RunStore, StoreError, TimeSpent, WorkflowCheckpoint, highest_sequence,
};
use planalign_reporting::{MultiYearSummary, ReportError, ReportSource, YearAuditor};
use planalign_validation::Severity;

use crate::changes;
use crate::error::PipelineError;
use crate::journal::Journal;
use crate::modules::{ExecuteOptions, Modules};
use crate::plan::RunPlan;
use crate::restore::restored;
use crate::verification::{require, verify_inputs};
use crate::workflow::CheckedWorkflow;

/// The number of findings in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Error and fatal findings in the whole run.
    pub errors: u64,
    /// Warnings in the whole run.
    pub warnings: u64,
}

/// Fails if the database already has a run.
pub fn refuse_existing_run(store: &dyn RunStore) -> Result<(), PipelineError> {
    let Some(run) = store.current_run()? else { return Ok(()) };
    let after = store.checkpoints(&run.run_id)?.last().map(|c| c.key.clone());
    let RunRecord { run_id, start_year, end_year, status, .. } = run;
    Err(PipelineError::RunExists { run_id, start_year, end_year, status, after })
}

/// Coordinates the modules over the stages of each year.
pub struct PipelineOrchestrator<'a> {
    workflow: CheckedWorkflow,
    run: RunRecord,
    fingerprints: Fingerprints,
    modules: Modules<'a>,
    options: ExecuteOptions<'a>,
    outcome: Outcome,
}

impl<'a> PipelineOrchestrator<'a> {
    /// Creates an orchestrator. `run` is the record of a new run except for its last year, and `fingerprints` are the inputs of the
    /// results. Both, and the variables, are for a simulation that starts in the run's first year.
    #[must_use]
    pub fn new(
        workflow: CheckedWorkflow,
        run: RunRecord,
        fingerprints: Fingerprints,
        modules: Modules<'a>,
        options: ExecuteOptions<'a>,
    ) -> Self {
        Self { workflow, run, fingerprints, modules, options, outcome: Outcome::default() }
    }

    /// The plan for these years.
    #[must_use]
    pub fn plan(&self, years: &RangeInclusive<i32>) -> RunPlan {
        RunPlan::new(&self.workflow, *years.start(), *years.end(), self.options.shuffle)
    }

    /// Executes a new run of these years, replacing any earlier run in the database.
    pub fn execute_multi_year_simulation(
        &mut self,
        years: RangeInclusive<i32>,
    ) -> Result<MultiYearSummary, PipelineError> {
        if *years.start() != self.run.start_year {
            return Err(PipelineError::StartYearMismatch {
                configured: self.run.start_year,
                requested: *years.start(),
            });
        }
        refuse_no_years(&years)?;
        let plan = self.plan(&years);
        let run = RunRecord { end_year: plan.end_year, ..self.run.clone() };
        self.outcome = start(&plan, &run, &self.fingerprints, &mut self.modules, &self.options)?;
        self.summary(&years)
    }

    /// Resumes the run in the database through the last of these years. Fails if its inputs have changed.
    pub fn resume(&mut self, years: RangeInclusive<i32>) -> Result<MultiYearSummary, PipelineError> {
        refuse_no_years(&years)?;
        self.outcome = resume(self.plan(&years), &self.fingerprints, &mut self.modules, &self.options)?;
        self.summary(&years)
    }

    /// Reruns the run in the database from a year with the current inputs. Keeps the years before; fails if changes affect them.
    pub fn restart_from(&mut self, year: i32, years: RangeInclusive<i32>) -> Result<MultiYearSummary, PipelineError> {
        refuse_no_years(&years)?;
        self.outcome = restart_from(year, self.plan(&years), &self.fingerprints, &mut self.modules, &self.options)?;
        self.summary(&years)
    }

    /// The findings of the last execution.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn summary(&mut self, years: &RangeInclusive<i32>) -> Result<MultiYearSummary, PipelineError> {
        let Modules { store, tables, reports, .. } = &mut self.modules;
        let run = store.current_run()?.ok_or(PipelineError::NothingToResume)?;
        let source = ReportSource { run_id: &run.run_id, tables: *tables, runs: *store, journal: *store };
        Ok(reports.summary(*years.start(), *years.end(), &source)?)
    }
}

fn refuse_no_years(years: &RangeInclusive<i32>) -> Result<(), PipelineError> {
    let (start, end) = (*years.start(), *years.end());
    if years.is_empty() { Err(PipelineError::NoYears { start, end }) } else { Ok(()) }
}

/// Executes a plan from the start.
fn start(
    plan: &RunPlan,
    run: &RunRecord,
    fingerprints: &Fingerprints,
    modules: &mut Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Outcome, PipelineError> {
    if let Some(replaced) = modules.store.current_run()? {
        modules.storage().atomically(|storage| {
            storage.rewind(&[])?;
            // This run stays on record until the next one is recorded, but is no longer finished.
            Ok(storage.store.update_run(&replaced.run_id, RunStatus::Interrupted, replaced.end_year)?)
        })?;
    }
    modules.store.begin_run(run, fingerprints)?;
    let last_year = modules.store.last_year()?;
    let mut journal = Journal::new(&run.run_id, 0, options.now, options.events.clone());
    journal.emit(RunEventKind::RunStarted {
        start_year: plan.start_year,
        end_year: plan.end_year,
        stages: plan.stages.len(),
        seed: run.seed,
        by: options.by.clone(),
    });
    Execution {
        run,
        digest: fingerprints.digest(),
        modules,
        options,
        journal,
        after: None,
        checkpoints: 0,
        found_checkpoints: Vec::new(),
        spent: TimeSpent::default(),
        workers: options.workers,
        last_year,
    }
    .execute(plan)
}

/// Resumes the run in the store after its last committed stage.
fn resume(
    plan: RunPlan,
    fingerprints: &Fingerprints,
    modules: &mut Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Outcome, PipelineError> {
    let run = modules.store.current_run()?.ok_or(PipelineError::NothingToResume)?;
    let checkpoints = modules.store.checkpoints(&run.run_id)?;
    // Check the years first, because different years also show up as changed settings.
    refuse_other_years(&plan, &run, &checkpoints)?;
    if let Some(lost) = lost(options, &checkpoints, &modules.store.events(&run.run_id)?)
        && plan.end_year < lost.key.year
    {
        // Lost stages are reported and rerun, not dropped.
        let (recorded, requested, committed) = (run.start_year, plan.start_year, lost.key.year);
        return Err(PipelineError::YearRangeMismatch { recorded, requested, committed });
    }
    let differences = modules.store.fingerprints(&run.run_id)?.differences(fingerprints);
    if !differences.is_empty()
        && let Some(cause) = verify_inputs(&run.run_id, &checkpoints, modules.store)?
    {
        // A damaged record isn't a change that the user made.
        return Err(StoreError::Damaged { what: "what the run depends on".to_owned(), cause }.into());
    }
    let changes = changes::accepted(&differences, &run, modules, options)?;
    let mut journal = journal_of(&run, modules, options)?;
    if let Err(damage) = require(&checkpoints, &modules.registries, modules.store) {
        modules.storage().rebuild_registries(damage, &checkpoints, run.start_year, &mut journal)?;
    }
    if let Some(accepted) = changes {
        let event = journal.prepare(accepted);
        modules.storage().atomically(|storage| {
            storage.store.replace_fingerprints(&run.run_id, fingerprints)?;
            Ok(storage.store.record(journal.unwritten())?)
        })?;
        journal.written();
        journal.publish(&event);
    }
    continue_run(plan, run, fingerprints, modules, options, journal, checkpoints)
}

/// Reruns the run in the store from a year with its current inputs.
fn restart_from(
    year: i32,
    plan: RunPlan,
    fingerprints: &Fingerprints,
    modules: &mut Modules<'_>,
    options: &ExecuteOptions<'_>,
) -> Result<Outcome, PipelineError> {
    let run = modules.store.current_run()?.ok_or(PipelineError::NothingToResume)?;
    let mut checkpoints = modules.store.checkpoints(&run.run_id)?;
    refuse_other_years(&plan, &run, &[])?;
    let committed = checkpoints.last().map_or(run.start_year - 1, |c| c.key.year);
    if year <= run.start_year || year > (committed + 1).min(plan.end_year) {
        return Err(PipelineError::NoSuchYear { from_year: year, start_year: run.start_year, committed });
    }
    let differences = modules.store.fingerprints(&run.run_id)?.differences(fingerprints);
    let changes = changes::from_year(year, &differences, &run, modules, options)?;
    let kept = checkpoints.iter().take_while(|c| c.key.year < year).count();
    refuse_other_years(&plan, &run, &checkpoints[..kept])?;
    let mut journal = journal_of(&run, modules, options)?;
    let mut reported = Vec::new();
    if let (Some(last), removed @ [_, ..]) = (checkpoints[..kept].last(), &checkpoints[kept..]) {
        let highest = highest_sequence(&checkpoints, &modules.store.events(&run.run_id)?);
        reported.push(journal.prepare(restored(&last.key, removed, highest)));
    }
    reported.extend(changes.map(|changes| journal.prepare(changes)));
    checkpoints.truncate(kept);
    let outdated = plan.built_once(modules.runner.graph(), &changes::seeds(&differences));
    let mut vars = options.vars.clone();
    vars.insert("simulation_year".to_owned(), run.start_year.into());
    let joins_unit = modules.runner.joins_unit();
    let (mut storage, runner) = modules.storage_and_runner();
    let mut rebuild = || runner.run(&outdated, &vars, 1, &mut |_| Flow::Continue);
    let outside = if joins_unit || outdated.is_empty() { None } else { Some(storage.outside(&mut rebuild)?) };
    storage.atomically(|storage| {
        storage.rewind(&checkpoints)?;
        let results = match outside {
            Some(results) => results,
            None => rebuild()?,
        };
        storage.record_rebuilt(&mut checkpoints, &results)?;
        storage.store.replace_fingerprints(&run.run_id, fingerprints)?;
        Ok(storage.store.record(journal.unwritten())?)
    })?;
    journal.written();
    for event in &reported {
        journal.publish(event);
    }
    continue_run(plan, run, fingerprints, modules, options, journal, checkpoints)
}

fn refuse_other_years(
    plan: &RunPlan,
    run: &RunRecord,
    checkpoints: &[WorkflowCheckpoint],
) -> Result<(), PipelineError> {
    let committed = checkpoints.iter().map(|c| c.key.year).max().unwrap_or(run.start_year);
    if plan.start_year != run.start_year || plan.end_year < committed {
        return Err(PipelineError::YearRangeMismatch {
            recorded: run.start_year,
            requested: plan.start_year,
            committed,
        });
    }
    Ok(())
}

/// The last mirrored checkpoint, if the database neither has nor removed it.
fn lost<'o>(
    options: &'o ExecuteOptions<'_>,
    checkpoints: &[WorkflowCheckpoint],
    events: &[RunEvent],
) -> Option<&'o MirroredCheckpoint> {
    let highest = highest_sequence(checkpoints, events);
    options.last_mirrored.as_ref().filter(|mirrored| mirrored.sequence > highest)
}

/// The journal of a resumed run.
fn journal_of<'e>(
    run: &RunRecord,
    modules: &Modules<'_>,
    options: &ExecuteOptions<'e>,
) -> Result<Journal<'e>, PipelineError> {
    let last = JournalView::new(&modules.store.events(&run.run_id)?).last_sequence();
    Ok(Journal::new(&run.run_id, last, options.now, options.events.clone()))
}

/// Continues a run after these checkpoints, which are all it has.
fn continue_run(
    plan: RunPlan,
    mut run: RunRecord,
    fingerprints: &Fingerprints,
    modules: &mut Modules<'_>,
    options: &ExecuteOptions<'_>,
    mut journal: Journal<'_>,
    checkpoints: Vec<WorkflowCheckpoint>,
) -> Result<Outcome, PipelineError> {
    let keys: Vec<CheckpointKey> = checkpoints.iter().map(|c| c.key.clone()).collect();
    let plan = plan.after(&keys);
    run.end_year = plan.end_year;
    modules.store.update_run(&run.run_id, RunStatus::Running, plan.end_year)?;
    let events = modules.store.events(&run.run_id)?;
    let mut highest = highest_sequence(&checkpoints, &events);
    let after = keys.last().cloned();
    journal.emit(RunEventKind::RunResumed {
        after: after.clone(),
        start_year: plan.start_year,
        end_year: plan.end_year,
        stages: plan.stages.len() - plan.done,
        by: options.by.clone(),
    });
    if let Some(mirrored) = lost(options, &checkpoints, &events) {
        highest = mirrored.sequence;
        journal.emit(RunEventKind::CommitsLost { last: mirrored.key.clone(), after: after.clone() });
    }
    let digest = fingerprints.digest();
    let last_year = modules.store.last_year()?;
    let execution = Execution {
        run: &run,
        digest,
        modules,
        options,
        journal,
        after,
        checkpoints: highest,
        found_checkpoints: checkpoints,
        spent: TimeSpent::default(),
        workers: options.workers,
        last_year,
    };
    execution.execute(&plan)
}

/// An execution in progress.
pub(crate) struct Execution<'e, 'm> {
    pub(crate) run: &'e RunRecord,
    pub(crate) digest: String,
    pub(crate) modules: &'e mut Modules<'m>,
    pub(crate) options: &'e ExecuteOptions<'e>,
    pub(crate) journal: Journal<'e>,
    /// The last committed stage.
    pub(crate) after: Option<CheckpointKey>,
    /// Sequence number of the last checkpoint.
    pub(crate) checkpoints: u64,
    /// The checkpoints that a resumed run found.
    pub(crate) found_checkpoints: Vec<WorkflowCheckpoint>,
    /// Time spent on other than models since the year started.
    pub(crate) spent: TimeSpent,
    /// How many models of a parallel-safe stage are built at the same time.
    pub(crate) workers: usize,
    /// The last year that may have rows, from before this execution or of an attempt that failed.
    pub(crate) last_year: Option<i32>,
}

impl Execution<'_, '_> {
    /// Executes the rest of the plan and records the result.
    fn execute(mut self, plan: &RunPlan) -> Result<Outcome, PipelineError> {
        let (result, status) = match self.run_stages(plan).and_then(|()| self.count_findings()) {
            Ok(outcome) => {
                let Outcome { errors, warnings } = outcome;
                let elapsed = self.journal.elapsed();
                self.journal.emit(RunEventKind::RunFinished { elapsed, errors, warnings });
                (Ok(outcome), RunStatus::Finished)
            }
            Err(PipelineError::Interrupted { after }) => {
                self.journal.emit(RunEventKind::RunInterrupted { after: after.clone() });
                (Err(PipelineError::Interrupted { after }), RunStatus::Interrupted)
            }
            Err(error) => {
                self.journal.emit(RunEventKind::RunFailed { cause: error.full_message() });
                (Err(error), RunStatus::Failed)
            }
        };
        let recorded = self
            .modules
            .store
            .record_outside(self.journal.unwritten())
            .and_then(|()| self.modules.store.update_run(&self.run.run_id, status, plan.end_year));
        match (result, recorded) {
            // Report the first failure; the failure to record it follows from it.
            (Err(error), _) => Err(error),
            (Ok(outcome), recorded) => Ok(recorded.map(|()| outcome)?),
        }
    }

    fn run_stages(&mut self, plan: &RunPlan) -> Result<(), PipelineError> {
        self.recheck_failed_validation(plan)?;
        self.rewrite_reports(plan)?;
        let mut year_began = self.journal.elapsed();
        for (i, stage) in plan.stages.iter().enumerate().skip(plan.done) {
            if stage.opens_year || i == plan.done {
                year_began = self.journal.elapsed();
                self.journal.emit(RunEventKind::YearStarted { year: stage.year });
            }
            self.run_stage(plan, stage)?;
            if stage.closes_year {
                self.compact(stage.year);
                let elapsed = self.journal.elapsed().saturating_sub(year_began);
                let spent = std::mem::take(&mut self.spent);
                self.journal.emit(RunEventKind::YearFinished { year: stage.year, elapsed, spent });
            }
        }
        Ok(())
    }

    /// Merges the log of the year into the file. All of it is committed, so a failure only slows down the next opening.
    fn compact(&mut self, year: i32) {
        if let Err(error) = self.modules.store.compact() {
            let cause = full_message(&error);
            log::warn!("the database log was not merged into the file after {year}: {cause}");
        }
    }

    /// Counts the findings of the whole run, including earlier executions; the last check of each rule and year counts.
    fn count_findings(&mut self) -> Result<Outcome, PipelineError> {
        self.modules.store.record_outside(self.journal.unwritten())?;
        self.journal.written();
        let mut outcome = Outcome::default();
        for finding in JournalView::new(&self.modules.store.events(&self.run.run_id)?).findings() {
            match finding.severity {
                Severity::Error | Severity::Fatal => outcome.errors += 1,
                Severity::Warning => outcome.warnings += 1,
                Severity::Info => {}
            }
        }
        Ok(outcome)
    }

    /// Rewrites missing reports of finished years.
    fn rewrite_reports(&mut self, plan: &RunPlan) -> Result<(), PipelineError> {
        for stage in plan.stages[..plan.done].iter().filter(|s| s.definition.writes_reports) {
            self.audit_year(stage.year, true)?;
        }
        Ok(())
    }

    /// Audits a year with the reports and each reporter, or only those that don't have it yet.
    pub(crate) fn audit_year(&mut self, year: i32, only_missing: bool) -> Result<(), ReportError> {
        let Modules { store, tables, reports, reporters, .. } = &mut *self.modules;
        let source = ReportSource { run_id: &self.run.run_id, tables: *tables, runs: *store, journal: *store };
        let mut written = Vec::new();
        if !only_missing || !reports.has_year(year) {
            written.extend(reports.write_year(year, &source)?);
        }
        for reporter in reporters.iter_mut().filter(|reporter| !only_missing || !reporter.has_year(year)) {
            written.extend(reporter.write_year(year, &source)?);
        }
        for path in written {
            self.journal.emit(RunEventKind::ReportWritten { year: Some(year), path: path.display().to_string() });
        }
        Ok(())
    }
}
