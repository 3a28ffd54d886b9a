//! Runs one stage: begin, models, registries, rules, reports, checkpoint, commit; or roll back and maybe retry.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use planalign_config::{DatabaseError, Fault, Handover, full_message};
use planalign_dbt::{Flow, Materialization, NodeEvent, NodeResult, Outcome, RunnerError, TestResult, Vars};
use planalign_registries::{
    CheckpointStatus, FindingRows, RegistrySnapshot, RelationState, RetryStrategy, RunEvent, RunEventKind, StoreError,
    WorkflowCheckpoint,
};
use planalign_reporting::ReportSource;
use planalign_validation::{Finding, RuleError, Severity};

use crate::error::{PipelineError, PipelineStageError, StageFailure};
use crate::modules::Modules;
use crate::orchestrator::Execution;
use crate::plan::{PlannedStage, RunPlan};
use crate::recovery::Recovery;
use crate::verification::stage_relations;

/// Why an attempt failed.
enum AttemptError {
    Stopped,
    /// The engine reports a commit, but the record cannot be read back. Nothing is rolled back or published.
    Unverified(StoreError),
    Fatal(Vec<Finding>),
    Failed(StageFailure),
}

impl<E: Into<StageFailure>> From<E> for AttemptError {
    fn from(error: E) -> Self {
        match error.into() {
            StageFailure::Model(RunnerError::Stopped { .. }) | StageFailure::Test(RunnerError::Stopped { .. }) => {
                Self::Stopped
            }
            failure => Self::Failed(failure),
        }
    }
}

/// What a stage built.
#[derive(Default)]
struct Built {
    results: Vec<NodeResult>,
    /// The state of its tables, if it was read to count their rows.
    tables: Option<Vec<RelationState>>,
    /// What its data tests found, if another process ran them.
    tested: Option<Vec<TestResult>>,
}

/// The uncommitted results of an attempt.
struct Written {
    prepared: Vec<RunEvent>,
    checkpoint: Option<WorkflowCheckpoint>,
    findings: Vec<Finding>,
}

impl Execution<'_, '_> {
    /// Runs a stage until it is committed or has failed.
    pub(crate) fn run_stage(&mut self, plan: &RunPlan, stage: &PlannedStage) -> Result<(), PipelineError> {
        let (year, name) = (stage.year, stage.definition.name.clone());
        let mut tried = Vec::new();
        for attempt in 1.. {
            if self.options.stop.is_requested() {
                return Err(PipelineError::Interrupted { after: self.after.clone() });
            }
            self.journal.emit(RunEventKind::StageStarted { year, stage: name.clone(), attempt });
            let error = match self.attempt(plan, stage) {
                Ok(findings) => return self.judge(stage, findings),
                Err(error) => error,
            };
            // An unverified stage may be committed, so there is nothing to roll back.
            let is_unverified = matches!(error, AttemptError::Unverified(_));
            let not_rolled_back = if is_unverified { None } else { self.roll_back(stage).err().map(Box::new) };
            let failure = match error {
                AttemptError::Failed(failure) => failure,
                AttemptError::Fatal(findings) => {
                    return Err(PipelineError::FatalFindings { year, stage: name, findings });
                }
                AttemptError::Unverified(error) => return Err(error.into()),
                AttemptError::Stopped => return Err(PipelineError::Interrupted { after: self.after.clone() }),
            };
            match self.recovery(stage, &failure, attempt) {
                Recovery::Retry { pause, strategy } => {
                    self.last_year = self.last_year.max(Some(year));
                    tried.push(strategy.clone());
                    let (stage, cause) = (name.clone(), failure.full_message());
                    self.journal.emit(RunEventKind::StageRetried { year, stage, attempt, cause, strategy });
                    (self.options.pause)(pause);
                }
                Recovery::GiveUp => return Err(self.give_up(stage, tried, failure, not_rolled_back)),
            }
        }
        Ok(())
    }

