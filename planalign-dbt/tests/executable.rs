//! The runner of a dbt executable, with a stand-in that prints and exits as each test wants.

#![cfg(unix)]

#[path = "support/fake_dbt.rs"]
mod fake_dbt;

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use planalign_config::{Diagnostic, Fault, full_message};
use planalign_dbt::executable::{Profile, guard};
use planalign_dbt::{DbtError, DbtOptions, DbtRunner, Flow, ModelRunner, NodeEvent, NodeResult, RunnerError, Vars};
use serde_json::json;
use tempfile::TempDir;

/// A project's folder, with a database that doesn't exist.
struct Fixture {
    folder: TempDir,
    options: DbtOptions,
}

impl Fixture {
    /// A fake that behaves so, as a list by commas.
    fn new(behavior: &str) -> Self {
        let folder = tempfile::tempdir().expect("temporary directory");
        fs::write(folder.path().join("dbt_project.yml"), "name: shop\nversion: '1'\nprofile: shop\n").expect("project");
        let fake = fake_dbt::install(folder.path());
        let pids = folder.path().join("pids");
        let given: [(&str, OsString); 3] = [
            ("DBT_ENV_FAKE", behavior.into()),
            ("DBT_ENV_PIDS", pids.into()),
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
        ];
        let counters = std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
        let all = given.into_iter().chain(counters);
        let caller_environment = all.map(|(name, value)| (OsString::from(name), value)).collect();
        let options = DbtOptions {
            executable: fake.clone(),
            profile: None,
            threads: 2,
            memory_limit: Some(1_000_000_000),
            // Tells an instrumented guard where to write its counters.
            environment: vec!["LLVM_PROFILE_FILE".to_owned()],
            caller_environment,
            guard: guard::command(&install_guard(folder.path()), Duration::from_millis(200)),
            timeout: Duration::from_mins(1),
        };
        Self { folder, options }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("plan.duckdb")
    }

    fn open(&self) -> Result<DbtRunner, RunnerError> {
        DbtRunner::open(self.folder.path(), &self.database(), &vars(), self.options.clone())
    }

