//! Units of work that include another process's work. A connection of its own stands for that process.

use std::fs;
use std::path::{Path, PathBuf};

use duckdb::Connection;
use tempfile::TempDir;

use super::path_of;
use crate::database::duckdb::{Database, DatabaseOptions};
use crate::database::{DatabaseError, UnitOfWork};
use crate::runtime::fault::Fault;

/// A database whose table has one row, in a directory of its own.
struct Fixture {
    folder: TempDir,
    db: Database,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary directory");
        let db = open(&folder.path().join("plan.duckdb"), false).expect("new file");
        db.execute_batch("create table t as select 'ours' as who").expect("create table");
        Self { folder, db }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("plan.duckdb")
    }

    /// Releases the file and lets the other process add a row.
    fn released(&mut self) {
        self.db.release().expect("release");
        other_process(&self.path(), "insert into t values ('theirs')");
    }

    /// The files as they are now, in another directory, as a killed process leaves them.
    fn crashed(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("temporary directory");
        for entry in fs::read_dir(self.folder.path()).expect("list").flatten() {
            fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copy");
        }
        folder
    }
}

fn open(path: &Path, read_only: bool) -> Result<Database, DatabaseError> {
    Database::open(path, &DatabaseOptions { read_only, ..DatabaseOptions::default() })
}

fn other_process(path: &Path, sql: &str) {
    Connection::open(path).expect("the file is closed").execute_batch(sql).expect("statement");
}

fn who(db: &Database) -> Vec<String> {
    db.query("select who from t order by who", &[]).expect("query").texts("who").expect("text")
}

fn has_mark(db: &Database) -> bool {
    super::is_marked(db.lock().connection().expect("open")).expect("query")
}

/// The files of a database, without its name.
fn files(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).expect("list").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.iter().map(|name| name.trim_start_matches("plan.duckdb").to_owned()).collect()
}

#[test]
fn a_commit_keeps_the_work_of_both() {
    let mut fixture = Fixture::new();
    let layout = fixture.db.layout();
    fixture.released();
    fixture.db.reacquire().expect("reacquire");
    assert!(fixture.db.layout() > layout);
    fixture.db.begin().expect("begin");
    fixture.db.execute_batch("insert into t values ('ours too')").expect("insert");
    fixture.db.commit().expect("commit");
    assert_eq!(who(&fixture.db), ["ours", "ours too", "theirs"]);
    assert!(!has_mark(&fixture.db) && !path_of(&fixture.path()).exists());
    fixture.db.rollback().expect("nothing to roll back");
    assert_eq!(who(&fixture.db).len(), 3);
}

#[test]
fn a_rollback_undoes_the_work_of_both_from_wherever_the_unit_is() {
    type Step = fn(&mut Fixture);
    let steps: [(&str, Step); 4] = [
        ("released", |_| {}),
        ("reacquired", |f| f.db.reacquire().expect("reacquire")),
        ("in the transaction", |f| {
            f.db.reacquire().expect("reacquire");
            f.db.begin().expect("begin");
            f.db.execute_batch("insert into t values ('ours too')").expect("insert");
        }),
        ("file destroyed", |f| fs::write(f.path(), "x").expect("overwrite")),
    ];
    for (name, step) in steps {
        let mut fixture = Fixture::new();
        let layout = fixture.db.layout();
        fixture.released();
        step(&mut fixture);
        fixture.db.rollback().expect(name);
        assert_eq!(who(&fixture.db), ["ours"], "{name}");
        assert!(!has_mark(&fixture.db) && fixture.db.layout() > layout, "{name}");
        fixture.db.release().expect("the next unit");
        fixture.db.rollback().expect(name);
        drop(fixture.db);
        assert_eq!(files(&fixture.folder), [""], "{name}");
    }
}

#[test]
fn only_a_file_that_nothing_else_uses_is_released() {
    let refusal = |db: &mut Database| db.release().expect_err("refused").to_string();
    let mut memory = Database::in_memory(&DatabaseOptions::default()).expect("in-memory database");
    assert_eq!(refusal(&mut memory), "an in-memory database has no file to release");
    let mut fixture = Fixture::new();
    let second = fixture.db.second_connection().expect("second connection");
    assert_eq!(refusal(&mut fixture.db), "a second connection is open, so the database cannot be released");
    drop(second);
    fixture.db.begin().expect("begin");
    assert_eq!(refusal(&mut fixture.db), "a transaction is open, so the database cannot be released");
    fixture.db.rollback().expect("rollback");
    assert_eq!(fixture.db.reacquire().expect_err("not released").to_string(), "the database was not released");

    fixture.db.release().expect("release");
    assert!(matches!(fixture.db.release(), Err(DatabaseError::Released)));
    assert!(matches!(fixture.db.begin(), Err(DatabaseError::Released)));
    assert!(matches!(fixture.db.query("from t", &[]), Err(DatabaseError::Released)));
    assert!(matches!(fixture.db.second_connection(), Err(DatabaseError::Released)));
    fixture.db.rollback().expect("rollback");
    assert_eq!(who(&fixture.db), ["ours"]);
}

#[test]
fn a_release_counts_the_bytes_it_copies() {
    let mut fixture = Fixture::new();
    let released = fixture.db.release().expect("release");
    let copy = fs::metadata(path_of(&fixture.path())).expect("the copy");
    assert_eq!(released.bytes, copy.len());
}