    /// Chooses the recovery after a failed attempt.
    fn recovery(&mut self, stage: &PlannedStage, failure: &StageFailure, attempt: u32) -> Recovery {
        if self.workers(stage) > 1 && self.may_succeed_with_one_worker(failure) {
            self.workers = 1;
            return Recovery::Retry { pause: Duration::ZERO, strategy: RetryStrategy::OneWorker };
        }
        if failure.fault() != Fault::OutOfMemory {
            return match self.options.recovery.after(failure.fault(), attempt) {
                Recovery::GiveUp if stage.definition.parallel_safe => self.sequentially(failure.fault()),
                recovery => recovery,
            };
        }
        match self.modules.unit.relieve_memory() {
            Ok(Some(how)) => Recovery::Retry { pause: Duration::ZERO, strategy: RetryStrategy::RelieveMemory(how) },
            Ok(None) => Recovery::GiveUp,
            Err(error) => {
                log::warn!("cannot reduce memory use: {error}");
                Recovery::GiveUp
            }
        }
    }

    /// A stage that keeps failing with several threads may succeed with one.
    fn sequentially(&mut self, fault: Fault) -> Recovery {
        if !matches!(fault, Fault::Transient | Fault::Busy) {
            return Recovery::GiveUp;
        }
        match self.modules.unit.work_sequentially() {
            Ok(true) => Recovery::Retry { pause: Duration::ZERO, strategy: RetryStrategy::OneThread },
            Ok(false) => Recovery::GiveUp,
            Err(error) => {
                log::warn!("cannot switch to one thread: {error}");
                Recovery::GiveUp
            }
        }
    }

    fn give_up(
        &mut self,
        stage: &PlannedStage,
        tried: Vec<RetryStrategy>,
        cause: StageFailure,
        not_rolled_back: Option<Box<DatabaseError>>,
    ) -> PipelineError {
        let (year, name) = (stage.year, stage.definition.name.clone());
        self.journal.emit(RunEventKind::StageFailed { year, stage: name.clone(), cause: cause.full_message() });
        let resume_after = self.after.clone();
        PipelineStageError { year, stage: name, tried, cause: Box::new(cause), resume_after, not_rolled_back }.into()
    }

    /// Makes one attempt; on success, everything is committed and published.
    fn attempt(&mut self, plan: &RunPlan, stage: &PlannedStage) -> Result<Vec<Finding>, AttemptError> {
        let began = Instant::now();
        let built = if self.modules.runner.joins_unit() { None } else { Some(self.build_outside(stage)?) };
        self.modules.unit.begin().map_err(StageFailure::Unit)?;
        let built = match built {
            Some(built) => built,
            None => Built { results: self.build(stage)?, tables: None, tested: None },
        };
        let written = self.write(plan, stage, built, began)?;
        let committing = Instant::now();
        if let Err(error) = self.modules.unit.commit() {
            self.journal.withdraw(&written.prepared);
            return Err(StageFailure::Unit(error).into());
        }
        self.spent.commits += committing.elapsed();
        if !self.is_there(written.checkpoint.as_ref())? {
            self.journal.withdraw(&written.prepared);
            return Err(StageFailure::CommitLost.into());
        }
        self.journal.written();
        if let Some(checkpoint) = written.checkpoint {
            self.checkpoints = checkpoint.sequence;
            self.after = Some(checkpoint.key.clone());
            self.mirror(checkpoint);
        }
        for event in &written.prepared {
            self.journal.publish(event);
        }
        Ok(written.findings)
    }

