//! `planalign simulate`: wires the modules together and runs the plan.

use crossbeam_channel::unbounded;
use planalign_config::census::CensusFile;
use planalign_config::clock::{Clock, SystemClock};
use planalign_config::ids::{RandomRunIds, RunIds};
use planalign_config::lock::{Holder, RunLock};
use planalign_config::settings::{SimulationConfig, Validation};
use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::EmbeddedRunner;
use planalign_pipeline::{
    ExecuteOptions, Modules, Outcome, RunPlan, StopSignal, Workflow, refuse_present_data, resume, start,
};
use planalign_registries::duckdb::{DeferralEscalationRegistry, DuckRunStore, EnrollmentRegistry};
use planalign_registries::{Registry, RegistryError, RunRecord, RunStatus, RunStore};

use planalign_reporting::{FileReports, Template, render_summary};
use planalign_validation::{CensusOrigin, Rule, RuleSettings};

use crate::args::SimulateArgs;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::run_log::RunLog;
use crate::signals::{Received, listen};
use crate::{SUMMARY_WIDTH, progress, say};

/// Up to this many people one thread is faster than several: the tables are too small to share out.
const PEOPLE_FOR_ONE_THREAD: u64 = 30_000;

/// Measured: with this much, a run is as fast as with more.
const MEMORY_AT_LEAST: u64 = 700_000_000;
const MEMORY_PER_PERSON: u64 = 6_500;

/// Where rules of one's own run: all tables of the year are there.
const STAGE_OF_OWN_RULES: &str = "VALIDATION";

/// Runs the command; an error finding is no failure, but has an exit code.
pub(crate) fn run(args: &SimulateArgs, quiet: bool, received: &Received) -> Result<ExitCode, Failure> {
    let inputs = Inputs::load(&args.input, args.years)?;
    if args.dry_run {
        let database = Database::in_memory(&DatabaseOptions::default())?;
        let runner = EmbeddedRunner::load(&args.input.project, database.clone(), &inputs.vars)?;
        say(&plan(args.shuffle, &inputs, &runner, &database)?.to_string())?;
        return Ok(ExitCode::Done);
    }
    let mut lock = RunLock::acquire(&args.database, &Holder::this_process(SystemClock.now()))?;
    let database = Database::open(&args.database, &database_options(args, &inputs))?;
    let outcome = simulate(args, &inputs, &database, quiet, received, &mut lock)?;
    Ok(if outcome.errors > 0 { ExitCode::Findings } else { ExitCode::Done })
}

fn simulate(
    args: &SimulateArgs,
    inputs: &Inputs,
    database: &Database,
    quiet: bool,
    received: &Received,
    lock: &mut RunLock,
) -> Result<Outcome, Failure> {
    let mut store = DuckRunStore::open(database.clone())?;
    if !args.resume && !args.restart {
        refuse_present_data(&store)?;
    }
    let mut runner = EmbeddedRunner::load(&args.input.project, database.clone(), &inputs.vars)?;
    let plan = plan(args.shuffle, inputs, &runner, database)?;
    let fingerprints = inputs.fingerprints(&runner, &database.engine_version()?);
    let run = match store.current_run()? {
        Some(recorded) if args.resume => recorded,
        _ => new_run(inputs, &plan, database)?,
    };
    lock.update(&run.run_id)?;
    let stop = StopSignal::default();
    listen(stop.clone(), received).map_err(Failure::Signals)?;

    let (sender, events) = unbounded();
    let follower = progress::follow(args.progress, quiet, &plan, RunLog::open(&args.database, &run.run_id), events);
    let options = ExecuteOptions {
        fail_on_validation_error: args.fail_on_validation_error,
        stop,
        ..ExecuteOptions::new(inputs.vars.clone(), sender)
    };
    let mut reports =
        FileReports::new(database.clone(), Box::new(DuckRunStore::open(database.clone())?), &args.reports);
    let modules = Modules {
        unit: &mut database.clone(),
        runner: &mut runner,
        registries: registries(database)?,
        rules: rules(inputs, plan.start_year(), database)?,
        store: &mut store,
        reports: &mut reports,
    };
    let result = if args.resume {
        resume(plan.clone(), &fingerprints, modules, &options)
    } else {
        start(&plan, &run, &fingerprints, modules, &options)
    };
    // The follower ends when nobody can send any more.
    drop(options);
    if follower.join().is_err() {
        log::warn!("the progress display failed; the run is not affected");
    }
    let outcome = result?;
    if !quiet {
        let summary = reports.summary(&run.run_id, plan.start_year(), plan.end_year())?;
        say(&render_summary(&summary, &Template::default(), SUMMARY_WIDTH))?;
    }
    Ok(outcome)
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
    let workflow = workflow.map_err(planalign_pipeline::PipelineError::from)?;
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

fn registries(database: &Database) -> Result<Vec<Box<dyn Registry>>, Failure> {
    let all = || -> Result<Vec<Box<dyn Registry>>, RegistryError> {
        Ok(vec![
            Box::new(EnrollmentRegistry::new(database.clone())?),
            Box::new(DeferralEscalationRegistry::new(database.clone())?),
        ])
    };
    Ok(all().map_err(planalign_pipeline::PipelineError::from)?)
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
