//! Files damaged by someone or by a disk: errors say what is wrong, and the advice works when pasted.

use std::fs;

use crate::sandbox::{CommandOutput, Sandbox, captured, differences};

const YEARS: &str = "2025-2027";
const DATABASE: &str = "a.duckdb";

/// A sandbox with a finished run in `a.duckdb`, and a copy of it in `original.duckdb`.
fn finished() -> Sandbox {
    let sandbox = Sandbox::new(100);
    sandbox.simulated(&[YEARS, "--database", DATABASE]);
    fs::copy(sandbox.path(DATABASE), sandbox.path("original.duckdb")).expect("copy");
    sandbox
}

fn run(sandbox: &Sandbox, words: &[&str]) -> CommandOutput {
    captured(&sandbox.command(&[words, &["--database", DATABASE]].concat()).output().expect("run planalign"))
}

/// Runs a command as the advice prints it.
fn run_advised(sandbox: &Sandbox, command: &str) -> CommandOutput {
    let words = shlex::split(command).expect("words");
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    captured(&sandbox.command(&arguments).output().expect("run planalign"))
}

/// The commands in a text, between backticks.
fn advised(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn a_dropped_or_altered_table_is_recreated_after_a_restore() {
    let sandbox = finished();
    for change in [
        "drop table fct_workforce_snapshot",
        "alter table fct_workforce_snapshot add column x integer",
        "alter table fct_workforce_snapshot alter simulation_year type varchar",
        "alter table fct_workforce_snapshot rename to other; create view fct_workforce_snapshot as from other",
    ] {
        sandbox.tamper(DATABASE, change);
        let verified = run(&sandbox, &["checkpoint", "verify"]);
        assert_eq!(verified.code, 6, "{change}: {}", verified.stdout);
        let advised = advised(&verified.stdout);
        assert_eq!(advised, ["planalign checkpoint restore 2025/STATE_ACCUMULATION --database a.duckdb"], "{change}");
        let too_late = run(&sandbox, &["checkpoint", "restore", "2026"]);
        assert_eq!(too_late.code, 6, "{change}: {}", too_late.stderr);
        assert!(too_late.stderr.contains(advised[0]), "{change}: {}", too_late.stderr);
        let restored = run_advised(&sandbox, advised[0]);
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
    let report = run(&sandbox, &["report"]);
    assert_eq!(report.code, 6, "{}", report.stderr);
    assert_eq!(advised(&report.stderr), ["planalign checkpoint verify --database a.duckdb"]);
    let expected = "error: checkpoint 2027/VALIDATION is damaged, so metrics may be wrong: ";
    assert!(report.stderr.starts_with(expected), "{}", report.stderr);
    sandbox.tamper(DATABASE, "drop table fct_workforce_snapshot");
    let report = run(&sandbox, &["report"]);
    assert_eq!(report.code, 1);
    assert!(report.stderr.contains("error: cannot create the audit of 2025\n"), "{}", report.stderr);
    assert_eq!(advised(&report.stderr)[0], "planalign checkpoint verify --database a.duckdb");
}

#[test]
fn a_file_that_cannot_be_opened_is_reported_as_damaged() {
    let sandbox = finished();
    let database = sandbox.path(DATABASE);
    let log = sandbox.path("a.duckdb.wal");
    let intact = fs::read(&database).expect("read");
    let check = |what: &str, hint: &str| {
        let resume = [YEARS, "--database", DATABASE, "--resume", "--progress", "none"];
        let tried = [
            run(&sandbox, &["status"]),
            run(&sandbox, &["checkpoint", "verify"]),
            run(&sandbox, &["report"]),
            sandbox.simulate(&resume),
        ];
        for CommandOutput { code, stderr, .. } in tried {
            assert_eq!(code, 6, "{what}: {stderr}");
            assert!(stderr.contains(hint), "{what}: {stderr}");
            assert!(stderr.contains("delete it and its .wal file"), "{what}: {stderr}");
        }
    };
    fs::write(&database, &intact[..intact.len() * 7 / 10]).expect("truncate");
    check("a truncated file", "help: restore the file from a backup");
    fs::write(&database, &intact).expect("restore");
    sandbox.killed_after(6, "b.duckdb", &[YEARS]);
    fs::copy(sandbox.path("b.duckdb.wal"), &log).expect("copy");
    check("the log of another file", "help: move `a.duckdb.wal` elsewhere");
    fs::remove_file(&log).expect("remove");
    assert_eq!(run(&sandbox, &["checkpoint", "verify"]).code, 0);
}

#[test]
fn a_log_whose_database_was_moved_is_kept() {
    let sandbox = finished();
    sandbox.killed_after(6, "b.duckdb", &[YEARS]);
    let (database, elsewhere) = (sandbox.path("b.duckdb"), sandbox.path("moved.duckdb"));
    fs::rename(&database, &elsewhere).expect("move without the log");
    let CommandOutput { code, stderr, .. } = sandbox.simulate(&[YEARS, "--database", "b.duckdb", "--progress", "none"]);
    assert_eq!(code, 6, "{stderr}");
    assert!(stderr.contains("`b.duckdb.wal` is the log of a database file that is missing"), "{stderr}");
    assert!(stderr.contains("help: put the database file back next to its log"), "{stderr}");
    fs::rename(&elsewhere, &database).expect("move back");
    sandbox.simulated(&[YEARS, "--database", "b.duckdb", "--resume"]);
    assert_eq!(differences(&sandbox.path("original.duckdb"), &database), Vec::<String>::new());
}

#[test]
fn a_record_with_a_missing_or_altered_table_is_reported_as_damaged() {
    let sandbox = Sandbox::new(20);
    sandbox.simulated(&["2025", "--database", DATABASE]);
    fs::copy(sandbox.path(DATABASE), sandbox.path("original.duckdb")).expect("copy");
    for (table, change) in [
        ("runs", "alter table planalign.runs drop column engine_version"),
        ("finding_details", "alter table planalign.finding_details add column x integer"),
        ("enrollment_registry", "alter table planalign.enrollment_registry rename simulation_year to x"),
        ("checkpoints", "alter table planalign.checkpoints alter sequence type integer"),
    ] {
        sandbox.tamper(DATABASE, change);
        let resume = ["2025", "--database", DATABASE, "--resume", "--progress", "none"];
        let tried = [run(&sandbox, &["status"]), run(&sandbox, &["checkpoint", "verify"]), sandbox.simulate(&resume)];
        for reported in tried {
            assert_eq!(reported.code, 6, "{change}: {}", reported.stderr);
            let expected = format!(
                "the record of runs is damaged\n  its table `planalign.{table}` has unexpected columns\nhelp: "
            );
            assert!(reported.stderr.contains(&expected), "{change}: {}", reported.stderr);
        }
        fs::copy(sandbox.path("original.duckdb"), sandbox.path(DATABASE)).expect("restore");
    }

    for table in
        ["format", "runs", "run_events", "checkpoints", "fingerprints", "finding_details", "enrollment_registry"]
    {
        let sandbox = Sandbox::new(20);
        sandbox.simulated(&["2025", "--database", DATABASE]);
        sandbox.tamper(DATABASE, &format!("drop table planalign.{table}"));
        for command in [&["status"][..], &["checkpoint", "verify"], &["checkpoint", "restore", "2025"], &["report"]] {
            let reported = run(&sandbox, command);
            assert_eq!(reported.code, 6, "{table}: {}", reported.stderr);
            let expected = format!("the record of runs is damaged\n  its table `planalign.{table}` is missing\nhelp: ");
            assert!(reported.stderr.contains(&expected), "{table}: {}", reported.stderr);
        }
    }
}

#[test]
fn verify_finds_a_damaged_record_of_inputs() {
    let sandbox = finished();
    for kind in ["config", "settings"] {
        let damage = format!("update planalign.fingerprints set sha256 = 'x' where kind = '{kind}'");
        sandbox.tamper(DATABASE, &damage);
        let verified = run(&sandbox, &["checkpoint", "verify"]);
        assert_eq!(verified.code, 6, "{kind}: {}", verified.stdout);
        assert!(verified.stdout.contains(&format!("damaged: the record of {kind} ")), "{}", verified.stdout);
        assert!(
            verified.stdout.contains("help: the run cannot be resumed: restore the file from a backup"),
            "{}",
            verified.stdout
        );
        let json = run(&sandbox, &["checkpoint", "verify", "--format", "json"]).stdout;
        assert!(json.contains("\"inputs\": \"the record of"), "{json}");
        fs::copy(sandbox.path("original.duckdb"), sandbox.path(DATABASE)).expect("restore");
    }
    assert_eq!(run(&sandbox, &["checkpoint", "verify"]).code, 0);
    // A missing record doesn't count as a change by the user.
    sandbox.tamper(DATABASE, "delete from planalign.fingerprints where kind = 'config'");
    assert_eq!(run(&sandbox, &["checkpoint", "verify"]).code, 6);
    let refused = sandbox.simulate(&[YEARS, "--database", DATABASE, "--resume", "--progress", "none"]);
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    assert!(refused.stderr.contains("does not match the last checkpoint"), "{}", refused.stderr);
}

#[test]
fn a_damaged_block_is_reported_and_earlier_checkpoints_are_intact() {
    let sandbox = finished();
    let database = sandbox.path(DATABASE);
    let mut bytes = fs::read(&database).expect("read");
    // A block with IDs of people in the last year of the file.
    let block = sandbox.open("original.duckdb").query_value(
        "select max(block_id) from pragma_storage_info('fct_workforce_snapshot') where column_name = 'employee_id' and segment_type = 'VARCHAR'",
        &[],
    );
    let block = block.expect("query").integer().expect("block ID");
    // Three headers of 4 KB come before the blocks of 256 KB; the checksum is in the first bytes of each.
    let at = usize::try_from(block).expect("block ID") * 262_144 + 3 * 4096 + 100;
    bytes[at] ^= 0xff;
    fs::write(&database, &bytes).expect("write");
    let verified = run(&sandbox, &["checkpoint", "verify"]);
    assert_eq!(verified.code, 6, "{}", verified.stderr);
    assert!(verified.stdout.contains(" cannot be read: "), "{}", verified.stdout);
    assert!(verified.stdout.contains("intact"), "{}", verified.stdout);
}