    /// Writes everything of the stage in the open transaction.
    fn write(
        &mut self,
        plan: &RunPlan,
        stage: &PlannedStage,
        mut built: Built,
        began: Instant,
    ) -> Result<Written, AttemptError> {
        let (year, name) = (stage.year, &stage.definition.name);
        let updating = Instant::now();
        let registries = self.update_registries(plan, stage)?;
        self.spent.registries += updating.elapsed();
        let checking = Instant::now();
        let findings = self.check(stage, built.tested.take())?;
        self.spent.rules += checking.elapsed();
        let found = finding_rows(&findings);
        if !found.is_empty() {
            let saved = self.modules.store.save_finding_rows(&self.run.run_id, &stage.key(), &found);
            saved.map_err(StageFailure::Store)?;
        }
        if findings.iter().any(|f| f.severity == Severity::Fatal) {
            return Err(AttemptError::Fatal(findings));
        }
        let mut recorded = 0;
        if stage.definition.writes_reports || stage.definition.finishes {
            let reporting = Instant::now();
            // Reports read the findings of their year from the record.
            self.modules.store.record(self.journal.unwritten()).map_err(StageFailure::Store)?;
            recorded = self.journal.unwritten().len();
            self.write_reports(plan, stage)?;
            self.spent.reports += reporting.elapsed();
        }
        let elapsed = began.elapsed();
        let saving = Instant::now();
        let mut checkpoint = None;
        let mut prepared = Vec::new();
        if stage.definition.checkpoint {
            let saved = self.checkpoint(stage, built, registries, &findings, elapsed)?;
            let is_there = self.found_checkpoints.iter().any(|found| found.key == saved.key);
            let store = &mut self.modules.store;
            let written = if is_there { store.replace_checkpoint(&saved) } else { store.save_checkpoint(&saved) };
            written.map_err(StageFailure::Store)?;
            checkpoint = Some(saved);
            prepared.push(self.journal.prepare(RunEventKind::CheckpointSaved { year, stage: name.clone() }));
        }
        prepared.push(self.journal.prepare(RunEventKind::StageFinished { year, stage: name.clone(), elapsed }));
        if let Err(error) = self.modules.store.record(&self.journal.unwritten()[recorded..]) {
            self.journal.withdraw(&prepared);
            return Err(StageFailure::Store(error).into());
        }
        self.spent.checkpoints += saving.elapsed();
        Ok(Written { prepared, checkpoint, findings })
    }

    /// Passes a committed checkpoint on. There may be no receiver; the database has it regardless.
    fn mirror(&self, checkpoint: WorkflowCheckpoint) {
        let _ = self.options.checkpoints.send(checkpoint);
    }

    /// Reads the checkpoint back after its commit, before its events are published.
    fn is_there(&mut self, checkpoint: Option<&WorkflowCheckpoint>) -> Result<bool, AttemptError> {
        let Some(saved) = checkpoint else { return Ok(true) };
        for attempt in 1.. {
            match self.modules.store.last_checkpoint(&saved.run_id) {
                Ok(last) => return Ok(last == Some(saved.sequence)),
                Err(error) => match self.options.recovery.after(error.fault(), attempt) {
                    Recovery::Retry { pause, .. } => (self.options.pause)(pause),
                    Recovery::GiveUp => {
                        self.journal.written();
                        return Err(AttemptError::Unverified(error));
                    }
                },
            }
        }
        Ok(false)
    }

    /// Builds the models in another process, which has the database meanwhile. Nothing is open afterward.
    fn build_outside(&mut self, stage: &PlannedStage) -> Result<Built, AttemptError> {
        if stage.models.is_empty() {
            return Ok(Built::default());
        }
        let (year, name) = (stage.year, stage.definition.name.clone());
        let Handover { bytes, elapsed } = self.modules.unit.release().map_err(StageFailure::Unit)?;
        self.journal.emit(RunEventKind::DatabaseReleased { year, stage: name.clone(), bytes, elapsed });
        let mut results = self.build(stage)?;
        let testing = Instant::now();
        let tested = Some(self.run_tests(stage)?);
        self.spent.rules += testing.elapsed();
        self.modules.unit.reacquire().map_err(StageFailure::Unit)?;
        let tables = self.modules.store.state(&stage_relations(&results), year).map_err(StageFailure::Store)?;
        let models = fill_row_counts(&mut results, &tables);
        self.journal.emit(RunEventKind::RowsCounted { year, stage: name, models });
        Ok(Built { results, tables: Some(tables), tested })
    }

