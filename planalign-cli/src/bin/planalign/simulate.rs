//! `planalign simulate`: wires the modules together and runs the plan.

use std::path::Path;

use crossbeam_channel::unbounded;
use planalign_config::census::CensusFile;
use planalign_config::clock::{Clock, SystemClock};
use planalign_config::ids::{RandomRunIds, RunIds};
use planalign_config::lock::{Holder, RunLock};
use planalign_config::settings::{SimulationConfig, Validation};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::EmbeddedRunner;
use planalign_pipeline::{
    ExecuteOptions, Modules, Outcome, PipelineError, RunPlan, StopSignal, Workflow, refuse_present_data, restart_from,
    resume, start,
};
use planalign_registries::duckdb::{DeferralEscalationRegistry, DuckRunStore, EnrollmentRegistry};
use planalign_registries::{Registry, RegistryError, RunRecord, RunStatus, RunStore};

use planalign_reporting::{FileReports, Template, render_summary};
use planalign_validation::{CensusOrigin, Rule, RuleSettings};

use crate::args::SimulateArgs;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::inputs::{Inputs, MadeOf};
use crate::recorded::Recorded;
use crate::run_log::RunLog;
use crate::signals::{Received, listen};
use crate::{SUMMARY_WIDTH, mirror, probe, progress, say, space, validate};

/// Up to this many people one thread is faster than several: the tables are too small to share out.
const PEOPLE_FOR_ONE_THREAD: u64 = 30_000;

/// Measured: with this much, a run is as fast as with more.
const MEMORY_AT_LEAST: u64 = 700_000_000;
const MEMORY_PER_PERSON: u64 = 6_500;

/// Where rules of one's own run: all tables of the year are there.
const STAGE_OF_OWN_RULES: &str = "VALIDATION";

/// Runs the command; an error finding is no failure, but has an exit code.
pub(crate) fn run(args: &SimulateArgs, quiet: bool, received: &Received) -> Result<ExitCode, Failure> {
    if args.dry_run {
        let inputs = Inputs::load(&args.input, args.years)?;
        let database = Database::in_memory(&DatabaseOptions::default())?;
        let runner = EmbeddedRunner::load(inputs.project.folder(), database.clone(), &inputs.vars)?;
        say(&plan(args.shuffle, &inputs, &runner, &database)?.to_string())?;
        return Ok(ExitCode::Done);
    }
    if (args.resume || args.restart_from.is_some()) && !args.database.exists() {
        return Err(Failure::NoDatabase(args.database.clone()));
    }
    let made_of = if args.resume {
        MadeOf::find(&args.input, args.years, args.as_recorded)?
    } else {
        MadeOf::here(&args.input, args.years)?
    };
    let mut lock = RunLock::acquire(&args.database, &Holder::this_process(SystemClock.now()))?;
    probe::first(&args.database)?;
    let inputs = made_of.inputs(&args.input, args.years, || recorded(&args.database))?;
    let is_new = !args.database.exists();
    let database = Database::open(&args.database, &database_options(args, &inputs))?;
    if is_new {
        // Whoever removes a database is done with its runs.
        mirror::forget(&args.database);
    }
    let outcome = simulate(args, inputs, &database, quiet, received, &mut lock)?;
    Ok(if outcome.errors > 0 { ExitCode::Findings } else { ExitCode::Done })
}

/// The file of a run that is taken up is opened for a look, as the size of the census decides how it is to be opened.
fn recorded(database: &Path) -> Result<(DuckRunStore, RunRecord), Failure> {
    match Recorded::open(database) {
        Err(Failure::NoDatabase(_) | Failure::NothingToReport { .. }) => Err(PipelineError::NothingToResume.into()),
        opened => opened.map(|Recorded { store, run, .. }| (store, run)),
    }
}

