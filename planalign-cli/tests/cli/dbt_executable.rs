//! Runs whose models a dbt executable builds. A stand-in, which builds them in its own process with the embedded runner, shows what
//! the run does around it; `cargo xtask parity` uses real dbt.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use planalign::Caller;
use planalign_config::settings::RunnerKind;

use crate::fake_dbt;
use crate::sandbox::{self, CommandOutput, Sandbox, captured, differences};

/// Options for a run whose models the stand-in builds.
fn options<'a>(fake: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["2025-2026", "--progress", "none", "--runner", "dbt", "--dbt-executable", fake], more].concat()
}

/// Simulates with the stand-in, which behaves so.
fn simulate(sandbox: &Sandbox, behavior: &str, more: &[&str]) -> CommandOutput {
    let fake = fake_dbt::install(&sandbox.path(""));
    let mut command = sandbox.simulate_command(&options(fake.to_str().expect("UTF-8"), more));
    command.env("DBT_ENV_FAKE", behavior);
    captured(&command.output().expect("run planalign"))
}

/// Whatever a run leaves next to a database but should not.
fn left_behind(sandbox: &Sandbox) -> Vec<String> {
    let names = std::fs::read_dir(sandbox.path("")).expect("list").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| [".handover", ".part", ".aside", ".dbt"].iter().any(|end| name.ends_with(end))).collect()
}