    /// Whether a stage that failed with several workers is worth a retry with one: models then share neither memory nor connections,
    /// and an error that remains is the same as ever. The connections of another process aren't ours to blame.
    fn may_succeed_with_one_worker(&self, failure: &StageFailure) -> bool {
        let of_engine = matches!(failure, StageFailure::Model(RunnerError::Database { .. }));
        match failure.fault() {
            Fault::OutOfMemory => true,
            Fault::OutOfSpace | Fault::Cancelled => false,
            _ => of_engine && self.modules.runner.joins_unit(),
        }
    }

    /// How many models of a stage are built at the same time.
    fn workers(&self, stage: &PlannedStage) -> usize {
        if stage.definition.parallel_safe { self.workers } else { 1 }
    }

    fn build(&mut self, stage: &PlannedStage) -> Result<Vec<NodeResult>, AttemptError> {
        if stage.models.is_empty() {
            return Ok(Vec::new());
        }
        let (year, name, vars) = (stage.year, &stage.definition.name, self.vars(stage.year));
        let workers = self.workers(stage);
        let (journal, stop) = (&mut self.journal, &self.options.stop);
        let results = self.modules.runner.run(&stage.models, &vars, workers, &mut |event| {
            match event {
                NodeEvent::Started { name: model, .. } => {
                    if stop.is_requested() {
                        return Flow::Stop;
                    }
                    let (stage, model) = (name.clone(), model.to_owned());
                    journal.emit(RunEventKind::ModelStarted { year, stage, model });
                }
                NodeEvent::Finished(Outcome::Built(result)) => journal.emit(model_finished(year, name, result)),
                NodeEvent::Waiting if stop.is_requested() => return Flow::Stop,
                NodeEvent::Finished(_) | NodeEvent::Waiting => {}
            }
            Flow::Continue
        });
        Ok(results.map_err(StageFailure::Model)?)
    }

    /// The variables of a year.
    pub(crate) fn vars(&self, year: i32) -> Vars {
        let mut vars: Vars = self.options.vars.clone();
        vars.insert("simulation_year".to_owned(), year.into());
        vars.insert("year_is_empty".to_owned(), self.last_year.is_none_or(|last| last < year).into());
        vars
    }

    fn update_registries(
        &mut self,
        plan: &RunPlan,
        stage: &PlannedStage,
    ) -> Result<Vec<RegistrySnapshot>, StageFailure> {
        if !stage.definition.updates_registries {
            return Ok(Vec::new());
        }
        let year = stage.year;
        let mut snapshots = Vec::new();
        for registry in &mut self.modules.registries {
            let rows = registry.update(year, plan.start_year)?;
            snapshots.push(registry.snapshot(year)?);
            let registry = registry.name().to_owned();
            self.journal.emit(RunEventKind::RegistryUpdated { year, registry, rows });
        }
        Ok(snapshots)
    }

    /// Checks the rules of a stage, and unless they end the run, its data tests, which another process may have `tested`.
    fn check(&mut self, stage: &PlannedStage, tested: Option<Vec<TestResult>>) -> Result<Vec<Finding>, StageFailure> {
        let mut findings = self.check_rules(stage)?;
        if findings.iter().any(|finding| finding.severity == Severity::Fatal) {
            return Ok(findings);
        }
        let tested = match tested {
            Some(tested) => tested,
            None => self.run_tests(stage)?,
        };
        findings.extend(self.report_tests(stage, &tested));
        Ok(findings)
    }