fn simulate(
    args: &SimulateArgs,
    mut inputs: Inputs,
    database: &Database,
    quiet: bool,
    received: &Received,
    lock: &mut RunLock,
) -> Result<Outcome, Failure> {
    let mut store = DuckRunStore::open(database.clone())?;
    if let (false, Some(lost)) = (args.restart, mirror::lost_run(&args.database, &store.runs()?)) {
        return Err(lost);
    }
    let begin = begin(args, &store)?;
    let replaced = if matches!(begin, Begin::Anew) { store.current_run()? } else { None };
    if let (None, Begin::Resume(run) | Begin::From(run, _)) = (args.years, &begin) {
        let settings = &mut inputs.config.settings.simulation;
        settings.end_year = last_year(run, settings.end_year);
    }
    let mut runner = EmbeddedRunner::load(inputs.project.folder(), database.clone(), &inputs.vars)?;
    let plan = plan(args.shuffle, &inputs, &runner, database)?;
    if let Some(run) = &replaced {
        if args.restart_from.is_some() && plan.start_year() != run.start_year {
            let (recorded, asked, committed) = (run.start_year, plan.start_year(), run.end_year);
            return Err(PipelineError::OtherYears { recorded, asked, committed }.into());
        }
        // What is there is kept until it is sure that something can take its place.
        validate::census(&inputs)?;
    }
    let fingerprints = inputs.to_record(&runner, &database.engine_version()?)?;
    let committed = match &begin {
        Begin::Anew => None,
        Begin::Resume(run) => store.checkpoints(&run.run_id)?.last().map(|checkpoint| checkpoint.key.year),
        Begin::From(_, year) => Some(year - 1),
    };
    let years = plan.end_year() - committed.unwrap_or(plan.start_year() - 1);
    let years = u64::try_from(years).unwrap_or(0);
    space::refuse_too_little(&args.database, inputs.census.rows, years, committed.is_none())?;
    let run = match &begin {
        Begin::Anew => new_run(&inputs, &plan, database)?,
        Begin::Resume(run) | Begin::From(run, _) => run.clone(),
    };
    lock.update(&run.run_id)?;
    let stop = StopSignal::default();
    listen(stop.clone(), received).map_err(Failure::Signals)?;

    let (sender, events) = unbounded();
    let (saved, checkpoints) = unbounded();
    let follower = progress::follow(args.progress, quiet, &plan, RunLog::open(&args.database, &run.run_id), events);
    let witness = mirror::witness(&args.database, &run.run_id, &store)?;
    let mirroring = mirror::follow(&args.database, &run.run_id, checkpoints);
    let options = ExecuteOptions {
        fail_on_validation_error: args.fail_on_validation_error,
        by: who(),
        accept_version: args.accept_version,
        stop,
        saved,
        witness,
        ..ExecuteOptions::new(inputs.vars.clone(), sender)
    };
    let mut reports =
        FileReports::new(database.clone(), Box::new(DuckRunStore::open(database.clone())?), &args.reports);
    let modules = Modules {
        unit: &mut database.clone(),
        runner: &mut runner,
        registries: registries(database)?,
        rules: rules(&inputs, plan.start_year(), database)?,
        store: &mut store,
        reports: &mut reports,
    };
    let result = match begin {
        Begin::Anew => start(&plan, &run, &fingerprints, modules, &options),
        Begin::Resume(_) => resume(plan.clone(), &fingerprints, modules, &options),
        Begin::From(_, year) => restart_from(year, plan.clone(), &fingerprints, modules, &options),
    };
    // Those who follow end when nobody can send any more.
    drop(options);
    if follower.join().and(mirroring.join()).is_err() {
        log::warn!("the progress display or the mirror failed; the run is not affected");
    }
    let outcome = result?;
    mirror::align(&args.database, &run.run_id, &store)?;
    let summary = reports.summary(&run.run_id, plan.start_year(), plan.end_year())?;
    say(&render_summary(&summary, &Template::default(), SUMMARY_WIDTH))?;
    Ok(outcome)
}

/// Who runs this process, for the journal.
fn who() -> String {
    let Holder { pid, host, .. } = Holder::this_process(SystemClock.now());
    let user = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).map(|user| format!("{user}, "));
    format!("{}process {pid} on {host}", user.unwrap_or_default())
}

/// How the run begins.
enum Begin {
    Anew,
    Resume(RunRecord),
    /// From the beginning of a year; what came before is kept.
    From(RunRecord, i32),
}

fn begin(args: &SimulateArgs, store: &DuckRunStore) -> Result<Begin, Failure> {
    let run = store.current_run()?;
    match (run, args.restart_from) {
        (Some(run), Some(year)) if year != run.start_year => Ok(Begin::From(run, year)),
        (None, Some(_)) => Err(PipelineError::NothingToResume.into()),
        (Some(run), None) if args.resume => Ok(Begin::Resume(run)),
        (None, None) if args.resume => Err(PipelineError::NothingToResume.into()),
        (Some(_), None) if !args.restart => {
            refuse_present_data(store)?;
            Ok(Begin::Anew)
        }
        _ => Ok(Begin::Anew),
    }
}

