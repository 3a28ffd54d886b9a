//! Files that somebody or a disk has damaged: what is wrong is named, and the advice, typed as it is printed, leads home.

use std::fs;

use crate::sandbox::{CommandOutput, Sandbox, captured, differences};

const YEARS: &str = "2025-2027";
const DATABASE: &str = "a.duckdb";

/// A sandbox with a finished run in `a.duckdb` and in `original.duckdb`.
fn finished() -> Sandbox {
    let sandbox = Sandbox::new(100);
    sandbox.simulated(&[YEARS, "--database", DATABASE]);
    fs::copy(sandbox.path(DATABASE), sandbox.path("original.duckdb")).expect("copied");
    sandbox
}

fn ask(sandbox: &Sandbox, words: &[&str]) -> CommandOutput {
    captured(&sandbox.command(&[words, &["--database", DATABASE]].concat()).output().expect("run planalign"))
}

/// Types a command as advice prints it.
fn type_in(sandbox: &Sandbox, command: &str) -> CommandOutput {
    let words = shlex::split(command).expect("words");
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    captured(&sandbox.command(&arguments).output().expect("run planalign"))
}

/// The commands of a text, which stand between backticks.
fn advised(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn a_table_that_is_gone_or_altered_is_recreated_after_a_return() {
    let sandbox = finished();
    for change in [
        "drop table fct_workforce_snapshot",
        "alter table fct_workforce_snapshot add column x integer",
        "alter table fct_workforce_snapshot alter simulation_year type varchar",
        "alter table fct_workforce_snapshot rename to other; create view fct_workforce_snapshot as from other",
    ] {
        sandbox.tamper(DATABASE, change);
        let verified = ask(&sandbox, &["checkpoint", "verify"]);
        assert_eq!(verified.code, 6, "{change}: {}", verified.stdout);
        let advised = advised(&verified.stdout);
        assert_eq!(advised, ["planalign checkpoint restore 2025/STATE_ACCUMULATION --database a.duckdb"], "{change}");
        let too_late = ask(&sandbox, &["checkpoint", "restore", "2026"]);
        assert_eq!(too_late.code, 6, "{change}: {}", too_late.stderr);
        assert!(too_late.stderr.contains(advised[0]), "{change}: {}", too_late.stderr);
        let restored = type_in(&sandbox, advised[0]);
        assert_eq!(restored.code, 0, "{change}: {}", restored.stderr);
        sandbox.simulated(&[YEARS, "--database", DATABASE, "--resume"]);
        sandbox.tamper(DATABASE, "drop table if exists other");
        assert_eq!(differences(&sandbox.path("original.duckdb"), &sandbox.path(DATABASE)), Vec::<String>::new());
    }
    sandbox.tamper(DATABASE, "alter table fct_yearly_events add column x integer; drop table int_irs_limits");
    sandbox.simulated(&[YEARS, "--database", DATABASE, "--restart"]);
    assert_eq!(differences(&sandbox.path("original.duckdb"), &sandbox.path(DATABASE)), Vec::<String>::new());
}

#[test]
fn reports_of_damaged_tables_say_so() {
    let sandbox = finished();
    sandbox.tamper(DATABASE, "update fct_workforce_snapshot set current_age = 1 where simulation_year = 2027");
    let report = ask(&sandbox, &["report"]);
    assert_eq!(report.code, 6, "{}", report.stderr);
    assert_eq!(advised(&report.stderr), ["planalign checkpoint verify --database a.duckdb"]);
    let expected = "error: checkpoint 2027/VALIDATION is damaged, so metrics may be wrong: ";
    assert!(report.stderr.starts_with(expected), "{}", report.stderr);
    sandbox.tamper(DATABASE, "drop table fct_workforce_snapshot");
    let report = ask(&sandbox, &["report"]);
    assert_eq!(report.code, 1);
    assert!(report.stderr.contains("error: cannot create the audit of 2025\n"), "{}", report.stderr);
    assert_eq!(advised(&report.stderr)[0], "planalign checkpoint verify --database a.duckdb");
}

#[test]
fn a_file_that_cannot_be_opened_is_reported_as_damaged() {
    let sandbox = finished();
    let database = sandbox.path(DATABASE);
    let log = sandbox.path("a.duckdb.wal");
    let whole = fs::read(&database).expect("readable");
    let check = |what: &str, hint: &str| {
        let resume = [YEARS, "--database", DATABASE, "--resume", "--progress", "none"];
        let tried = [
            ask(&sandbox, &["status"]),
            ask(&sandbox, &["checkpoint", "verify"]),
            ask(&sandbox, &["report"]),
            sandbox.simulate(&resume),
        ];
        for CommandOutput { code, stderr, .. } in tried {
            assert_eq!(code, 6, "{what}: {stderr}");
            assert!(stderr.contains(hint), "{what}: {stderr}");
            assert!(stderr.contains("delete it and its .wal file"), "{what}: {stderr}");
        }
    };
    fs::write(&database, &whole[..whole.len() * 7 / 10]).expect("cut");
    check("a cut file", "help: restore the file from a backup");
    fs::write(&database, &whole).expect("put back");
    sandbox.killed_after(6, "b.duckdb", &[YEARS]);
    fs::copy(sandbox.path("b.duckdb.wal"), &log).expect("copied");
    check("a foreign log", "help: move `a.duckdb.wal` elsewhere");
    fs::remove_file(&log).expect("moved away");
    assert_eq!(ask(&sandbox, &["checkpoint", "verify"]).code, 0);
}

#[test]
fn a_log_that_was_left_behind_is_not_lost() {
    let sandbox = finished();
    sandbox.killed_after(6, "b.duckdb", &[YEARS]);
    let (database, elsewhere) = (sandbox.path("b.duckdb"), sandbox.path("moved.duckdb"));
    fs::rename(&database, &elsewhere).expect("moved without its log");
    let CommandOutput { code, stderr, .. } = sandbox.simulate(&[YEARS, "--database", "b.duckdb", "--progress", "none"]);
    assert_eq!(code, 6, "{stderr}");
    assert!(stderr.contains("`b.duckdb.wal` is the log of a database file that is missing"), "{stderr}");
    assert!(stderr.contains("help: put the database file back next to its log"), "{stderr}");
    fs::rename(&elsewhere, &database).expect("moved back");
    sandbox.simulated(&[YEARS, "--database", "b.duckdb", "--resume"]);
    assert_eq!(differences(&sandbox.path("original.duckdb"), &database), Vec::<String>::new());
}

#[test]
fn a_record_that_lacks_a_table_or_has_another_is_reported_as_damaged() {
    let sandbox = Sandbox::new(20);
    sandbox.simulated(&["2025", "--database", DATABASE]);
    fs::copy(sandbox.path(DATABASE), sandbox.path("original.duckdb")).expect("copied");
    for (table, change) in [
        ("runs", "alter table planalign.runs drop column engine_version"),
        ("finding_details", "alter table planalign.finding_details add column x integer"),
        ("enrollment_registry", "alter table planalign.enrollment_registry rename simulation_year to x"),
        ("checkpoints", "alter table planalign.checkpoints alter sequence type integer"),
    ] {
        sandbox.tamper(DATABASE, change);
        let resume = ["2025", "--database", DATABASE, "--resume", "--progress", "none"];
        let tried = [ask(&sandbox, &["status"]), ask(&sandbox, &["checkpoint", "verify"]), sandbox.simulate(&resume)];
        for reported in tried {
            assert_eq!(reported.code, 6, "{change}: {}", reported.stderr);
            let expected = format!(
                "the record of runs is damaged\n  its table `planalign.{table}` has unexpected columns\nhelp: "
            );
            assert!(reported.stderr.contains(&expected), "{change}: {}", reported.stderr);
        }
        fs::copy(sandbox.path("original.duckdb"), sandbox.path(DATABASE)).expect("put back");
    }

    for table in
        ["format", "runs", "run_events", "checkpoints", "fingerprints", "finding_details", "enrollment_registry"]
    {
        let sandbox = Sandbox::new(20);
        sandbox.simulated(&["2025", "--database", DATABASE]);
        sandbox.tamper(DATABASE, &format!("drop table planalign.{table}"));
        for command in [&["status"][..], &["checkpoint", "verify"], &["checkpoint", "restore", "2025"], &["report"]] {
            let reported = ask(&sandbox, command);
            assert_eq!(reported.code, 6, "{table}: {}", reported.stderr);
            let expected = format!("the record of runs is damaged\n  its table `planalign.{table}` is missing\nhelp: ");
            assert!(reported.stderr.contains(&expected), "{table}: {}", reported.stderr);
        }
    }
}

#[test]
fn a_damaged_record_of_what_a_run_depends_on_is_found_by_verify() {
    let sandbox = finished();
    for kind in ["config", "settings"] {
        let damage = format!("update planalign.fingerprints set sha256 = 'x' where kind = '{kind}'");
        sandbox.tamper(DATABASE, &damage);
        let verified = ask(&sandbox, &["checkpoint", "verify"]);
        assert_eq!(verified.code, 6, "{kind}: {}", verified.stdout);
        assert!(verified.stdout.contains(&format!("damaged: the record of {kind} ")), "{}", verified.stdout);
        assert!(
            verified.stdout.contains("help: the run cannot be resumed: restore the file from a backup"),
            "{}",
            verified.stdout
        );
        let json = ask(&sandbox, &["checkpoint", "verify", "--format", "json"]).stdout;
        assert!(json.contains("\"inputs\": \"the record of"), "{json}");
        fs::copy(sandbox.path("original.duckdb"), sandbox.path(DATABASE)).expect("put back");
    }
    assert_eq!(ask(&sandbox, &["checkpoint", "verify"]).code, 0);
    // A missing part is not a change by the user.
    sandbox.tamper(DATABASE, "delete from planalign.fingerprints where kind = 'config'");
    assert_eq!(ask(&sandbox, &["checkpoint", "verify"]).code, 6);
    let refused = sandbox.simulate(&[YEARS, "--database", DATABASE, "--resume", "--progress", "none"]);
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    assert!(refused.stderr.contains("does not match the last checkpoint"), "{}", refused.stderr);
}

#[test]
fn a_damaged_block_is_named_by_its_table_and_what_came_before_is_intact() {
    let sandbox = finished();
    let database = sandbox.path(DATABASE);
    let mut bytes = fs::read(&database).expect("readable");
    // A block that holds ids of people who are in the file's last year.
    let block = sandbox.open("original.duckdb").query_value(
        "select max(block_id) from pragma_storage_info('fct_workforce_snapshot') where column_name = 'employee_id' and segment_type = 'VARCHAR'",
        &[],
    );
    let block = block.expect("the query runs").integer().expect("a block");
    // Three headers of 4 KB come before the blocks of 256 KB; the checksum is in the first bytes of each.
    let at = usize::try_from(block).expect("a place") * 262_144 + 3 * 4096 + 100;
    bytes[at] ^= 0xff;
    fs::write(&database, &bytes).expect("written");
    let verified = ask(&sandbox, &["checkpoint", "verify"]);
    assert_eq!(verified.code, 6, "{}", verified.stderr);
    assert!(verified.stdout.contains(" cannot be read: "), "{}", verified.stdout);
    assert!(verified.stdout.contains("intact"), "{}", verified.stdout);
}