    fn dbt_error(&self) -> DbtError {
        match self.open() {
            Err(RunnerError::Dbt(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// Builds everything but the ephemeral model.
    fn build(&self) -> Result<Vec<NodeResult>, RunnerError> {
        let mut runner = self.open().expect("checked");
        let nodes = runner.select("prices orders totals").expect("known");
        let built = runner.run(&nodes, &vars(), 1, &mut |_| Flow::Continue);
        drop(runner);
        assert!(!self.database().with_added_extension("dbt").exists(), "nothing stays on disk");
        built
    }
}

/// The arguments of the guard's host, one per line.
const GUARD: &str = "FAKE_GUARD_ARGUMENTS";

/// Installs a host of the guard in a folder: a script that runs this test program as the guard.
fn install_guard(folder: &Path) -> PathBuf {
    fake_dbt::script(folder, "fake_guard", GUARD, "guard_dbt")
}

#[test]
#[expect(clippy::exit, reason = "as hosts of the guard do")]
fn guard_dbt() {
    let Some(arguments) = fake_dbt::arguments(GUARD) else { return };
    let host = PathBuf::from(std::env::var_os("FAKE_DBT_FOLDER").expect("folder")).join("fake_guard");
    std::process::exit(
        guard::host(&host, arguments.into_iter().map(OsString::from), &|_| {}).expect("the guard's arguments"),
    );
}

fn vars() -> Vars {
    Vars::from_iter([("simulation_year".to_owned(), json!(2025)), ("secret".to_owned(), json!("hidden value"))])
}

/// The whole message: the error, its details, and its hints.
fn message(error: &RunnerError) -> String {
    format!("{}\n{}", full_message(error), error.details().join("\n"))
}

#[test]
fn nodes_are_built_in_one_call_and_reported_one_by_one() {
    let fixture = Fixture::new("");
    let mut runner = fixture.open().expect("checked");
    let versions = [("adapter", "1.10.1"), ("dbt", "1.11.16"), ("engine", "v1.5.6"), ("runner", "dbt")];
    assert_eq!(runner.versions(), versions.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
    assert_eq!(runner.dbt_versions().dbt, "1.11.16");
    assert!(!runner.joins_unit());
    assert_eq!(runner.select("path:models").expect("known"), ["helper", "orders", "totals"]);
    assert_eq!(runner.select("+totals").expect("known"), ["helper", "prices", "orders", "totals"]);
    let unknown = runner.select("total").expect_err("unknown").to_string();
    assert_eq!(unknown, "total selects nothing; did you mean `totals`?");
    assert_eq!(runner.graph().get("totals").expect("a model").depends_on, ["helper", "orders"]);
    let mut seen = Vec::new();
    let nodes = runner.select("+totals").expect("known");
    let results = runner.run(&nodes, &vars(), 1, &mut |event| {
        match event {
            NodeEvent::Started { name, .. } => seen.push(format!("started {name}")),
            NodeEvent::Finished(outcome) => {
                seen.push(format!("finished {} in {:?}", outcome.name(), outcome.elapsed()));
            }
            NodeEvent::Waiting => {}
        }
        Flow::Continue
    });
    let results = results.expect("built");
    assert_eq!(
        seen,
        [
            "started prices",
            "finished prices in 250ms",
            "started orders",
            "finished orders in 250ms",
            "started totals",
            "finished totals in 250ms"
        ]
    );
    assert_eq!(
        results.iter().map(|r| (r.name.as_str(), r.rows)).collect::<Vec<_>>(),
        [("prices", None), ("orders", None), ("totals", None)]
    );
    assert!(runner.run(&["helper".to_owned()], &vars(), 1, &mut |_| Flow::Continue).expect("nothing to do").is_empty());
    let unknown = runner.run(&["order".to_owned()], &vars(), 1, &mut |_| Flow::Continue).expect_err("unknown");
    assert_eq!(unknown.to_string(), "no model or seed is named order; did you mean `orders`?");
}

#[test]
fn success_without_every_node_is_a_failure() {
    let cases = [
        ("selects_nothing", "dbt reported success but did not build 3 models: prices, orders, totals"),
        ("forgets", "dbt reported success but did not build 1 model: totals"),
        ("skips", "dbt reported success but did not build 1 model: totals"),
        ("results_disagree", "dbt reported success but did not build 3 models: prices, orders, totals"),
        ("no_results", "dbt reported success but wrote no `run_results.json`"),
        ("stale", "dbt reported success but wrote no `run_results.json` of this call"),
    ];
    for (behavior, expected) in cases {
        let error = Fixture::new(behavior).build().expect_err(behavior);
        assert_eq!(error.to_string(), expected, "{behavior}");
    }
}

#[test]
fn a_failed_node_is_named_with_the_engine_s_message_and_no_data() {
    for behavior in ["fails", "fails,exit_0", "fails,no_results"] {
        let error = Fixture::new(behavior).build().expect_err(behavior);
        assert!(matches!(&error, RunnerError::Database { node, .. } if node == "orders"), "{error:?}");
        assert_eq!(
            message(&error).trim_end(),
            "model orders (models/orders.sql) failed: Conversion Error: Could not convert string '...' to INT32"
        );
    }
    let error = Fixture::new("fails_to_compile").build().expect_err("no variable");
    assert!(matches!(&error, RunnerError::Compilation { node, .. } if node == "orders"), "{error:?}");
    assert!(message(&error).contains("Required var 'x' not found in config\n"), "{}", message(&error));
    assert!(!message(&error).contains("hidden value"));
}

#[test]
fn a_call_that_fails_as_a_whole_says_what_dbt_says() {
    let cases = [
        ("usage", Fault::Deterministic, "dbt failed with exit code 2\nError: No such option '--nonsense'."),
        (
            "locked",
            Fault::Busy,
            "dbt failed with exit code 2\nEncountered an error:\nRuntime Error\n  IO Error: Could not set lock on file \"x\": Conflicting lock",
        ),
        ("dies", Fault::Deterministic, "dbt failed with exit code 143"),
    ];
    for (behavior, fault, expected) in cases {
        let error = Fixture::new(behavior).build().expect_err(behavior);
        let message = message(&error);
        // The test program prints this before it becomes the stand-in.
        let lines: Vec<&str> = message.lines().filter(|line| *line != "running 1 test").collect();
        let found = lines.join("\n");
        assert_eq!((error.fault(), found.as_str()), (fault, expected), "{behavior}");
    }
}

#[test]
fn output_that_is_not_events_stops_nothing() {
    for behavior in ["garbage", "big_log"] {
        assert_eq!(Fixture::new(behavior).build().expect(behavior).len(), 3);
    }
}

#[test]
fn what_cannot_drive_the_run_is_refused_before_it() {
    let cases = [
        ("not_dbt", "is not dbt Core 1.11 or later"),
        ("old", "is dbt 1.10.3, but 1.11 or later is required"),
        ("old_engine", "uses DuckDB v1.4.2, but 1.5.5 or later is required"),
        ("newer_file", "uses DuckDB v1.5.6, but 1.5.5 or later is required"),
        ("other_adapter", "dbt's profile uses the adapter postgres, but duckdb is required"),
        ("show_fails", "dbt failed with exit code 2"),
        ("no_manifest", "cannot read dbt's manifest"),
    ];
    for (behavior, expected) in cases {
        let error = Fixture::new(behavior).dbt_error();
        assert!(error.to_string().ends_with(expected), "{behavior}: {error}");
        assert!(!error.hints().is_empty(), "{behavior} has no next step");
    }
}

#[test]
fn a_program_that_is_not_there_or_does_not_start_is_named() {
    let mut fixture = Fixture::new("");
    fixture.options.executable = PathBuf::from("dbt-that-is-not-there");
    assert_eq!(fixture.dbt_error().to_string(), "found no dbt executable `dbt-that-is-not-there`");
    fixture.options.executable = fixture.folder.path().join("dbt_project.yml");
    let error = fixture.dbt_error();
    assert_eq!(full_message(&error).rsplit_once(": ").expect("a cause").1, "permission denied");
    let script = fixture.folder.path().join("dbt");
    let mut run = |text: &str| {
        fs::write(&script, text).expect("script");
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
        fixture.options.executable = script.clone();
        fixture.dbt_error()
    };
    // A virtual environment whose Python is gone.
    assert!(matches!(run("#!/gone/python\n"), DbtError::NotStarted { .. }));
    let killed = run("#!/bin/sh\nkill -9 $$\n");
    assert!(matches!(killed, DbtError::Killed), "{killed:?}");
    fixture.options.guard = vec!["/gone/guard".into()];
    let error = fixture.dbt_error();
    assert!(matches!(error, DbtError::NotStarted { cause: Some(_), .. }), "{error:?}");
}

#[test]
fn a_name_is_found_in_the_path() {
    let mut fixture = Fixture::new("");
    let folder = fixture.folder.path().to_owned();
    fixture.options.executable = PathBuf::from("fake_dbt");
    fixture.options.caller_environment.retain(|(name, _)| name != "PATH");
    fixture
        .options
        .caller_environment
        .push(("PATH".into(), std::env::join_paths([Path::new("/nowhere"), &folder]).expect("PATH")));
    assert_eq!(fixture.open().expect("found").executable(), folder.join("fake_dbt"));
}

#[test]
fn a_profile_for_another_database_is_refused() {
    let mut fixture = Fixture::new("");
    let folder = fixture.folder.path().join("profiles");
    fs::create_dir(&folder).expect("folder");
    let other = fixture.folder.path().join("other.duckdb");
    let profile = |path: &Path| json!({ "planalign": { "outputs": { "planalign": { "path": path } } } }).to_string();
    fs::write(folder.join("profiles.yml"), profile(&other)).expect("profile");
    fixture.options.profile =
        Some(Profile { folder: Some(folder.clone()), name: "planalign".to_owned(), target: None });
    assert!(matches!(fixture.dbt_error(), DbtError::OtherDatabase { found, .. } if found == other));
    fs::write(folder.join("profiles.yml"), profile(&fixture.database())).expect("profile");
    fixture.open().expect("its own database");
}

#[test]
fn what_only_dbt_can_build_is_built_in_a_database_of_its_own() {
    let fixture = Fixture::new("records");
    // The embedded runner refuses packages.
    fs::write(fixture.folder.path().join("packages.yml"), "packages:\n  - local: x\n").expect("packages");
    let mut runner = fixture.open().expect("checked");
    let nodes = ["prices".to_owned()];
    runner.build_in_scratch_database(&nodes, &vars()).expect("built");
    runner.run(&nodes, &vars(), 1, &mut |_| Flow::Continue).expect("built");
    let databases = calls(&fixture).into_iter().map(|call| call["database"].as_str().expect("a path").to_owned());
    let own = databases.map(|path| path == fixture.database().display().to_string());
    assert_eq!(own.collect::<Vec<_>>(), [false, false, true], "the check, the scratch database, the run");
}

#[test]
fn what_the_engine_rejects_is_not_left_to_dbt() {
    let fixture = Fixture::new("records");
    let folder = fixture.folder.path();
    fs::create_dir(folder.join("models")).expect("folder");
    let built = |sql: &str| {
        fs::write(folder.join("models/orders.sql"), sql).expect("model");
        let mut runner = fixture.open().expect("checked");
        runner.build_in_scratch_database(&["orders".to_owned()], &vars()).map(drop)
    };
    built("select 1 as id").expect("built");
    let error = built("{{ config(materialized='table') }} select error('rejected') as id").expect_err("rejected");
    assert!(matches!(&error, RunnerError::Database { node, .. } if node == "orders"), "{error:?}");
    assert!(calls(&fixture).iter().all(|call| arguments(call)[0] == "show"), "dbt has built nothing");
    built("select {{ exceptions.raise_compiler_error('not here') }} as id").expect("dbt can");
    assert_eq!(calls(&fixture).iter().filter(|call| arguments(call)[0] == "build").count(), 1);
}

#[test]
fn a_scratch_database_that_does_not_open_is_the_engine_s_error() {
    let fixture = Fixture::new("damages");
    fs::write(fixture.folder.path().join("packages.yml"), "packages:\n  - local: x\n").expect("packages");
    let mut runner = fixture.open().expect("checked");
    let error = runner.build_in_scratch_database(&["prices".to_owned()], &vars()).expect_err("damaged");
    assert!(matches!(&error, RunnerError::Dbt(DbtError::Database { .. })), "{error:?}");
    assert_eq!(error.fault(), Fault::WrongVersion);
    assert!(!error.hints().is_empty());
}

#[test]
fn a_stop_and_a_time_limit_end_dbt_and_its_children() {
    for behavior in ["hangs", "hangs,stubborn"] {
        let fixture = Fixture::new(behavior);
        let mut runner = fixture.open().expect("checked");
        let has_started = Cell::new(false);
        let stopped = runner.run(&["prices".to_owned()], &vars(), 1, &mut |event| match event {
            NodeEvent::Started { .. } => {
                has_started.set(true);
                Flow::Continue
            }
            _ if has_started.get() && fixture.folder.path().join("pids").exists() => Flow::Stop,
            _ => Flow::Continue,
        });
        assert_eq!(stopped.expect_err("stopped").to_string(), "stopped before prices");
        drop(runner);
        assert!(!is_alive(&fixture), "{behavior}");
    }
    let mut fixture = Fixture::new("hangs,stubborn");
    fixture.options.timeout = Duration::from_secs(3);
    assert_eq!(fixture.build().expect_err("too slow").to_string(), "dbt did not finish within 3 s");
    assert!(!is_alive(&fixture));
    let mut fixture = Fixture::new("show_hangs");
    fixture.options.timeout = Duration::from_millis(300);
    assert!(matches!(fixture.dbt_error(), DbtError::TimedOut { .. }));
}

#[test]
fn nothing_that_dbt_started_outlives_it() {
    let fixture = Fixture::new("leaves_child");
    fixture.build().expect("built");
    assert_eq!(processes_of(&fixture), Vec::<String>::new());
}

#[test]
fn a_lost_process_that_keeps_the_output_open_is_not_waited_for() {
    let fixture = Fixture::new("loses_child");
    let began = Instant::now();
    fixture.build().expect("built");
    assert!(began.elapsed() < Duration::from_mins(1));
    let id = fs::read_to_string(fixture.folder.path().join("pids")).expect("process ID");
    let lost = Pid::from_raw(id.parse().expect("a number"));
    kill(lost, Signal::SIGKILL).expect("still there: nothing says that dbt started it");
}

#[test]
fn dbt_can_be_interrupted_even_if_we_are_started_with_interrupts_ignored() {
    let mut fixture = Fixture::new("hangs");
    let guard = install_guard(fixture.folder.path());
    let ignoring = fixture.folder.path().join("ignoring_guard");
    fs::write(&ignoring, format!("#!/bin/sh\ntrap '' INT\nexec {} \"$@\"\n", guard.display())).expect("script");
    fs::set_permissions(&ignoring, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    fixture.options.guard = guard::command(&ignoring, Duration::from_mins(10));
    let mut runner = fixture.open().expect("checked");
    let pids = fixture.folder.path().join("pids");
    let stopped = runner.run(&["prices".to_owned()], &vars(), 1, &mut |_| {
        if pids.exists() { Flow::Stop } else { Flow::Continue }
    });
    assert!(matches!(stopped, Err(RunnerError::Stopped { .. })), "{stopped:?}");
    drop(runner);
    assert!(!is_alive(&fixture));
}

/// The calls that the stand-in has recorded.
fn calls(fixture: &Fixture) -> Vec<serde_json::Value> {
    let calls = fs::read_to_string(fixture.folder.path().join("calls")).expect("calls");
    calls.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The arguments of a call.
fn arguments(call: &serde_json::Value) -> Vec<&str> {
    call["arguments"].as_array().expect("a list").iter().filter_map(serde_json::Value::as_str).collect()
}

/// The value of an option.
fn option<'c>(call: &'c serde_json::Value, name: &str) -> &'c str {
    let arguments = arguments(call);
    let at = arguments.iter().position(|argument| *argument == name).expect(name);
    arguments[at + 1]
}

#[test]
fn a_call_names_all_that_the_user_s_settings_could_change() {
    let fixture = Fixture::new("records");
    fixture.build().expect("built");
    let private = fixture.database().with_added_extension("dbt").display().to_string();
    let calls = calls(&fixture);
    assert_eq!(calls.iter().map(|call| arguments(call)[0]).collect::<Vec<_>>(), ["show", "build"]);
    for call in &calls {
        assert_eq!([option(call, "--profiles-dir"), option(call, "--profile")], [private.as_str(), "planalign"]);
        assert_eq!([option(call, "--target"), option(call, "--log-format")], ["planalign", "json"]);
        assert_eq!(option(call, "--warn-error-options"), r#"{"error": []}"#);
        assert_eq!(option(call, "--project-dir"), fixture.folder.path().display().to_string());
        assert!(arguments(call).contains(&"--no-use-colors"));
        assert!(option(call, "--target-path").starts_with(&private));
        assert!(option(call, "--log-path").starts_with(&private));
        let vars: Vars = serde_json::from_str(option(call, "--vars")).expect("JSON");
        assert_eq!(vars, self::vars());
        // The versions accept different words for "none".
        assert!(!arguments(call).contains(&"--log-level-file"));
    }
    let targets = calls.iter().map(|call| option(call, "--target-path"));
    assert_eq!(targets.collect::<std::collections::BTreeSet<_>>().len(), calls.len(), "a target folder for each call");
    assert_eq!(option(&calls[1], "--exclude-resource-type"), "test");
}

#[test]
fn variables_that_are_too_long_for_an_argument_are_passed_in_the_project() {
    let fixture = Fixture::new("records");
    let mut runner = fixture.open().expect("checked");
    let mut long = vars();
    long.insert("long".to_owned(), "x".repeat(200_000).into());
    runner.run(&["prices".to_owned()], &long, 1, &mut |_| Flow::Continue).expect("built");
    let calls = calls(&fixture);
    assert_eq!(option(&calls[1], "--vars"), "{}");
    let project: serde_json::Value = serde_json::from_str(calls[1]["project"].as_str().expect("text")).expect("JSON");
    assert_eq!(project["vars"], serde_json::Value::Object(long));
}

/// Whether the fake, by the process ID that it wrote, is still running.
fn is_alive(fixture: &Fixture) -> bool {
    let id = fs::read_to_string(fixture.folder.path().join("pids")).expect("process ID");
    Path::new("/proc").join(id).exists() || !processes_of(fixture).is_empty()
}

/// Processes with this fixture's environment, once those that are ending have ended.
fn processes_of(fixture: &Fixture) -> Vec<String> {
    let mark = format!("DBT_ENV_PIDS={}", fixture.folder.path().join("pids").display());
    let is_marked = |environment: Vec<u8>| String::from_utf8_lossy(&environment).contains(&mark);
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let all = fs::read_dir("/proc").expect("processes").flatten();
        let marked = all.filter(|entry| fs::read(entry.path().join("environ")).is_ok_and(is_marked));
        let marked: Vec<String> = marked.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        if marked.is_empty() || Instant::now() > deadline {
            return marked;
        }
        thread::yield_now();
    }
}