    fn check_rules(&mut self, stage: &PlannedStage) -> Result<Vec<Finding>, RuleError> {
        let year = stage.year;
        let mut all = Vec::new();
        for wanted in &stage.definition.rules {
            let Some(rule) = self.modules.rules.iter().find(|r| r.name() == wanted) else { continue };
            let began = Instant::now();
            let failed = |cause| RuleError { rule: wanted.clone(), year, cause };
            let findings = rule.check(year, self.modules.tables).map_err(failed)?;
            self.report(stage, wanted.clone(), began.elapsed(), &findings);
            all.extend(findings);
        }
        Ok(all)
    }

    /// Reports what a rule found.
    pub(crate) fn report(&mut self, stage: &PlannedStage, rule: String, elapsed: Duration, findings: &[Finding]) {
        let (year, name) = (stage.year, &stage.definition.name);
        let (stage, found) = (name.clone(), findings.len());
        self.journal.emit(RunEventKind::RuleChecked { year, stage, rule, findings: found, elapsed });
        for finding in findings {
            self.journal.emit(finding_reported(name, finding));
        }
    }

    fn write_reports(&mut self, plan: &RunPlan, stage: &PlannedStage) -> Result<(), StageFailure> {
        if stage.definition.writes_reports {
            self.audit_year(stage.year, false)?;
        }
        if stage.definition.finishes {
            let Modules { store, tables, reports, .. } = &mut *self.modules;
            let source = ReportSource { run_id: &self.run.run_id, tables: *tables, runs: *store, journal: *store };
            for path in reports.write_summary(plan.start_year, plan.end_year, &source)? {
                self.journal.emit(RunEventKind::ReportWritten { year: None, path: path.display().to_string() });
            }
        }
        Ok(())
    }

    fn checkpoint(
        &self,
        stage: &PlannedStage,
        built: Built,
        registries: Vec<RegistrySnapshot>,
        findings: &[Finding],
        elapsed: Duration,
    ) -> Result<WorkflowCheckpoint, StageFailure> {
        let tables = match built.tables {
            Some(tables) => tables,
            None => self.modules.store.state(&stage_relations(&built.results), stage.year)?,
        };
        let status =
            if self.stops_at(findings) { CheckpointStatus::FailedValidation } else { CheckpointStatus::Complete };
        Ok(WorkflowCheckpoint {
            run_id: self.run.run_id.clone(),
            sequence: self.checkpoints + 1,
            key: stage.key(),
            saved_at: (self.options.now)(),
            status,
            elapsed,
            state: tables,
            registries,
            fingerprint: self.digest.clone(),
            built_by: self.modules.runner.versions(),
        })
    }

    fn stops_at(&self, findings: &[Finding]) -> bool {
        let bearable = if self.options.fail_on_validation_error { Severity::Warning } else { Severity::Error };
        findings.iter().any(|f| f.severity > bearable)
    }

    /// Fails if a committed stage has findings that end the run.
    fn judge(&mut self, stage: &PlannedStage, findings: Vec<Finding>) -> Result<(), PipelineError> {
        if self.stops_at(&findings) {
            let (year, stage) = (stage.year, stage.definition.name.clone());
            return Err(PipelineError::FailedValidation { year, stage, findings });
        }
        Ok(())
    }

    /// Rolls back the open transaction and records its events outside of it. If that fails, the transaction ends when the database
    /// closes, which the error of the stage says.
    fn roll_back(&mut self, stage: &PlannedStage) -> Result<(), DatabaseError> {
        let (year, name) = (stage.year, stage.definition.name.clone());
        let rolled_back = self.modules.unit.rollback();
        match &rolled_back {
            Ok(()) => self.journal.emit(RunEventKind::StageRolledBack { year, stage: name }),
            Err(error) => log::info!("{name} ({year}) is rolled back when the database closes: {error}"),
        }
        match self.modules.store.record_outside(self.journal.unwritten()) {
            Ok(()) => self.journal.written(),
            Err(error) => {
                log::warn!("cannot record the events of the failed stage ({year}): {}", full_message(&error));
            }
        }
        rolled_back
    }