/// The last year of a run that is taken up, if nobody says: its own, or, once it has reached that, a later one of the
/// configuration.
fn last_year(run: &RunRecord, configured: i32) -> i32 {
    if run.status == RunStatus::Finished { run.end_year.max(configured) } else { run.end_year }
}

/// Resolves and checks the workflow, and lays it over the years.
pub(crate) fn plan(
    shuffle: Option<u64>,
    inputs: &Inputs,
    runner: &EmbeddedRunner,
    database: &Database,
) -> Result<RunPlan, Failure> {
    let settings = &inputs.config.settings;
    let rules = rules(inputs, settings.simulation.start_year, database)?;
    let names: Vec<String> = rules.iter().map(|r| r.name().to_owned()).collect();
    let workflow = workflow(settings, &names).check(runner, &names);
    let workflow = workflow.map_err(PipelineError::from)?;
    Ok(RunPlan::new(&workflow, settings.simulation.start_year, settings.simulation.end_year, shuffle))
}

/// The stages as the configuration wants them, with the rules that are on.
fn workflow(settings: &SimulationConfig, on: &[String]) -> Workflow {
    let mut workflow = Workflow::default();
    workflow.change(&settings.workflow.stages);
    let Validation { severity, rules, .. } = &settings.validation;
    let own = rules.iter().map(|rule| &rule.name);
    let (own_on, own_off): (Vec<String>, Vec<String>) = own.cloned().partition(|name| on.contains(name));
    let off: Vec<String> = severity.keys().filter(|name| !on.contains(name)).cloned().chain(own_off).collect();
    workflow.drop_rules(&off);
    workflow.add_rules(STAGE_OF_OWN_RULES, &own_on);
    workflow
}

pub(crate) fn registries(database: &Database) -> Result<Vec<Box<dyn Registry>>, Failure> {
    let all = || -> Result<Vec<Box<dyn Registry>>, RegistryError> {
        Ok(vec![
            Box::new(EnrollmentRegistry::new(database.clone())?),
            Box::new(DeferralEscalationRegistry::new(database.clone())?),
        ])
    };
    Ok(all().map_err(PipelineError::from)?)
}

/// The rules, as the configuration wants them.
pub(crate) fn rules(inputs: &Inputs, start_year: i32, database: &Database) -> Result<Vec<Box<dyn Rule>>, Failure> {
    let CensusFile { path, sha256, .. } = inputs.census.clone();
    let settings = RuleSettings {
        census: Some(CensusOrigin { path, sha256 }),
        ..rule_settings(&inputs.config.settings, start_year)
    };
    Ok(planalign_validation::rules(database, &settings, registries(database)?))
}

fn rule_settings(settings: &SimulationConfig, start_year: i32) -> RuleSettings {
    RuleSettings {
        max_rejected_share: settings.census.max_rejected_share,
        severity: settings.validation.severity.clone(),
        own: settings.validation.rules.clone(),
        compensation: settings.validation.compensation_reasonableness.clone(),
        hire_termination: settings.validation.hire_termination_ratio.clone(),
        pay_outliers: settings.validation.pay_outliers.clone(),
        yearly_jumps: settings.validation.yearly_jumps.clone(),
        distribution_drift: settings.validation.distribution_drift.clone(),
        maximum_deferral_rate: settings.deferrals.maximum_rate,
        catch_up: settings.deferrals.catch_up,
        super_catch_up: settings.deferrals.super_catch_up,
        maximum_escalated_rate: settings.deferral_auto_escalation.maximum_rate,
        match_cap: settings.employer_match.match_cap_percent,
        ..RuleSettings::new(start_year)
    }
}

fn new_run(inputs: &Inputs, plan: &RunPlan, database: &Database) -> Result<RunRecord, Failure> {
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

/// The command line decides, then the configuration, then the size of the census.
fn database_options(args: &SimulateArgs, inputs: &Inputs) -> DatabaseOptions {
    let optimization = &inputs.config.settings.optimization;
    let by_size = (inputs.census.rows <= PEOPLE_FOR_ONE_THREAD).then_some(1);
    DatabaseOptions {
        threads: args.threads.or(optimization.threads).or(by_size).map(usize::from),
        memory_limit: optimization.memory_limit_gb.map(bytes),
        memory_need: Some(MEMORY_AT_LEAST.max(inputs.census.rows * MEMORY_PER_PERSON)),
        ..DatabaseOptions::default()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a checked, positive number of gigabytes")]
fn bytes(gigabytes: f64) -> u64 {
    (gigabytes * 1e9) as u64
}
