//! The library behind the command, with several sessions in one process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use planalign::{
    Caller, CheckError, Error, ExecutionProgress, Finding, FinishedRun, InputOptions, InputSource, OpenRun,
    OrchestratorBuilder, Rule, RunEvent, RunOptions, Session, Severity, SimulationConfig, StartMode, Tables,
};
use planalign_config::settings::Override;
use planalign_config::{Database, DatabaseError, DatabaseOptions, RunLock};
use planalign_pipeline::{PipelineError, StopSignal};
use planalign_registries::RunEventKind;

use crate::sandbox::{Sandbox, captured, differences, repository};

const CALLER: Caller<'static> = Caller { command: "a test", user: None, probe: None, guard: None, environment: &[] };

/// Two years of the sandbox's census, growing at this rate.
fn options(sandbox: &Sandbox, growth: &str) -> InputOptions {
    InputOptions {
        config: Some(repository().join("config/simulation_config.yaml")),
        project: Some(repository().join("dbt")),
        census: Some(sandbox.path("census.csv")),
        overrides: vec![Override::new("simulation.target_growth_rate", growth, "the test")],
        years: Some(2025..=2026),
        ..InputOptions::default()
    }
}

/// Runs in this process, and asks the run to stop once a stage of this year begins.
fn run(database: &Path, options: &InputOptions, mode: StartMode, stop_in: Option<i32>) -> Result<FinishedRun, Error> {
    let mut session = Session::open(database, CALLER)?;
    let inputs = session.inputs(InputSource::files(options)?, options)?;
    let reports = database.with_extension("reports");
    let run = RunOptions { mode, years: options.years.clone(), reports, ..RunOptions::default() };
    let prepared = session.prepare(inputs, run, Vec::new())?;
    let stop = StopSignal::default();
    prepared.execute(&stop, Vec::new(), &mut |event, _| match event.kind {
        RunEventKind::StageStarted { year, .. } if Some(year) == stop_in => stop.request(),
        _ => {}
    })
}

#[test]
fn two_concurrent_sessions_end_with_the_same_tables_as_the_command() {
    let sandbox = Sandbox::new(120);
    let (steady, growing) = (options(&sandbox, "0.03"), options(&sandbox, "0.08"));
    let (a, b) = (sandbox.path("a.duckdb"), sandbox.path("b.duckdb"));
    let finished = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let stopped = run(&b, &growing, StartMode::New, Some(2026)).expect_err("stopped");
            assert!(matches!(stopped, Error::Run(PipelineError::Interrupted { .. })), "{stopped:?}");
            run(&b, &growing, StartMode::Resume, None)
        });
        [run(&a, &steady, StartMode::New, None), other.join().expect("no panic")]
    });
    let [steady, growing] = finished.map(|finished| finished.expect("finished").summary);
    assert_eq!(steady.years.len(), 2);
    assert!(steady.overall.closing_headcount < growing.overall.closing_headcount);
    for (database, growth) in [("a", "0.03"), ("b", "0.08")] {
        let setting = format!("simulation.target_growth_rate={growth}");
        let other = format!("{database}_command.duckdb");
        sandbox.simulated(&["2025-2026", "--set", &setting, "--database", &other]);
        let differences = differences(&sandbox.path(&format!("{database}.duckdb")), &sandbox.path(&other));
        assert!(differences.is_empty(), "{database}: {differences:?}");
    }
    // Another process resumes the run that this one started.
    let output = sandbox.simulate(&[
        "2025-2027",
        "--resume",
        "--set",
        "simulation.target_growth_rate=0.03",
        "--database",
        "a.duckdb",
    ]);
    assert_eq!(output.code, 0, "{}", output.stderr);
}

/// A session can be opened on one thread and run on another.
#[test]
fn sessions_are_send() {
    fn assert_send<T: Send>() {}
    assert_send::<Session<'static>>();
}

#[test]
fn a_refused_session_does_not_release_the_lock() {
    let sandbox = Sandbox::new(60);
    sandbox.simulated(&["2025"]);
    let path = sandbox.path("simulation.duckdb");
    let writing = Database::open(&path, &DatabaseOptions::default()).expect("open");
    let is_busy = |error: Error| matches!(error, Error::Database(DatabaseError::OpenHere { .. }));
    assert!(is_busy(OpenRun::open(&path, &CALLER).expect_err("already open")));
    assert!(is_busy(run(&path, &options(&sandbox, "0.03"), StartMode::Restart, None).expect_err("already open")));
    let others = || sandbox.command(&["status"]).output().expect("run planalign").status.code();
    assert_eq!(others(), Some(5), "another process may not open the file");
    drop(writing);
    assert_eq!(others(), Some(0));
    let session = Session::open(&path, CALLER).expect("the lock is free");
    assert!(matches!(Session::open(&path, CALLER), Err(Error::Lock(_))));
    drop(session);
    assert_eq!(OpenRun::open(&path, &CALLER).expect("the file is free").run().start_year, 2025);
}

