//! Recovery: damage, loss, and changes are reported, and a run that follows the advice ends with the same tables as an
//! uninterrupted one.

use std::fs;
use std::path::Path;

use crate::sandbox::{CommandOutput, Sandbox, captured, census, differences, repository};

const YEARS: &str = "2025-2027";

fn checkpoint(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    captured(&sandbox.command(&[&["checkpoint"], arguments].concat()).output().expect("run planalign"))
}

/// A sandbox with a finished run in `simulation.duckdb`, and a copy of it in `original.duckdb`.
fn finished() -> Sandbox {
    let sandbox = Sandbox::new(200);
    sandbox.simulated(&[YEARS]);
    fs::copy(sandbox.path("simulation.duckdb"), sandbox.path("original.duckdb")).expect("copy");
    sandbox
}

/// Asserts that the tables of the run equal those of the uninterrupted one.
fn check_same_as_original(sandbox: &Sandbox, database: &str) {
    let different = differences(&sandbox.path("original.duckdb"), &sandbox.path(database));
    assert_eq!(different, Vec::<String>::new());
}

fn lines_with<'t>(text: &'t str, part: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.contains(part)).collect()
}

#[test]
fn a_run_restored_to_any_checkpoint_ends_with_the_same_tables() {
    let sandbox = finished();
    for point in ["2026", "2026/EVENT_GENERATION", "2025/INITIALIZATION", "2027/state_accumulation"] {
        let restored = checkpoint(&sandbox, &["restore", point]);
        assert_eq!(restored.code, 0, "{}", restored.stderr);
        assert!(restored.stdout.starts_with("restored to 202"), "{}", restored.stdout);
        let verified = checkpoint(&sandbox, &["verify"]);
        assert_eq!(verified.code, 0, "{}", verified.stdout);
        assert!(!verified.stdout.contains("lost"), "{}", verified.stdout);
        sandbox.simulated(&["--resume", "--progress", "none"]);
        check_same_as_original(&sandbox, "simulation.duckdb");
    }
    let last = checkpoint(&sandbox, &["restore", "2027"]);
    assert_eq!(last.stdout, "2027/REPORTING is the last checkpoint; nothing was removed\n");
    let status = captured(&sandbox.command(&["status"]).output().expect("run planalign"));
    assert!(status.stdout.contains("status     finished\n"), "{}", status.stdout);
    let none = checkpoint(&sandbox, &["restore", "2031"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
}

#[test]
fn a_damaged_table_is_named_and_rebuilt_after_a_restore() {
    let sandbox = finished();
    sandbox.tamper("simulation.duckdb", "update fct_workforce_snapshot set current_age = current_age + 1 where simulation_year = 2026 and employee_id = (select min(employee_id) from fct_workforce_snapshot)");
    let verified = checkpoint(&sandbox, &["verify"]);
    assert_eq!(verified.code, 6);
    insta::assert_snapshot!(lines_with(&verified.stdout, "a").into_iter().filter(|line| !line.ends_with("intact")).collect::<Vec<_>>().join("\n"), @"
    2026/VALIDATION          damaged: table main.fct_workforce_snapshot: the sums of its columns differ
    help: to return to the last intact checkpoint, run `planalign checkpoint restore 2026/STATE_ACCUMULATION`
    ");
    let report: serde_json::Value =
        serde_json::from_str(&checkpoint(&sandbox, &["verify", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(
        (&report["last_valid"]["stage"], &report["lost"]),
        (&"STATE_ACCUMULATION".into(), &serde_json::Value::Null)
    );
    let refused = sandbox.simulate(&["--resume", "--progress", "none"]);
    assert_eq!(refused.code, 6);
    insta::assert_snapshot!(sandbox.redact(&refused.stderr), @"
    error: checkpoint 2026/VALIDATION is damaged
      table main.fct_workforce_snapshot: the sums of its columns differ
    help: everything up to 2026/STATE_ACCUMULATION is intact; run `planalign checkpoint restore 2026/STATE_ACCUMULATION`, then `planalign simulate --project [REPO]/dbt --config [REPO]/config/simulation_config.yaml --census census.csv --progress none --resume`
          check whether another program wrote to the file, or whether the disk is failing
    ");
    // A checkpoint that includes the damaged table can't be restored.
    assert_eq!(checkpoint(&sandbox, &["restore", "2026"]).code, 6);
    assert_eq!(checkpoint(&sandbox, &["restore", "2026/STATE_ACCUMULATION"]).code, 0);
    sandbox.simulated(&["--resume", "--progress", "none"]);
    check_same_as_original(&sandbox, "simulation.duckdb");
}

#[test]
fn a_damaged_registry_is_rebuilt_from_the_events() {
    let sandbox = finished();
    sandbox.tamper(
        "simulation.duckdb",
        "update planalign.enrollment_registry set is_enrolled = not is_enrolled where simulation_year = 2025;
        delete from planalign.deferral_escalation_registry where simulation_year = 2026 and opted_out",
    );
    let verified = checkpoint(&sandbox, &["verify"]);
    assert_eq!(verified.code, 6);
    assert_eq!(lines_with(&verified.stdout, "damaged").len(), 2, "{}", verified.stdout);
    let resumed = sandbox.simulated(&[YEARS, "--resume"]);
    let repaired = lines_with(
        &resumed.stderr,
        "Repaired: the enrollment registry does not match checkpoint 2025/STATE_ACCUMULATION",
    );
    assert_eq!(repaired.len(), 1, "{}", resumed.stderr);
    check_same_as_original(&sandbox, "simulation.duckdb");
    assert_eq!(checkpoint(&sandbox, &["verify"]).code, 0);
}

#[test]
fn a_run_resumes_from_its_record_alone() {
    let sandbox = finished();
    sandbox.copy_project();
    sandbox.write("growth.yaml", "simulation: { target_growth_rate: 0.03 }");
    sandbox.killed_after(8, "a.duckdb", &[YEARS, "--project", "dbt_copy", "--scenario", "growth.yaml"]);
    // Moved to an otherwise empty folder.
    let elsewhere = tempfile::tempdir().expect("a folder");
    for suffix in ["", ".wal"] {
        let name = format!("a.duckdb{suffix}");
        fs::rename(sandbox.path(&name), elsewhere.path().join(format!("moved.duckdb{suffix}"))).expect("move");
    }
    let mut command = sandbox.command(&["simulate", "--resume", "--database", "moved.duckdb"]);
    let resumed = captured(&command.current_dir(elsewhere.path()).output().expect("run planalign"));
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let expected = "warning: using the inputs recorded with the run; `config/simulation_config.yaml` not found\n";
    assert!(resumed.stderr.contains(expected), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("Resuming after 2026/"), "{}", resumed.stderr);
    fs::rename(elsewhere.path().join("moved.duckdb"), sandbox.path("a.duckdb")).expect("move back");
    check_same_as_original(&sandbox, "a.duckdb");
    let mirrored = elsewhere.path().join(".planalign_checkpoints/moved.duckdb");
    let run = fs::read_dir(mirrored).expect("a mirror").next().expect("a run").expect("a folder").path();
    assert_eq!(fs::read_dir(run).expect("files").count(), 16, "all checkpoints are mirrored, including earlier ones");
}

#[test]
fn data_is_checked_with_the_recorded_rules_if_there_is_no_configuration() {
    let sandbox = Sandbox::new(100);
    let setting = "validation.compensation_reasonableness.maximum_compensation=50000";
    let found = sandbox.simulate(&["2025", "--set", setting]);
    assert_eq!(found.code, 4);
    assert!(found.stderr.ends_with("for a list and what to do, run `planalign validate --data`\n"), "{}", found.stderr);
    let checked = captured(&sandbox.command(&["validate", "--data"]).output().expect("run planalign"));
    assert_eq!(checked.code, 4, "{}", checked.stderr);
    assert_eq!(checked.stderr, "");
    assert!(checked.stdout.contains("compensation_reasonableness: pay above $50,000"), "{}", checked.stdout);
}

#[test]
fn changes_are_reported_with_the_ways_to_continue() {
    let sandbox = finished();
    sandbox.copy_project();
    let run = ["--database", "a.duckdb", "--project", "dbt_copy", "--progress", "none"];
    sandbox.killed_after(8, "a.duckdb", &[&[YEARS], &run[2..4]].concat());
    let resume = |more: &[&str]| sandbox.simulate(&[&[YEARS, "--resume"], run.as_slice(), more].concat());
    let model = sandbox.path("dbt_copy/models/foundation/int_baseline_workforce.sql");
    let original = fs::read_to_string(&model).expect("a model");
    fs::write(&model, format!("{original}\n-- changed")).expect("write");
    let refused = resume(&["--set", "compensation.cola_rate=0.025"]);
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!(sandbox.redact(&refused.stderr), @"
    error: 2 inputs changed since this run started
      compensation.cola_rate: 0.02 -> 0.025
      model int_baseline_workforce has changed
    help: to apply the changes, start over: `planalign simulate --config [REPO]/config/simulation_config.yaml --census census.csv 2025-2027 --database a.duckdb --project dbt_copy --progress none --set 'compensation.cola_rate=0.025' --restart`
          to ignore the changes, run `planalign simulate --config [REPO]/config/simulation_config.yaml --census census.csv 2025-2027 --database a.duckdb --project dbt_copy --progress none --set 'compensation.cola_rate=0.025' --resume --as-recorded`
          to run another scenario, choose another file with --database
    ");
    let census = census(200, 2);
    sandbox.write("census.csv", &census);
    let refused = resume(&[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("census sha256 has changed"), "{}", refused.stderr);
    let resumed = resume(&["--as-recorded"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    check_same_as_original(&sandbox, "a.duckdb");
}

#[test]
fn a_reread_census_must_equal_the_recorded_one() {
    let sandbox = Sandbox::new(60);
    sandbox.simulated(&["2025", "--progress", "none"]);
    // Like a process that died before its first commit.
    sandbox
        .tamper("simulation.duckdb", "delete from planalign.checkpoints; update planalign.runs set status = 'running'");
    sandbox.write("census.csv", &census(60, 2));
    let refused = sandbox.simulate(&["--resume", "--as-recorded", "--progress", "none"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("census sha256 has changed"), "{}", refused.stderr);
    sandbox.write("census.csv", &census(60, 1));
    sandbox.simulated(&["--resume", "--as-recorded", "--progress", "none"]);
}

#[test]
fn another_version_of_the_program_is_accepted_only_on_request() {
    let sandbox = finished();
    sandbox.killed_after(4, "a.duckdb", &[YEARS]);
    // As if written by a program that didn't record its version; the changed record itself is marked as accepted.
    sandbox.tamper(
        "a.duckdb",
        "delete from planalign.fingerprints where kind = 'program';
        insert into planalign.run_events
        select run_id, s, t, 'changes_accepted', json_object('sequence', s, 'run_id', run_id, 'timestamp', t,
            'since_start_ms', 0, 'event', 'changes_accepted', 'from_year', 2025, 'changes', json_array())::varchar
        from (select run_id, max(sequence) + 1 as s, max(timestamp) as t from planalign.run_events group by run_id)",
    );
    let resume = |more: &[&str]| sandbox.simulate(&[&[YEARS, "--database", "a.duckdb", "--resume"], more].concat());
    let refused = resume(&["--progress", "none"]);
    assert_eq!(refused.code, 8, "{}", refused.stderr);
    assert!(refused.stderr.contains("  program version is new\n"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--resume --progress none --accept-version`"), "{}", refused.stderr);
    let resumed = resume(&["--accept-version"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(resumed.stderr.contains("program version is new"), "{}", resumed.stderr);
    check_same_as_original(&sandbox, "a.duckdb");
}

#[test]
fn years_before_a_change_are_kept() {
    let sandbox = Sandbox::new(200);
    sandbox.copy_project();
    let run = [YEARS, "--project", "dbt_copy", "--progress", "none"];
    sandbox.simulated(&run);
    let limits = sandbox.path("dbt_copy/seeds/config_irs_limits.csv");
    let published = fs::read_to_string(&limits).expect("a seed");
    let mut changed: Vec<String> = published.lines().map(str::to_owned).collect();
    let of_2026 = changed.iter_mut().find(|line| line.starts_with("2026,24500,")).expect("limits of 2026");
    *of_2026 = of_2026.replace("2026,24500,", "2026,20000,");
    fs::write(&limits, changed.join("\n") + "\n").expect("write");
    let refused = sandbox.simulate(&[run.as_slice(), &["--resume"]].concat());
    assert!(
        refused.stderr.contains("help: to keep 2025 and apply the changes from 2026, run `planalign simulate "),
        "{}",
        refused.stderr
    );
    let too_late = sandbox.simulate(&[run.as_slice(), &["--restart-from", "2027"]].concat());
    assert_eq!(too_late.code, 2);
    assert!(too_late.stderr.contains("--progress none --restart-from 2026`\n"), "{}", too_late.stderr);
    let before = checkpoint(&sandbox, &["list"]).stdout;
    sandbox.simulated(&[run.as_slice(), &["--restart-from", "2026"]].concat());
    let after = checkpoint(&sandbox, &["list"]).stdout;
    assert_eq!(lines_with(&before, "2025/"), lines_with(&after, "2025/"), "the prior year is unchanged");
    sandbox.simulated(&[run.as_slice(), &["--database", "original.duckdb"]].concat());
    check_same_as_original(&sandbox, "simulation.duckdb");
    assert_eq!(checkpoint(&sandbox, &["verify"]).code, 0);
    let log = captured(&sandbox.command(&["log"]).output().expect("run planalign")).stdout;
    assert!(log.contains("Changes apply from 2026: seed config_irs_limits has changed"), "{log}");
}

/// Truncates the engine's log of a killed run to a share of its length.
fn truncate_log(sandbox: &Sandbox, database: &str, keep: f64) {
    let log = sandbox.path(&format!("{database}.wal"));
    let length = fs::metadata(&log).expect("log size").len();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let kept = (length as f64 * keep) as u64;
    fs::OpenOptions::new().write(true).open(&log).expect("open").set_len(kept).expect("truncate");
}

#[test]
fn commits_lost_with_a_truncated_log_are_named_and_rerun() {
    let sandbox = finished();
    for keep in [0.5, 0.7] {
        sandbox.killed_after(9, "a.duckdb", &[YEARS]);
        truncate_log(&sandbox, "a.duckdb", keep);
        let verified = checkpoint(&sandbox, &["verify", "--database", "a.duckdb"]);
        assert_eq!(verified.code, 6, "{keep}: {}", verified.stdout);
        assert!(verified.stdout.contains("lost: in the mirror"), "{keep}: {}", verified.stdout);
        let status = captured(&sandbox.command(&["status", "--database", "a.duckdb"]).output().expect("run planalign"));
        assert!(status.stdout.contains("lost       2026/"), "{keep}: {}", status.stdout);
        // A shorter run doesn't discard committed stages.
        let shorter = sandbox.simulate(&["2025", "--database", "a.duckdb", "--resume"]);
        assert_eq!(shorter.code, 2, "{}", shorter.stderr);
        assert!(shorter.stderr.contains("is committed through 2026 and cannot end earlier"), "{}", shorter.stderr);
        let resumed = sandbox.simulated(&[YEARS, "--database", "a.duckdb", "--resume"]);
        assert!(resumed.stderr.contains("Lost: 2026/"), "{keep}: {}", resumed.stderr);
        check_same_as_original(&sandbox, "a.duckdb");
        assert_eq!(checkpoint(&sandbox, &["verify", "--database", "a.duckdb"]).code, 0);
        fs::remove_file(sandbox.path("a.duckdb")).expect("remove");
    }
}

#[test]
fn a_database_without_its_log_is_not_mistaken_for_a_new_one() {
    let sandbox = finished();
    sandbox.killed_after(9, "a.duckdb", &[YEARS]);
    fs::remove_file(sandbox.path("a.duckdb.wal")).expect("remove");
    for arguments in [&["--resume"][..], &[]] {
        let refused = sandbox.simulate(&[&[YEARS, "--database", "a.duckdb"], arguments].concat());
        assert_eq!(refused.code, 6, "{}", refused.stderr);
        assert!(refused.stderr.contains("is no longer in the database"), "{}", refused.stderr);
        assert!(refused.stderr.contains("was committed through 202"), "{}", refused.stderr);
    }
    assert_eq!(checkpoint(&sandbox, &["verify", "--database", "a.duckdb"]).code, 6);
    let status = captured(&sandbox.command(&["status", "--database", "a.duckdb"]).output().expect("run planalign"));
    assert_eq!(status.code, 6, "{}", status.stdout);
    sandbox.simulated(&[YEARS, "--database", "a.duckdb", "--restart"]);
    check_same_as_original(&sandbox, "a.duckdb");
    // A deleted database is deleted on purpose.
    fs::remove_file(sandbox.path("a.duckdb")).expect("remove");
    sandbox.simulated(&["2025", "--database", "a.duckdb"]);
}

#[test]
fn the_mirror_is_not_a_source_of_state() {
    let sandbox = finished();
    sandbox.killed_after(8, "a.duckdb", &[YEARS]);
    let files = || sandbox.mirrored("a.duckdb");
    let content = |path: &Path| fs::read_to_string(path).expect("read");
    let before: Vec<String> = files().iter().map(|path| content(path)).collect();
    fs::write(&files()[0], "{}").expect("edit");
    fs::remove_file(&files()[1]).expect("remove");
    sandbox.simulated(&[YEARS, "--database", "a.duckdb", "--resume"]);
    check_same_as_original(&sandbox, "a.duckdb");
    let after: Vec<String> = files().iter().map(|path| content(path)).collect();
    assert_eq!((&after[..8], after.len()), (&before[..8], 16));
}

#[test]
fn a_mirror_that_cannot_be_written_is_reported_and_does_not_stop_the_run() {
    let sandbox = finished();
    fs::rename(sandbox.path(".planalign_checkpoints"), sandbox.path("gone")).expect("move");
    sandbox.write(".planalign_checkpoints", "a file where the folder should be");
    let run = sandbox.simulated(&[YEARS, "--database", "a.duckdb"]);
    assert!(run.stderr.contains("cannot mirror checkpoints to"), "{}", run.stderr);
    check_same_as_original(&sandbox, "a.duckdb");
    let verified = checkpoint(&sandbox, &["verify", "--database", "a.duckdb"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

#[test]
fn a_backup_or_a_restart_is_advised_if_nothing_is_intact() {
    let sandbox = finished();
    sandbox.tamper("simulation.duckdb", "delete from stg_census_data");
    let verified = checkpoint(&sandbox, &["verify"]);
    assert_eq!(verified.code, 6);
    assert_eq!(
        lines_with(&verified.stdout, "help: "),
        [
            "help: no checkpoint is intact: restore the file from a backup, or start over: `planalign simulate --restart` with the run's options"
        ]
    );
    let refused = sandbox.simulate(&[YEARS, "--resume", "--progress", "none"]);
    assert_eq!(refused.code, 6);
    assert!(refused.stderr.contains("no checkpoint is intact"), "{}", refused.stderr);
}

#[test]
fn invalid_options_are_refused_and_change_nothing() {
    let sandbox = finished();
    for arguments in [&["--resume"][..], &["--restart-from", "2026"]] {
        let refused = sandbox.simulate(&[&[YEARS, "--database", "none.duckdb"], arguments].concat());
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(!sandbox.path("none.duckdb").exists(), "nothing was created");
    }
    for year in ["2031", "1999"] {
        let refused = sandbox.simulate(&[YEARS, "--restart-from", year]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("cannot restart from {year}: ")), "{}", refused.stderr);
    }
    check_same_as_original(&sandbox, "simulation.duckdb");
    for options in [&["--resume"][..], &["--resume", "--as-recorded"], &["--restart-from", "2026"]] {
        let refused = sandbox.simulate(&[&["2024-2027"], options].concat());
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        let expected = "error: the run starts in 2025 and cannot be resumed from 2024\nhelp: choose years";
        assert!(refused.stderr.contains(expected), "{options:?}: {}", refused.stderr);
    }
    for impossible in
        [&["--resume", "--dry-run"][..], &["--as-recorded", "--restart"], &["--as-recorded", "--restart-from", "2026"]]
    {
        assert_eq!(sandbox.simulate(&[&[YEARS], impossible].concat()).code, 2, "{impossible:?}");
    }
    let beyond = sandbox.simulate(&[YEARS, "--restart-from", "2028"]);
    assert_eq!(beyond.code, 2, "{}", beyond.stderr);
    // The existing run is kept until a new one can replace it.
    let other = sandbox.simulate(&["2026-2028", "--restart-from", "2025"]);
    assert_eq!(other.code, 2, "{}", other.stderr);
    sandbox.write("nobody.csv", &census(200, 1).replace(",19", ",20"));
    let unusable = sandbox.simulate(&[YEARS, "--restart", "--census", "nobody.csv"]);
    assert_eq!(unusable.code, 3, "{}", unusable.stderr);
    let odd = sandbox.simulate(&[YEARS, "--database", "new\nline.duckdb"]);
    assert_eq!(odd.code, 2, "{}", odd.stderr);
    let missing = sandbox.simulate(&[YEARS, "--resume", "--config", "mistyped.yaml"]);
    assert!(missing.stderr.contains("cannot read the configuration file `mistyped.yaml`"), "{}", missing.stderr);
    assert!(missing.stderr.contains("--resume --as-recorded`\n"), "{}", missing.stderr);
    let missing = sandbox.simulate(&[YEARS, "--resume", "--project", "mistyped"]);
    assert!(missing.stderr.contains("--resume --as-recorded`\n"), "{}", missing.stderr);
    assert!(missing.stderr.contains("cannot read mistyped/dbt_project.yml"), "{}", missing.stderr);
    let set = sandbox.simulated(&[YEARS, "--resume", "--as-recorded", "--set", "compensation.cola_rate=0.9"]);
    assert!(
        set.stderr.contains("using the inputs recorded with the run; ignored: --config, --project, --set"),
        "{}",
        set.stderr
    );
    check_same_as_original(&sandbox, "simulation.duckdb");
}

#[test]
fn a_run_resumes_without_its_census() {
    let sandbox = finished();
    sandbox.killed_after(4, "a.duckdb", &[YEARS]);
    fs::rename(sandbox.path("census.csv"), sandbox.path("away.csv")).expect("move");
    // A census that is named must exist.
    let refused = sandbox.simulate(&[YEARS, "--database", "a.duckdb", "--resume"]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("--resume --as-recorded`\n"), "{}", refused.stderr);
    let root = repository();
    let (config, project) = (root.join("config/simulation_config.yaml"), root.join("dbt"));
    let mut command = sandbox.command(&["simulate", "--resume", "--database", "a.duckdb"]);
    command.arg("--config").arg(config).arg("--project").arg(project).env("PLANALIGN_CENSUS__PATH", "census.csv");
    let refused = captured(&command.env("PLANALIGN_COMPENSATION__COLA_RATE", "0.9").output().expect("run planalign"));
    assert!(refused.stderr.contains("compensation.cola_rate: 0.02 -> 0.9"), "{}", refused.stderr);
    let resumed = captured(&command.env_remove("PLANALIGN_COMPENSATION__COLA_RATE").output().expect("run planalign"));
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let expected = "census.csv` not found; using what the run recorded about it\n";
    assert!(resumed.stderr.contains(expected), "{}", resumed.stderr);
    check_same_as_original(&sandbox, "a.duckdb");
}