#[test]
fn the_rows_are_those_of_the_embedded_runner() {
    let sandbox = Sandbox::new(200);
    sandbox.simulated(&["2025-2026", "--database", "embedded.duckdb"]);
    let output = simulate(&sandbox, "project", &["--database", "external.duckdb"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let embedded = sandbox.path("embedded.duckdb");
    assert_eq!(differences(&embedded, &sandbox.path("external.duckdb")), Vec::<String>::new());
    assert_eq!(left_behind(&sandbox), Vec::<String>::new());
    let checkpoint = |database: &str| {
        let shown = sandbox.command(&["checkpoint", "show", "2026/VALIDATION", "--database", database]).output();
        captured(&shown.expect("run planalign")).stdout
    };
    assert!(checkpoint("external.duckdb").contains("built by     dbt 1.11.16, adapter 1.10.1, engine v1.5.6"));
    assert!(checkpoint("embedded.duckdb").contains("built by     embedded"));
    let intact = sandbox.command(&["checkpoint", "verify", "--database", "external.duckdb"]).output();
    assert_eq!(captured(&intact.expect("run planalign")).code, 0);
}

#[test]
fn a_run_switches_runners_when_it_resumes() {
    let sandbox = Sandbox::new(200);
    sandbox.simulated(&["2025-2027", "--database", "embedded.duckdb"]);
    sandbox.simulated(&["2025-2025", "--database", "both.duckdb"]);
    let output = simulate(&sandbox, "project", &["--database", "both.duckdb", "--resume"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    sandbox.simulated(&["2025-2027", "--database", "both.duckdb", "--resume"]);
    assert_eq!(differences(&sandbox.path("embedded.duckdb"), &sandbox.path("both.duckdb")), Vec::<String>::new());
}

#[test]
fn a_failed_model_leaves_the_last_checkpoint_and_can_be_fixed() {
    let sandbox = Sandbox::new(200);
    sandbox.write_project_with("select nothing from {{ ref('fct_workforce_snapshot') }}");
    let project = ["--project", "dbt_copy"];
    let failed = simulate(&sandbox, "project", &project);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    insta::assert_snapshot!(sandbox.redact(&failed.stderr));
    assert_eq!(left_behind(&sandbox), Vec::<String>::new());
    std::fs::remove_file(sandbox.path("dbt_copy/models/validation/broken_model.sql")).expect("remove");
    let resumed = simulate(&sandbox, "project", &["--project", "dbt_copy", "--restart-from", "2025", "--restart"]);
    assert_eq!(resumed.code, 2, "{}", resumed.stderr);
    let resumed = simulate(&sandbox, "project", &["--project", "dbt_copy", "--restart"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}

#[test]
fn what_cannot_build_the_models_is_refused_before_the_run() {
    let sandbox = Sandbox::new(20);
    let refused = |arguments: &[&str]| {
        let output = sandbox.simulate(arguments);
        assert_eq!(output.code, 2, "{}", output.stderr);
        assert!(!sandbox.path("simulation.duckdb").exists());
        sandbox.redact(&output.stderr)
    };
    insta::assert_snapshot!(refused(&["--dbt-executable", "dbt"]));
    insta::assert_snapshot!(refused(&["--runner", "dbt", "--dbt-executable", "nowhere/dbt"]));
    sandbox.write("hello", "#!/bin/sh\necho hello\n");
    let script = sandbox.path("hello");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    insta::assert_snapshot!(refused(&["--runner", "dbt", "--dbt-executable", script.to_str().expect("UTF-8")]));
    let old = simulate(&sandbox, "old", &[]);
    assert!(old.stderr.contains("is dbt 1.10.3, but 1.11 or later is required"), "{}", old.stderr);
}

#[test]
fn the_plan_says_how_often_dbt_is_called_and_what_is_copied() {
    let sandbox = Sandbox::new(20);
    let plan = simulate(&sandbox, "project", &["--dry-run"]).stdout;
    let about_dbt = plan.lines().last().unwrap_or_default();
    let expected = "your dbt builds the models in 9 calls; before each stage, the database is copied, about 82 MB in all where the file system can't share blocks";
    assert_eq!(about_dbt, expected);
    assert!(!sandbox.simulated(&["2025-2026", "--dry-run"]).stdout.contains("dbt builds"));
}

/// Validates a project with the stand-in, which the configuration names.
fn validate(sandbox: &Sandbox, project: &Path, more: &[&str]) -> CommandOutput {
    let fake = fake_dbt::install(&sandbox.path(""));
    let configured = format!("dbt.executable={}", fake.display());
    let config = sandbox::repository().join("config/simulation_config.yaml");
    let mut command =
        sandbox.command(&["validate", "--census", "census.csv", "--set", "dbt.runner=dbt", "--set", &configured]);
    command.arg("--config").arg(config).arg("--project").arg(project).args(more).env("DBT_ENV_FAKE", "project");
    captured(&command.output().expect("run planalign"))
}

#[test]
fn validate_says_which_dbt_was_found() {
    let sandbox = Sandbox::new(20);
    let output = validate(&sandbox, &sandbox::repository().join("dbt"), &[]);
    assert!(
        output.stdout.contains("dbt            ok: version 1.11.16 with DuckDB v1.5.6"),
        "{}{}",
        output.stdout,
        output.stderr
    );
}

#[test]
fn a_project_that_only_dbt_can_build_is_checked_with_dbt() {
    let sandbox = Sandbox::new(20);
    sandbox.copy_project();
    sandbox.write("dbt_copy/packages.yml", "packages:\n  - local: ../elsewhere\n");
    let project = sandbox.path("dbt_copy");
    let done = |output: CommandOutput| {
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        output.stdout
    };
    let valid = done(validate(&sandbox, &project, &[]));
    assert!(valid.contains("census         ok: 20 rows"), "{valid}");
    let with_project = ["--project", "dbt_copy"];
    done(simulate(&sandbox, "project", &[&with_project[..], &["--dry-run"]].concat()));
    done(simulate(&sandbox, "project", &with_project));
    done(simulate(&sandbox, "project", &[&with_project[..], &["--restart"]].concat()));
    let rechecked = sandbox.command(&["validate", "--data", "--database", "simulation.duckdb"]).output();
    done(captured(&rechecked.expect("run planalign")));
    // The existing run stays if the census can't be used.
    sandbox.write("nobody.csv", &sandbox::census(20, 1).replace(",19", ",20"));
    let refused =
        simulate(&sandbox, "project", &[&with_project[..], &["--restart", "--census", "nobody.csv"]].concat());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let kept = sandbox.command(&["checkpoint", "verify", "--database", "simulation.duckdb"]).output();
    done(captured(&kept.expect("run planalign")));
    assert_eq!(left_behind(&sandbox), Vec::<String>::new());
}

/// Names a database in a profile of the project's own. Returns the options that select it.
fn own_profile(sandbox: &Sandbox, database: &str) -> [&'static str; 4] {
    let target = format!(r#"{{"type": "duckdb", "path": "{database}"}}"#);
    let profiles = format!(r#"{{"planalign": {{"outputs": {{"planalign": {target}}}}}}}"#);
    sandbox.write("dbt_copy/profiles.yml", &profiles);
    ["--project", "dbt_copy", "--set", "dbt.profile=planalign"]
}

#[test]
fn a_census_that_only_dbt_can_read_is_checked_with_a_named_profile_too() {
    let sandbox = Sandbox::new(20);
    sandbox.copy_project();
    sandbox.write("dbt_copy/packages.yml", "packages:\n  - local: ../elsewhere\n");
    let [.., set, profile] = own_profile(&sandbox, "simulation.duckdb");
    let output = validate(&sandbox, &sandbox.path("dbt_copy"), &[set, profile]);
    assert!(output.stdout.contains("census         ok: 20 rows"), "{}{}", output.stdout, output.stderr);
    assert!(!sandbox.path("simulation.duckdb").exists());
    let with_profile = own_profile(&sandbox, "simulation.duckdb");
    let done = simulate(&sandbox, "project", &with_profile);
    assert_eq!(done.code, 0, "{}", done.stderr);
    sandbox.write("nobody.csv", &sandbox::census(20, 1).replace(",19", ",20"));
    let restart = [&with_profile[..], &["--restart", "--census", "nobody.csv"]].concat();
    let refused = simulate(&sandbox, "project", &restart);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let kept = sandbox.command(&["checkpoint", "verify", "--database", "simulation.duckdb"]).output();
    assert_eq!(captured(&kept.expect("run planalign")).code, 0);
    assert_eq!(left_behind(&sandbox), Vec::<String>::new());
}

#[test]
fn a_dry_run_with_a_named_profile_leaves_its_database_alone() {
    let sandbox = Sandbox::new(20);
    sandbox.copy_project();
    let dry_run = [&own_profile(&sandbox, "simulation.duckdb")[..], &["--dry-run"]].concat();
    let planned = simulate(&sandbox, "project", &dry_run);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(!sandbox.path("simulation.duckdb").exists());
    own_profile(&sandbox, "elsewhere.duckdb");
    let refused = simulate(&sandbox, "project", &dry_run);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let expected = "dbt's profile opens `elsewhere.duckdb`, not the database of the run";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    assert!(!sandbox.path("elsewhere.duckdb").exists());
}

#[test]
fn a_run_is_not_replaced_with_a_census_that_the_engine_rejects() {
    let sandbox = Sandbox::new(20);
    sandbox.copy_project();
    let model = "dbt_copy/models/initialization/stg_census_summary.sql";
    let sql = std::fs::read_to_string(sandbox.path(model)).expect("a model");
    let strict = "count(case when row_status = 'rejected' then error('a rejected row') else 1 end) as file_rows";
    let strict = sql.replace("count(*) as file_rows", strict);
    assert_ne!(strict, sql);
    sandbox.write(model, &strict);
    sandbox.simulated(&["2025", "--project", "dbt_copy"]);
    let bad_row = "E999999,1980-01-01,2020-01-01,,much,0,40,,\n";
    sandbox.write("bad.csv", &format!("{}{bad_row}", sandbox::census(20, 1)));
    let restart = [&own_profile(&sandbox, "simulation.duckdb")[..], &["--restart", "--census", "bad.csv"]].concat();
    let refused = simulate(&sandbox, "project", &restart);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("model stg_census_summary"), "{}", refused.stderr);
    let kept = sandbox.command(&["checkpoint", "verify", "--database", "simulation.duckdb"]).output();
    let kept = captured(&kept.expect("run planalign"));
    assert_eq!(kept.code, 0, "{}{}", kept.stdout, kept.stderr);
}

#[test]
fn a_program_that_builds_an_orchestrator_asks_dbt_once() {
    let sandbox = Sandbox::new(20);
    let root = sandbox::repository();
    let mut config =
        planalign::load_simulation_config(root.join("config/simulation_config.yaml")).expect("the default");
    config.census.path = sandbox.path("census.csv");
    config.dbt.runner = RunnerKind::Dbt;
    config.dbt.executable = fake_dbt::install(&sandbox.path(""));
    let host = Path::new(env!("CARGO_BIN_EXE_planalign"));
    let guard = |grace| planalign_dbt::executable::guard::command(host, grace);
    let environment = [("DBT_ENV_FAKE".into(), "project,records".into()), ("PATH".into(), env!("PATH").into())];
    let caller = Caller { guard: Some(&guard), environment: &environment, ..Caller::default() };
    let (database, reports) = (sandbox.path("a.duckdb"), sandbox.path("reports"));
    let builder = planalign::orchestrator(config).database(database).reports(reports).project(root.join("dbt"));
    let mut orchestrator = builder.caller(caller).build().expect("checked");
    orchestrator.execute_multi_year_simulation(2025..=2025).expect("finished");
    let calls = std::fs::read_to_string(sandbox.path("calls")).expect("calls");
    assert_eq!(calls.lines().filter(|call| call.contains(r#"["show""#)).count(), 1);
}

#[test]
fn options_of_dbt_in_the_environment_are_named_and_not_passed_on() {
    let sandbox = Sandbox::new(20);
    let fake = fake_dbt::install(&sandbox.path(""));
    let mut command = sandbox.simulate_command(&options(fake.to_str().expect("UTF-8"), &[]));
    command.env("DBT_ENV_FAKE", "project").env("DBT_FULL_REFRESH", "true").env("DBT_QUIET", "1");
    let output = captured(&command.output().expect("run planalign"));
    let warning = "ignored these environment variables, which change what dbt builds: DBT_FULL_REFRESH, DBT_QUIET";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
}

#[test]
fn a_killed_dry_run_leaves_nothing_behind() {
    let sandbox = Sandbox::new(20);
    let temporary = sandbox.path("temporary");
    std::fs::create_dir(&temporary).expect("folder");
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let fake = fake_dbt::install(&sandbox.path(""));
        let pids = sandbox.path("pids");
        let dry_run = ["--dry-run", "--set", "dbt.grace_seconds=1"];
        let mut command = sandbox.simulate_command(&options(fake.to_str().expect("UTF-8"), &dry_run));
        command.env("DBT_ENV_FAKE", "show_hangs").env("DBT_ENV_PIDS", &pids).env("TMPDIR", &temporary);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("spawn");
        while !pids.exists() {
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_dir(&temporary).expect("list").count(), 1);
        kill(Pid::from_raw(i32::try_from(child.id()).expect("ID")), signal).expect("signal");
        child.wait().expect("wait");
        let deadline = Instant::now() + Duration::from_mins(1);
        while std::fs::read_dir(&temporary).expect("list").count() > 0 {
            assert!(Instant::now() < deadline, "{signal}");
            std::thread::yield_now();
        }
        std::fs::remove_file(&pids).expect("remove");
    }
}

#[test]
fn a_stop_while_dbt_works_ends_it_and_the_run_resumes() {
    let sandbox = Sandbox::new(200);
    sandbox.simulated(&["2025-2026", "--database", "uninterrupted.duckdb"]);
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let fake = fake_dbt::install(&sandbox.path(""));
        let pids = sandbox.path("pids");
        let mut command =
            sandbox.simulate_command(&options(fake.to_str().expect("UTF-8"), &["-v", "--set", "dbt.grace_seconds=1"]));
        command.env("DBT_ENV_FAKE", "project,hangs").env("DBT_ENV_PIDS", &pids);
        let log = sandbox.path("stderr");
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).expect("a file"));
        let mut child = command.spawn().expect("spawn");
        while !pids.exists() {
            std::thread::yield_now();
        }
        let busy = sandbox.simulate(&["--restart", "--progress", "none"]);
        assert_eq!(busy.code, 5, "{}", busy.stderr);
        kill(Pid::from_raw(i32::try_from(child.id()).expect("ID")), signal).expect("signal");
        let ended = child.wait().expect("wait").code();
        assert_eq!(ended, if signal == Signal::SIGINT { Some(130) } else { None });
        if signal == Signal::SIGINT {
            let log = std::fs::read_to_string(&log).expect("UTF-8");
            assert!(log.contains("sent SIGINT to dbt\n") && !log.contains("dbt: sent"), "{log}");
        }
        let dbt = std::fs::read_to_string(&pids).expect("process ID");
        while Path::new("/proc").join(&dbt).exists() {
            std::thread::yield_now();
        }
        std::fs::remove_file(&pids).expect("remove");
        let resumed = simulate(&sandbox, "project", &["--resume"]);
        assert_eq!(resumed.code, 0, "{}", resumed.stderr);
        assert_eq!(left_behind(&sandbox), Vec::<String>::new());
        let different = differences(&sandbox.path("uninterrupted.duckdb"), &sandbox.path("simulation.duckdb"));
        assert_eq!(different, Vec::<String>::new());
        std::fs::remove_file(sandbox.path("simulation.duckdb")).expect("remove");
    }
}
