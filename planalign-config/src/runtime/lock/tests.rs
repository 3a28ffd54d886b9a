//! The lock between processes. The other process is this same test binary, running `holds_a_lock_for_another_test`.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use tempfile::TempDir;

use super::*;

const DATABASE: &str = "PLANALIGN_TEST_LOCK";
const READY: &str = "lock is held";

fn holder(command: &str) -> Holder {
    let started_at = "2025-11-23T18:40:12Z".parse().expect("time");
    Holder { pid: 4711, command: command.to_owned(), started_at, run_id: None, host: "bench".to_owned() }
}

/// Does nothing in a normal test run; in the other process, holds a lock until its input ends.
#[test]
fn holds_a_lock_for_another_test() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let mut lock = RunLock::acquire(Path::new(&database), &holder("planalign simulate")).expect("lock");
    lock.update(Some("20251123T184012-3f2a9c")).expect("update");
    let mut out = std::io::stdout();
    writeln!(out, "{READY}").and_then(|()| out.flush()).expect("signal readiness");
    std::io::stdin().read_line(&mut String::new()).expect("wait");
}

struct OtherProcess {
    child: Child,
    _input: ChildStdin,
}

impl OtherProcess {
    fn holding(database: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("test binary"))
            .args(["runtime::lock::tests::holds_a_lock_for_another_test", "--exact", "--nocapture"])
            .env(DATABASE, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start");
        let input = child.stdin.take().expect("input");
        let mut lines = BufReader::new(child.stdout.take().expect("output")).lines();
        assert!(lines.any(|line| line.expect("line").ends_with(READY)), "the other process did not get the lock");
        Self { child, _input: input }
    }

    /// Kills the process like `kill -9`, without a chance to clean up.
    fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

#[test]
fn a_second_process_is_refused_and_learns_who_holds_the_lock() {
    let dir = TempDir::new().expect("directory");
    let database = dir.path().join("simulation.duckdb");
    let other = OtherProcess::holding(&database);

    let error = RunLock::acquire(&database, &holder("second")).expect_err("refused");
    assert_eq!(error.fault(), Fault::Busy);
    let message = error.to_string().replace(&database.display().to_string(), "simulation.duckdb");
    insta::assert_snapshot!(message, @"`simulation.duckdb` is in use by process 4711 on bench since 2025-11-23T18:40:12Z (planalign simulate), run 20251123T184012-3f2a9c");
    let found = RunLock::holder(&database).expect("holder");
    assert_eq!((found.pid, found.run_id.as_deref()), (4711, Some("20251123T184012-3f2a9c")));

    other.kill();
    assert!(fs::read_to_string(dir.path().join("simulation.duckdb.lock")).expect("file").contains("4711"));
    assert_eq!(RunLock::holder(&database), None, "a killed process holds no lock");
    RunLock::acquire(&database, &holder("third")).expect("free again");
}

#[test]
fn dropping_a_lock_releases_it() {
    let dir = TempDir::new().expect("directory");
    let database = dir.path().join("a.duckdb");
    assert_eq!(RunLock::holder(&database), None, "never locked");
    let lock = RunLock::acquire(&database, &holder("first")).expect("lock");
    assert_eq!(RunLock::holder(&database), Some(holder("first")));
    drop(lock);
    assert_eq!(RunLock::holder(&database), None);
    assert_eq!(fs::read(dir.path().join("a.duckdb.lock")).expect("file"), b"");
    RunLock::acquire(&database, &holder("second")).expect("free again");
}

#[test]
fn each_database_has_its_own_lock() {
    let dir = TempDir::new().expect("directory");
    let _first = RunLock::acquire(&dir.path().join("a.duckdb"), &holder("first")).expect("first");
    RunLock::acquire(&dir.path().join("b.duckdb"), &holder("second")).expect("second");
}

#[cfg(unix)]
#[test]
fn all_paths_to_a_database_share_a_lock() {
    let dir = TempDir::new().expect("directory");
    let (database, link) = (dir.path().join("a.duckdb"), dir.path().join("link.duckdb"));
    fs::write(&database, "").expect("database");
    std::os::unix::fs::symlink(&database, &link).expect("link");
    let _lock = RunLock::acquire(&database, &holder("first")).expect("lock");
    assert!(matches!(RunLock::acquire(&link, &holder("second")), Err(LockError::Held { .. })));
}

#[test]
fn a_shorter_record_replaces_a_longer_one() {
    let dir = TempDir::new().expect("directory");
    let database = dir.path().join("a.duckdb");
    fs::write(dir.path().join("a.duckdb.lock"), "x".repeat(5000)).expect("write leftover");
    let mut lock = RunLock::acquire(&database, &holder(&"long ".repeat(50))).expect("lock");
    lock.update(Some("a-very-long-run-id")).expect("long");
    lock.update(Some("b")).expect("short");
    assert_eq!(RunLock::holder(&database).expect("holder").run_id.as_deref(), Some("b"));
    let text = fs::read_to_string(dir.path().join("a.duckdb.lock")).expect("file");
    assert_eq!(text.matches('\n').count(), 1, "{text}");
}

#[test]
fn a_lock_with_an_unreadable_holder_is_still_held() {
    let dir = TempDir::new().expect("directory");
    let database = dir.path().join("a.duckdb");
    let lock = RunLock::acquire(&database, &holder("first")).expect("lock");
    fs::write(dir.path().join("a.duckdb.lock"), "{").expect("damage");
    assert_eq!(RunLock::holder(&database).expect("held").to_string(), "another process");
    let error = RunLock::acquire(&database, &holder("second")).expect_err("held");
    assert!(error.to_string().ends_with("is in use by another process"), "{error}");
    drop(lock);
}

#[test]
fn a_missing_directory_is_an_error() {
    let dir = TempDir::new().expect("directory");
    let error = RunLock::acquire(&dir.path().join("no/a.duckdb"), &holder("first")).expect_err("no directory");
    assert!(matches!(&error, LockError::Io { path, .. } if path.ends_with("no/a.duckdb.lock")), "{error}");
    assert_eq!(error.fault(), Fault::Deterministic);
}

#[test]
fn io_errors_are_classified() {
    let fault = |kind| LockError::Io { path: PathBuf::new(), cause: io::Error::from(kind) }.fault();
    assert_eq!(fault(io::ErrorKind::PermissionDenied), Fault::Permission);
    assert_eq!(fault(io::ErrorKind::StorageFull), Fault::OutOfSpace);
    assert_eq!(fault(io::ErrorKind::Interrupted), Fault::Transient);
}

#[test]
fn a_holder_describes_this_process() {
    let holder = Holder::new("planalign simulate", Timestamp::UNIX_EPOCH);
    assert_eq!(holder.pid, std::process::id());
    assert!(!holder.command.is_empty() && !holder.host.is_empty() && holder.run_id.is_none());
}