/// A rule, with its name and query, that reports every year it is checked in. It fails if the table doesn't exist yet.
struct Seen(&'static str, &'static str);

impl Rule for Seen {
    fn name(&self) -> &str {
        self.0
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        tables.query(self.1, &[])?;
        Ok(vec![Finding::new(self.0, year, Severity::Info, "seen")])
    }
}

fn config(sandbox: &Sandbox) -> SimulationConfig {
    let mut config =
        planalign::load_simulation_config(repository().join("config/simulation_config.yaml")).expect("the default");
    config.census.path = sandbox.path("census.csv");
    config
}

fn builder<'a>(sandbox: &Sandbox, config: SimulationConfig) -> OrchestratorBuilder<'a> {
    let (database, reports) = (sandbox.path("a.duckdb"), sandbox.path("reports"));
    planalign::orchestrator(config).database(database).reports(reports).project(repository().join("dbt"))
}

#[test]
fn rules_of_a_caller_run_once_all_tables_exist() {
    const ALL: &str = "select count(*) from fct_workforce_snapshot";
    let sandbox = Sandbox::new(60);
    // One replaces a built-in rule that is checked before the snapshot exists.
    let builder = |rules: [Seen; 2]| {
        let [first, second] = rules;
        builder(&sandbox, config(&sandbox)).threads(1).rule(first).rule(second)
    };
    let duplicate = builder([Seen("mine", ALL), Seen("mine", ALL)]).build().map(drop).expect_err("duplicate name");
    assert!(matches!(duplicate, Error::Run(PipelineError::WorkflowValidation(_))), "{duplicate}");
    let mut orchestrator = builder([Seen("mine", ALL), Seen("census_acceptance", ALL)]).build().expect("rules");
    let summary = orchestrator.execute_multi_year_simulation(2025..=2025).expect("finished");
    let seen: Vec<&str> = summary.years[0]
        .findings
        .iter()
        .filter(|finding| finding.message == "seen")
        .map(|finding| finding.stage.as_str())
        .collect();
    assert_eq!(seen, ["VALIDATION", "VALIDATION"]);
    let holder = RunLock::holder(&sandbox.path("a.duckdb")).expect("held until the orchestrator is dropped");
    assert_eq!(holder.run_id, None, "between runs");
}

#[test]
fn invalid_calls_are_refused_before_anything_is_written() {
    let sandbox = Sandbox::new(60);
    let mut wrong = config(&sandbox);
    wrong.deferrals.maximum_rate = planalign_config::rate!(7.5);
    assert!(matches!(builder(&sandbox, wrong).build().map(drop), Err(Error::Config(_))));
    let mut orchestrator = builder(&sandbox, config(&sandbox)).fail_on_validation_error().build().expect("built");
    let missing = orchestrator.resume().expect_err("no run");
    assert!(matches!(missing, Error::NoDatabase(_)), "{missing}");
    let (first, last) = (2027, 2025);
    let backwards = orchestrator.execute_multi_year_simulation(first..=last).expect_err("no years");
    assert!(matches!(backwards, Error::Config(_)), "{backwards}");
    assert!(!sandbox.path("a.duckdb").exists());
}

#[test]
fn a_panicking_listener_stops_neither_the_run_nor_its_log() {
    let sandbox = Sandbox::new(60);
    let database = sandbox.path("a.duckdb");
    let mut calls = 0;
    let listen = |event: &RunEvent, _: &ExecutionProgress| {
        calls += 1;
        assert!(!matches!(event.kind, RunEventKind::YearStarted { .. }), "intentional panic");
    };
    let mut orchestrator =
        builder(&sandbox, config(&sandbox)).database(&database).on_event(listen).build().expect("built");
    let run = AssertUnwindSafe(|| orchestrator.execute_multi_year_simulation(2025..=2025));
    catch_unwind(run).expect_err("the panic reaches the caller");
    drop(orchestrator);
    assert!(calls < 5, "{calls}");
    let status = captured(&sandbox.command(&["status", "--database", "a.duckdb"]).output().expect("run planalign"));
    assert!(status.stdout.contains("status     finished"), "{}", status.stdout);
    let logs = std::fs::read_dir(sandbox.path("logs")).expect("logs").next().expect("a log").expect("entry");
    assert!(std::fs::read_to_string(logs.path()).expect("read").contains("run_finished"));
}