    /// The failure of a committed stage.
    pub(crate) fn failed(&self, stage: &PlannedStage, cause: StageFailure) -> PipelineError {
        let resume_after = self.after.clone();
        if let StageFailure::Model(RunnerError::Stopped { .. }) | StageFailure::Test(RunnerError::Stopped { .. }) =
            cause
        {
            return PipelineError::Interrupted { after: resume_after };
        }
        let (year, stage) = (stage.year, stage.definition.name.clone());
        let (tried, cause) = (Vec::new(), Box::new(cause));
        PipelineStageError { year, stage, tried, cause, resume_after, not_rolled_back: None }.into()
    }

    /// Reruns the rules of the stage at which validation failed. If they pass now, marks its checkpoint as complete.
    pub(crate) fn recheck_failed_validation(&mut self, plan: &RunPlan) -> Result<(), PipelineError> {
        let failed = self.found_checkpoints.last().filter(|c| c.status == CheckpointStatus::FailedValidation);
        let Some(last) = failed.cloned() else { return Ok(()) };
        let Some(stage) = plan.stages.iter().find(|s| s.key() == last.key) else { return Ok(()) };
        let tested = if self.modules.runner.joins_unit() { None } else { Some(self.run_tests_outside(stage)?) };
        let findings = self.check(stage, tested).map_err(|cause| self.failed(stage, cause))?;
        self.withdraw_missing_tests(stage).map_err(|error| self.failed(stage, error.into()))?;
        let found = finding_rows(&findings);
        let saved = self.modules.store.save_finding_rows(&self.run.run_id, &stage.key(), &found);
        saved.map_err(|error| self.failed(stage, error.into()))?;
        if self.stops_at(&findings) && findings.iter().all(|finding| finding.severity < Severity::Fatal) {
            // The user may have fixed the tables' inputs.
            let (year, stage_name) = (stage.year, stage.definition.name.clone());
            let strategy = RetryStrategy::RebuildTables;
            let cause = PipelineError::FailedValidation { year, stage: stage_name.clone(), findings }.to_string();
            self.journal.emit(RunEventKind::StageRetried { year, stage: stage_name, attempt: 1, cause, strategy });
            return self.run_stage(plan, stage);
        }
        self.judge(stage, findings)?;
        let passed = WorkflowCheckpoint { status: CheckpointStatus::Complete, ..last };
        self.modules.storage().atomically(|storage| Ok(storage.store.replace_checkpoint(&passed)?))
    }
}

/// Fills in the row counts of models that another process built without counting. Returns them by model.
fn fill_row_counts(results: &mut [NodeResult], state: &[RelationState]) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for result in results.iter_mut().filter(|result| result.materialization != Materialization::View) {
        let Some(relation) = &result.relation else { continue };
        let relation = format!("{}.{}", relation.schema, relation.name);
        result.rows = state.iter().find(|state| state.relation == relation).map(|state| state.rows);
        counted.extend(result.rows.map(|rows| (result.name.clone(), rows)));
    }
    counted
}

fn model_finished(year: i32, stage: &str, result: &NodeResult) -> RunEventKind {
    RunEventKind::ModelFinished {
        year,
        stage: stage.to_owned(),
        model: result.name.clone(),
        rows: result.rows,
        elapsed: result.elapsed,
        database: result.database_time,
    }
}

/// The findings that have a query for their rows.
fn finding_rows(findings: &[Finding]) -> Vec<FindingRows> {
    let rows = |finding: &Finding| {
        let (rule, message) = (finding.rule.clone(), finding.message.clone());
        finding.rows.clone().map(|query| FindingRows { rule, finding: message, query })
    };
    findings.iter().filter_map(rows).collect()
}

fn finding_reported(stage: &str, finding: &Finding) -> RunEventKind {
    RunEventKind::FindingReported {
        year: finding.year,
        stage: stage.to_owned(),
        rule: finding.rule.clone(),
        severity: finding.severity,
        message: finding.message.clone(),
        count: finding.count,
    }
}