#[test]
fn a_file_that_was_replaced_or_left_with_a_log_is_not_taken_back() {
    let mut fixture = Fixture::new();
    fixture.released();
    let moved = fixture.folder.path().join("moved");
    fs::rename(fixture.path(), &moved).expect("rename");
    fs::copy(&moved, fixture.path()).expect("copy");
    let replaced = fixture.db.reacquire().expect_err("another file");
    assert!(matches!(replaced, DatabaseError::Replaced { .. }) && replaced.fault() == Fault::Corrupt);
    fixture.db.rollback().expect("rollback");

    fixture.released();
    let log = fixture.path().with_added_extension("wal");
    fs::write(&log, "half a log").expect("write");
    let unfinished = fixture.db.reacquire().expect_err("a log");
    assert!(matches!(unfinished, DatabaseError::LeftLog { .. }) && unfinished.fault() == Fault::Transient);
    fixture.db.rollback().expect("rollback");
    assert_eq!(who(&fixture.db), ["ours"]);
    let aside = log.with_added_extension("aside");
    assert_eq!(fs::read_to_string(&aside).expect("set aside"), "half a log");

    fixture.released();
    fixture.db.reacquire().expect("reacquire");
    fixture.db.begin().expect("begin");
    fixture.db.commit().expect("commit");
    assert!(!aside.exists(), "not needed once the stage is built");
}

#[test]
fn the_next_process_undoes_what_a_killed_one_left_unfinished() {
    let mut fixture = Fixture::new();
    fixture.released();
    for destroyed in [false, true] {
        let crashed = fixture.crashed();
        let path = crashed.path().join("plan.duckdb");
        if destroyed {
            fs::write(&path, "not a database anymore").expect("overwrite");
            fs::write(path.with_added_extension("wal"), "half a log").expect("write");
        }
        let before = files(&crashed);
        let reader = open(&path, true).expect("readable");
        assert_eq!(who(&reader), ["ours"]);
        let name = reader.query_value("select current_database()", &[]).expect("query").text();
        assert_eq!((name.as_deref(), files(&crashed)), (Some("plan"), before), "a reader changes nothing");
        drop(reader);

        let db = open(&path, false).expect("writable");
        assert_eq!((who(&db), has_mark(&db)), (vec!["ours".to_owned()], false));
        drop(db);
        let left: &[&str] = if destroyed { &["", ".wal.aside"] } else { &[""] };
        assert_eq!(files(&crashed), left);
    }
}

#[test]
fn a_damaged_file_is_not_replaced_by_something_that_is_no_database() {
    let mut fixture = Fixture::new();
    fixture.released();
    let crashed = fixture.crashed();
    let path = crashed.path().join("plan.duckdb");
    fs::write(&path, "damaged").expect("overwrite");
    fs::write(path_of(&path), "no database either").expect("overwrite");
    for read_only in [true, false] {
        assert!(open(&path, read_only).is_err());
        assert_eq!(fs::read_to_string(&path).expect("left alone"), "damaged");
    }
}

#[test]
fn a_readable_file_is_not_replaced_by_something_that_is_no_database() {
    let mut fixture = Fixture::new();
    fixture.released();
    let crashed = fixture.crashed();
    let path = crashed.path().join("plan.duckdb");
    fs::write(path_of(&path), "no database").expect("overwrite");
    let before = fs::read(&path).expect("read");
    let error = open(&path, false).expect_err("nothing to go back to");
    assert_eq!(error.to_string(), format!("`{}` is not a DuckDB file", path_of(&path).display()));
    assert!(fs::read(&path).expect("left alone") == before);

    fs::write(path_of(&fixture.path()), "no database").expect("overwrite");
    let before = fs::read(fixture.path()).expect("read");
    assert!(matches!(fixture.db.rollback(), Err(DatabaseError::NotADatabase { .. })));
    assert!(fs::read(fixture.path()).expect("left alone") == before);
}

#[test]
fn the_next_process_keeps_what_a_killed_one_committed() {
    let mut fixture = Fixture::new();
    fixture.released();
    let copy = fs::read(path_of(&fixture.path())).expect("the copy");
    fixture.db.reacquire().expect("reacquire");
    fixture.db.begin().expect("begin");
    fixture.db.commit().expect("commit");
    fs::write(path_of(&fixture.path()), copy).expect("the process died before it removed the copy");
    let crashed = fixture.crashed();
    let path = crashed.path().join("plan.duckdb");
    assert_eq!(who(&open(&path, true).expect("readable")), ["ours", "theirs"]);
    assert_eq!(who(&open(&path, false).expect("writable")), ["ours", "theirs"]);
    assert_eq!(files(&crashed), [""]);
}

#[test]
fn a_copy_without_its_database_is_not_brought_back() {
    let mut fixture = Fixture::new();
    fixture.released();
    let crashed = fixture.crashed();
    let path = crashed.path().join("plan.duckdb");
    fs::remove_file(&path).expect("the user starts over");
    let db = open(&path, false).expect("a new file");
    assert!(db.query("from t", &[]).is_err());
    drop(db);
    assert_eq!(files(&crashed), [""]);
}

#[test]
fn a_copy_that_fails_stops_a_release_and_loses_nothing() {
    let mut fixture = Fixture::new();
    let part = path_of(&fixture.path()).with_added_extension("part");
    fs::create_dir(&part).expect("in the way of the copy");
    let error = fixture.db.release().expect_err("no copy");
    assert!(error.to_string().starts_with("cannot copy the database: "), "{error}");
    fs::remove_dir(&part).expect("out of the way");
    fixture.db.rollback().expect("rollback");
    assert_eq!((who(&fixture.db), has_mark(&fixture.db)), (vec!["ours".to_owned()], false));
}
