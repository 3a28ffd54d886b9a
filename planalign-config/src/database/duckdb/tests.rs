//! The database handle with a real engine.

use std::fs;
use std::time::Duration;

use super::*;
use crate::runtime::fault::Fault;

fn memory() -> Database {
    Database::in_memory(&DatabaseOptions::default()).expect("in-memory database")
}

#[test]
fn values_round_trip() {
    let db = memory();
    let sql = "select 1::tinyint, 12.50::decimal(12,2), date '2025-01-01', 'a', true, null, 1.5::double, \
               12345678901234567890::ubigint, timestamp '2025-01-01 10:00:00', ?::integer";
    let row = db.query_row(sql, &[Value::from(7)]).expect("query").expect("row");
    let printed: Vec<_> = row.values().iter().map(ToString::to_string).collect();
    let expected =
        ["1", "12.50", "2025-01-01", "a", "true", "null", "1.5", "12345678901234567890", "2025-01-01 10:00:00", "7"];
    assert_eq!(printed, expected);
}

#[test]
fn a_database_in_memory_can_have_the_name_of_a_file() {
    let options = DatabaseOptions::default();
    let database = Database::in_memory_like(std::path::Path::new("some/shop.duckdb"), &options).expect("open");
    database.execute_batch("create table t as select 1 as n").expect("create");
    for connection in [&database, &database.second_connection().expect("second")] {
        let name = connection.query_value("select current_database()", &[]).expect("name").text();
        assert_eq!(name.as_deref(), Some("shop"));
        assert_eq!(connection.query_value("select n from t", &[]).expect("the same tables").integer(), Some(1));
    }
}

#[test]
fn a_running_statement_can_be_interrupted() {
    let database = memory();
    let interrupt = database.interrupter().expect("handle");
    let running = database.clone();
    let query =
        std::thread::spawn(move || running.query("select count(*) from range(10000000000) a, range(100) b", &[]));
    while !query.is_finished() {
        // Lost while nothing runs yet.
        interrupt();
        std::thread::yield_now();
    }
    let error = query.join().expect("no panic").expect_err("interrupted");
    assert_eq!((error.fault(), error.to_string().as_str()), (Fault::Cancelled, "INTERRUPT Error: Interrupted!"));
}

#[test]
fn a_query_that_takes_too_long_is_stopped_and_rolled_back() {
    let mut database = memory();
    database.begin().expect("begin");
    let endless = "select count(*) from range(10000000000) a, range(100) b";
    let error = database.query_within(Duration::from_millis(20), endless, &[]).expect_err("too long");
    assert!(matches!(error, DatabaseError::TimedOut { .. }) && error.fault() == Fault::Cancelled, "{error}");
    assert!(matches!(database.query("select 1", &[]), Err(DatabaseError::Poisoned)));
    database.rollback().expect("rollback");
    let limit = Duration::from_secs(90);
    assert_eq!(database.query_within(limit, "select 7", &[]).expect("in time").rows.len(), 1);
    let wrong = database.query_within(limit, "select nothing", &[]).expect_err("no such column");
    assert_eq!(wrong.fault(), Fault::Deterministic);
}

#[test]
fn a_confined_database_reads_only_what_is_allowed_and_still_works() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("seeds")).expect("create");
    for file in ["census.csv", "secret.csv", "seeds/s.csv"] {
        fs::write(path(file), "a\n1\n").expect("write");
    }
    let options = DatabaseOptions { memory_need: Some(1 << 20), ..DatabaseOptions::default() };
    let mut database = Database::open(&path("a.duckdb"), &options).expect("open");
    database.confine(&[path("census.csv")], &[path("seeds")]).expect("confine");
    let read =
        |file: &str| database.query(&format!("from read_text('{}')", path(file).display()), &[]).map_err(|e| e.fault());
    assert!(read("census.csv").is_ok() && read("seeds/s.csv").is_ok());
    for file in ["secret.csv", "seeds/../secret.csv"] {
        assert_eq!(read(file).expect_err(file), Fault::Permission, "{file}");
    }
    for refused in [
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set allowed_configs = ['lock_configuration']",
        "set temp_directory = '/tmp'",
        "copy (select 1) to 'out.csv'",
        "attach 'other.duckdb'",
        "install httpfs",
    ] {
        database.execute_batch(refused).expect_err(refused);
    }
    // What a run needs: other connections, databases in memory, a transaction, less memory, one thread, and folding its log.
    let second = database.second_connection().expect("second connection");
    let helper = database.helper().expect("helper");
    helper.execute_batch("attach ':memory:' as worker; create table worker.t as select 1 as a").expect("attach");
    database.begin().expect("begin");
    database.execute_batch("create table t as from worker.t").expect("create");
    database.commit().expect("commit");
    while database.relieve_memory().expect("relieve memory").is_some() {}
    database.execute_batch("set threads = 2").expect("threads");
    assert!(database.work_sequentially().expect("one thread"));
    drop((second, helper));
    database.fold().expect("fold");
    drop(database);
    let database = Database::open(&path("a.duckdb"), &DatabaseOptions::default()).expect("open again");
    assert_eq!(database.query("from t", &[]).expect("rows").rows.len(), 1);
}

#[test]
fn storage_is_tuned_for_simulations_only_if_asked() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let settings = |tuned: bool| {
        let options = DatabaseOptions { tuned, ..DatabaseOptions::default() };
        let database = Database::open(&folder.path().join(format!("{tuned}.duckdb")), &options).expect("open");
        database.execute_batch("create table numbers as select range as n from range(100000)").expect("create");
        let groups = "select count(distinct row_group_id) from pragma_storage_info('numbers')";
        let threshold = database.query_value("select current_setting('checkpoint_threshold')", &[]).expect("setting");
        (threshold.text(), database.query_value(groups, &[]).expect("groups").integer())
    };
    assert_eq!(settings(true), (Some("931.3 GiB".to_owned()), Some(13)));
    assert_eq!(settings(false), (Some("16.0 MiB".to_owned()), Some(1)));
}

#[test]
fn every_engine_type_has_a_value() {
    let cases = [
        ("-2::smallint", Value::Integer(-2)),
        ("3::bigint", Value::Integer(3)),
        ("170141183460469231731687303715884105727::hugeint", Value::Integer(i128::MAX)),
        ("200::utinyint", Value::Integer(200)),
        ("60000::usmallint", Value::Integer(60_000)),
        ("4000000000::uinteger", Value::Integer(4_000_000_000)),
        ("0.5::float", Value::Float(0.5)),
        ("'ab'::blob", Value::Blob(b"ab".to_vec())),
        ("'010110101'::bit", Value::from("010110101")),
        ("null::integer", Value::Null),
        ("null::enum('a')", Value::Null),
    ];
    for (sql, expected) in cases {
        let found = memory().query_value(&format!("select {sql}"), &[]).expect("query");
        assert_eq!(found, expected, "{sql}");
    }
}

#[test]
fn rows_are_passed_on_as_integers() {
    let rows = |sql: &str| {
        let mut rows = Vec::new();
        memory().for_each_row(sql, &mut |row| rows.push(row.to_vec())).map(|()| rows).map_err(|e| e.to_string())
    };
    let cases = [
        ("-7::integer", Some(-7)),
        ("9223372036854775807::bigint", Some(i64::MAX)),
        ("18446744073709551615::ubigint", Some(-1)),
        ("date '1970-01-11'", Some(10)),
        ("-12.05::decimal(12, 2)", Some(-1205)),
        ("true", Some(1)),
        ("null::date", None),
        ("null::decimal(9, 6)", None),
        ("null::boolean", None),
    ];
    for (sql, expected) in cases {
        assert_eq!(rows(&format!("select {sql}, 2")), Ok(vec![vec![expected, Some(2)]]), "{sql}");
    }
    // More rows than the engine returns in one chunk.
    let many = rows("select range, case when range % 3 = 0 then range end from range(5000)").expect("numbers");
    assert!((0..5000).eq(many.iter().filter_map(|row| row[0])));
    assert_eq!(many.iter().filter_map(|row| row[1]).sum::<i64>(), (0..5000).step_by(3).sum::<i64>());
    assert_eq!(rows("select 1, 2 where false"), Ok(Vec::new()));
    for (sql, expected) in [
        ("select 1, 'text'", "a column of an unsupported type"),
        ("select 1, 1::decimal(38, 0)", "a column of an unsupported type"),
        ("select 1, 2 from nowhere", "Table with name nowhere does not exist"),
    ] {
        let error = rows(sql).expect_err(sql);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_value_can_be_a_parameter() {
    let cases = [
        (Value::Null, "null"),
        (true.into(), "true"),
        (7_i32.into(), "7"),
        (Value::Integer(i128::from(i64::MAX) + 1), "9223372036854775808"),
        (Value::Float(0.25), "0.25"),
        (Value::Decimal { units: -1205, scale: 2 }, "-12.05"),
        ("it's".into(), "it's"),
        (String::from("text").into(), "text"),
        (Value::Date(20_000), "2024-10-04"),
        (Value::Timestamp(1_736_000_000_000_000), "2025-01-04 14:13:20"),
        (vec![1, 2, 3].into(), "<3 bytes>"),
    ];
    for (value, expected) in cases {
        let found = memory().query_value("select ?", std::slice::from_ref(&value)).expect("query");
        assert_eq!(found.to_string(), expected, "{value:?}");
    }
}

#[test]
fn a_failed_statement_poisons_the_transaction_until_rollback() {
    let mut db = memory();
    db.execute_batch("create table t (x integer)").expect("create");
    db.begin().expect("begin");
    db.execute("insert into t values (1)", &[]).expect("insert");
    db.execute("insert into t values ('secret')", &[]).expect_err("bad insert");
    assert!(matches!(db.execute("select 1", &[]), Err(DatabaseError::Poisoned)));
    assert!(db.commit().is_err());
    db.rollback().expect("rollback");
    let count = db.query_value("select count(*) from t", &[]).expect("query");
    assert_eq!(count.integer(), Some(0));
    db.begin().expect("begin again");
    db.execute("insert into t values (2)", &[]).expect("insert");
    db.commit().expect("commit");
    assert!(!db.in_transaction());
}

#[test]
fn a_transaction_started_by_a_statement_is_noticed() {
    let db = Database::in_memory(&DatabaseOptions::default()).expect("database");
    for (statement, is_open) in [("begin", true), ("select 1", true), ("commit", false), ("begin", true)] {
        db.execute_batch(statement).expect(statement);
        assert_eq!(db.in_transaction(), is_open, "{statement}");
    }
    db.execute_batch("begin").expect_err("inside a transaction");
    assert!(db.in_transaction());
    db.execute_batch("rollback").expect("rollback");
    assert!(!db.in_transaction());
}

#[test]
fn clones_share_the_transaction_and_second_connections_do_not() {
    let mut db = memory();
    db.execute_batch("create table t (x integer)").expect("create");
    let other = db.second_connection().expect("second");
    db.begin().expect("begin");
    db.clone().execute("insert into t values (1)", &[]).expect("insert");
    let count = |d: &Database| d.query_value("select count(*) from t", &[]).expect("query").integer();
    assert_eq!((count(&db), count(&other)), (Some(1), Some(0)));
    db.commit().expect("commit");
    assert_eq!(count(&other), Some(1));
}

#[test]
fn transactions_do_not_nest() {
    let mut db = memory();
    assert!(db.commit().is_err());
    db.begin().expect("begin");
    assert!(db.begin().is_err());
    db.rollback().expect("rollback");
    db.rollback().expect("a second rollback has nothing to do");
}

#[test]
fn errors_include_the_line_but_no_data() {
    let error = memory().query("select\n  cast('123-45-6789' as integer)", &[]).expect_err("conversion");
    assert!(!error.to_string().contains("6789"), "{error}");
    let error = memory().query("select\n  nothing_here", &[]).expect_err("binder");
    assert!(matches!(error, DatabaseError::Statement { line: Some(2), fault: Fault::Deterministic, .. }), "{error:?}");
}

#[test]
fn appended_rows_join_the_transaction_and_errors_hide_their_values() {
    let mut db = memory();
    db.execute_batch("create table t (x ubigint, y varchar, z decimal(9, 2))").expect("create");
    let rows = [
        [Value::from(1), Value::from("it's"), Value::Decimal { units: 1250, scale: 2 }],
        [Value::from(2), Value::Null, Value::Null],
    ];
    db.begin().expect("begin");
    db.append(["memory", "main", "t"], &rows).expect("append");
    let reported = |db: &Database| db.query("select * from t order by x", &[]).expect("query").rows;
    assert!(reported(&db).iter().map(Row::values).eq(rows.iter().map(<[Value; 3]>::as_slice)));
    db.rollback().expect("rollback");
    assert_eq!(reported(&db), []);
    db.append(["memory", "main", "t"], &rows).expect("append");
    db.begin().expect("begin");
    let wrong = db.append(["memory", "main", "t"], &[[Value::from("123-45-6789"), Value::Null, Value::Null]]);
    let wrong = wrong.expect_err("not a number").to_string();
    assert!(!wrong.contains("6789"), "{wrong}");
    assert!(matches!(db.append(["memory", "main", "t"], &rows), Err(DatabaseError::Poisoned)));
    db.rollback().expect("rollback");
    assert!(db.append(["memory", "main", "gone"], &rows).is_err());
    assert_eq!(reported(&db).len(), 2);
}

#[test]
fn files_that_are_not_databases_are_refused_and_left_unchanged() {
    let dir = tempfile::tempdir().expect("dir");
    for (name, content) in [("empty.duckdb", &b""[..]), ("text.duckdb", &b"employee_id,pay\nE1,1\nE2,2\n"[..])] {
        let path = dir.path().join(name);
        fs::write(&path, content).expect("write");
        let error = Database::open(&path, &DatabaseOptions::default()).expect_err("refused");
        assert!(matches!(error, DatabaseError::NotADatabase { .. }), "{error:?}");
        assert_eq!(fs::read(&path).expect("read"), content);
    }
}

#[test]
fn files_of_newer_engines_are_refused() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("new.duckdb");
    drop(Database::open(&path, &DatabaseOptions::default()).expect("create"));
    let mut bytes = fs::read(&path).expect("read");
    bytes[12] = 69;
    fs::write(&path, bytes).expect("write");
    let error = Database::open(&path, &DatabaseOptions::default()).expect_err("refused");
    assert!(matches!(error, DatabaseError::NewerFile { found: 69, .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::WrongVersion);
}

#[test]
fn limits_apply_from_the_start() {
    let options = DatabaseOptions { threads: Some(1), memory_limit: Some(512 << 20), ..DatabaseOptions::default() };
    let db = Database::in_memory(&options).expect("open");
    let setting = |name: &str| db.query_value(&format!("select current_setting('{name}')"), &[]).expect("query");
    assert_eq!(setting("threads").integer(), Some(1));
    assert_eq!(setting("memory_limit").text().as_deref(), Some("512.0 MiB"));
}

#[test]
fn the_memory_limit_is_no_higher_than_needed() {
    let limit = |memory_limit, memory_need| {
        let options = DatabaseOptions { memory_limit, memory_need, ..DatabaseOptions::default() };
        let db = Database::in_memory(&options).expect("open");
        let limit = db.query_value("select current_setting('memory_limit')", &[]).expect("query");
        limit.text().expect("a size")
    };
    assert_eq!(limit(None, Some(512 << 20)), "512.0 MiB");
    assert_eq!(limit(Some(1 << 30), Some(512 << 20)), "1.0 GiB");
    assert_eq!(limit(None, Some(1 << 50)), limit(None, None));
}

#[test]
fn after_running_out_of_memory_a_query_gets_more_and_then_one_thread() {
    let options = DatabaseOptions { threads: Some(2), memory_need: Some(20 << 20), ..DatabaseOptions::default() };
    let mut db = Database::in_memory(&options).expect("open");
    // A list must fit in memory.
    let heavy = "select len(list(i)) from range(10000000) as r (i)";
    db.begin().expect("begin");
    assert_eq!(db.query(heavy, &[]).expect_err("too little").fault(), Fault::OutOfMemory);
    db.rollback().expect("rollback");
    let relief = db.relieve_memory().expect("relieve memory");
    assert_eq!(relief.as_deref(), Some("with all available memory"));
    db.query(heavy, &[]).expect("enough");
    let relief = db.relieve_memory().expect("relieve memory");
    assert_eq!(relief.as_deref(), Some("on one thread, with rows in any order"));
    let threads = db.query_value("select current_setting('threads')", &[]).expect("query");
    assert_eq!(threads.integer(), Some(1));
    assert_eq!(db.relieve_memory().expect("nothing left"), None);

    let limited = DatabaseOptions { memory_limit: Some(20 << 20), ..options };
    let mut db = Database::in_memory(&limited).expect("open");
    let relief = db.relieve_memory().expect("relieve memory");
    assert_eq!(relief.as_deref(), Some("on one thread, with rows in any order"), "an explicit limit is kept");
    assert_eq!(db.relieve_memory().expect("nothing left"), None);
}

#[test]
fn spill_files_of_a_killed_process_are_removed_on_opening_for_writing() {
    let dir = tempfile::tempdir().expect("temp dir");
    let (path, spill) = (dir.path().join("a.duckdb"), dir.path().join("a.duckdb.tmp"));
    fs::create_dir(&spill).expect("create");
    let (ours, other) = (spill.join("duckdb_temp_storage_S32K-0.tmp"), spill.join("notes.txt"));
    fs::write(&ours, "people").expect("write");
    fs::write(&other, "not a spill file").expect("write");
    let open = |read_only| {
        let options = DatabaseOptions { read_only, ..DatabaseOptions::default() };
        Database::open(&path, &options)
    };
    drop(open(true).expect_err("no file to read"));
    assert!(ours.exists());
    drop(open(false).expect("open"));
    assert!(!ours.exists());
    assert!(other.exists());
    fs::remove_file(&other).expect("remove");
    fs::write(&ours, "people").expect("write");
    drop(open(true).expect("open"));
    assert!(ours.exists(), "other readers may have the file open");
    drop(open(false).expect("open"));
    assert!(!spill.exists());
}

#[test]
fn a_new_file_gets_its_name_once_it_is_complete() {
    let dir = tempfile::tempdir().expect("temp dir");
    let (path, part) = (dir.path().join("a.duckdb"), dir.path().join("a.duckdb.part"));
    fs::create_dir(&part).expect("create dir");
    let error = Database::open(&path, &DatabaseOptions::default()).expect_err("cannot be created");
    assert!(error.to_string().contains("a.duckdb.part"), "{error}");
    assert!(!path.exists());
    fs::remove_dir(&part).expect("remove dir");
    // Left by a killed process.
    fs::write(&part, b"half a header").expect("write");
    Database::open(&path, &DatabaseOptions::default())
        .expect("open")
        .execute_batch("create table t (i int)")
        .expect("create table");
    assert!(!part.exists());
    Database::open(&path, &DatabaseOptions::default()).expect("open").execute_batch("from t").expect("query");
}

#[test]
fn files_may_have_any_name() {
    let dir = tempfile::tempdir().expect("temp dir");
    for name in ["main", "memory", "temp", "system", "planalign", "a \"b\" 'c'.d", "Größe", "s3:"] {
        let path = dir.path().join(format!("{name}.duckdb"));
        let open = || Database::open(&path, &DatabaseOptions::default()).expect(name);
        open().execute_batch("create table t as select 1 as i").expect(name);
        let db = open();
        let in_both = |db: &Database| db.query_value("select i from t", &[]).expect(name).integer();
        assert_eq!(in_both(&db), Some(1), "{name}");
        assert_eq!(in_both(&db.second_connection().expect(name)), Some(1), "{name}");
    }
}

#[test]
fn statements_that_may_change_the_layout_are_counted() {
    let mut db = Database::in_memory(&DatabaseOptions::default()).expect("open");
    let mut before = db.layout();
    let mut changes = |db: &Database| {
        let now = db.layout();
        let changes = now - before;
        before = now;
        changes
    };
    for (sql, expected) in [
        ("create table t (i integer)", 1),
        ("insert into t values (1)", 0),
        (" Delete from t; ", 0),
        ("delete from t; create table u (i integer)", 1),
        ("-- a comment\nselect 1", 1),
        ("select 'a; b' as \"c; d\" -- e; f\nfrom t /* g; h */ where i - 1 / 2 < 3;", 0),
        ("select $$ it's one $$; create table x as select 'a'", 1),
        ("select e'\\''; create table y as select 'a'", 1),
        ("select 1 -- a comment; \n; create table w (i integer)", 1),
    ] {
        db.execute_batch(sql).expect(sql);
        assert_eq!(changes(&db), expected, "{sql}");
    }
    db.query("from t", &[]).expect("query");
    db.execute("drop table u", &[]).expect("execute");
    assert_eq!(changes(&db), 1);
    db.execute("drop table u", &[]).expect_err("no such table");
    assert_eq!(changes(&db), 1, "a failed statement may have changed something");
    let other = db.second_connection().expect("second connection");
    other.execute_batch("create table v (i integer)").expect("create");
    assert_eq!(changes(&db), 1);
    db.begin().expect("begin");
    db.commit().expect("commit");
    assert_eq!(changes(&db), 0);
    db.begin().expect("begin");
    db.rollback().expect("rollback");
    assert_eq!(changes(&db), 1);
}

#[test]
fn versions_compare_by_number() {
    assert!(parse_version("v1.5.4") < OLDEST_ENGINE.1);
    assert!(parse_version("v1.5.6") >= OLDEST_ENGINE.1);
    assert!(parse_version("v1.10.0") >= OLDEST_ENGINE.1);
    assert!(parse_version("2.0.0-dev1") >= OLDEST_ENGINE.1);
}

#[test]
fn a_log_without_a_database_is_left_alone() {
    let dir = tempfile::tempdir().expect("dir");
    let (path, log) = (dir.path().join("a.duckdb"), dir.path().join("a.duckdb.wal"));
    fs::write(&log, b"committed").expect("write");
    let error = Database::open(&path, &DatabaseOptions::default()).expect_err("refused");
    assert!(matches!(&error, DatabaseError::LogAlone { log: found } if *found == log), "{error:?}");
    assert_eq!(error.fault(), Fault::Corrupt);
    assert_eq!(fs::read(&log).expect("read"), b"committed");
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_a_database() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("a.duckdb");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    let error = Database::open(&path, &DatabaseOptions::default()).expect_err("refused");
    assert!(matches!(error, DatabaseError::NotADatabase { .. }), "{error:?}");
}

#[test]
fn a_directory_is_not_a_database() {
    let dir = tempfile::tempdir().expect("dir");
    let options = DatabaseOptions { busy_waits: vec![Duration::ZERO], ..DatabaseOptions::default() };
    assert!(matches!(Database::open(dir.path(), &options), Err(DatabaseError::NotADatabase { .. })));
}

#[test]
fn labels_are_read_as_text() {
    let db = Database::in_memory(&DatabaseOptions::default()).expect("open");
    let table = db.query("select unnest(['b', null, 'a'])::enum('a', 'b') as label", &[]).expect("query");
    let labels: Vec<_> = table.rows.iter().map(|row| row.text("label").expect("column")).collect();
    assert_eq!(labels, [Some("b".to_owned()), None, Some("a".to_owned())]);
    assert_eq!(table.texts("label").expect("column"), ["b", "a"]);
}

#[test]
fn working_sequentially_takes_effect_once() {
    let mut database =
        Database::in_memory(&DatabaseOptions { threads: Some(2), ..DatabaseOptions::default() }).expect("open");
    assert!(database.work_sequentially().expect("work sequentially"));
    assert!(!database.work_sequentially().expect("work sequentially"));
}

#[test]
fn a_process_can_open_a_file_only_once() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("plan.duckdb");
    let open = |path: &std::path::Path, read_only| {
        Database::open(path, &DatabaseOptions { read_only, ..DatabaseOptions::default() })
    };
    let is_refused = |opened: Result<Database, DatabaseError>| matches!(&opened, Err(error @ DatabaseError::OpenHere { .. }) if error.fault() == Fault::Busy);
    let writing = open(&path, false).expect("create");
    writing.execute_batch("create table t as select 42 as answer").expect("create table");
    let another = writing.second_connection().expect("second connection");
    // Under any name.
    let link = folder.path().join("link.duckdb");
    fs::hard_link(&path, &link).expect("hard link");
    drop(writing);
    for path in [&path, &link] {
        assert!(is_refused(open(path, false)) && is_refused(open(path, true)));
    }
    drop(another);

    let reading = open(&path, true).expect("open after closing");
    let shared = open(&path, true).expect("open to read");
    assert!(is_refused(open(&path, false)));
    drop(reading);
    let answer = shared.query_value("select answer from t", &[]).expect("query after the first reader closed");
    assert_eq!(answer.integer(), Some(42));
    assert!(is_refused(open(&path, false)));
    drop(shared);
    open(&path, false).expect("open after closing");
}

#[test]
fn a_file_that_is_slow_to_open_does_not_block_others() {
    let folder = tempfile::tempdir().expect("temp dir");
    let (slow, other) = (folder.path().join("slow.duckdb"), folder.path().join("other.duckdb"));
    let open = |path: &std::path::Path| {
        Database::open(path, &DatabaseOptions { busy_waits: Vec::new(), ..DatabaseOptions::default() })
    };
    let open_files::Claim::New(claimed) = open_files::claim(&slow, false) else { panic!("already open") };
    let _opening = claimed.connections();
    open(&other).expect("open");
    assert!(matches!(open(&slow), Err(DatabaseError::OpenHere { .. })), "not even before the file exists");
}

#[test]
fn values_without_a_variant_are_texts_as_in_python() {
    let db = Database::in_memory(&DatabaseOptions::default()).expect("database");
    for (value, expected) in [
        ("[1, null]", "[1, null]"),
        ("['a', 'b\"c', 'é']", r#"["a", "b\"c", "\u00e9"]"#),
        ("[1.0::double, 1e-7, 1e20]", "[1.0, 1e-07, 1e+20]"),
        ("['nan'::double, 'inf', '-inf']", "[NaN, Infinity, -Infinity]"),
        ("[1.50::decimal(10, 2)]", "[1.5]"),
        ("[true]", "[true]"),
        ("[[1], []]", "[[1], []]"),
        ("array_value(1, 2)", "[1, 2]"),
        ("{'a': 1, 'b': ['x']}", r#"{"a": 1, "b": ["x"]}"#),
        ("row(1, 'a')", r#"[1, "a"]"#),
        ("map {'a': 1, 'b': 2}", r#"{"a": 1, "b": 2}"#),
        ("map {1: 'x'}", r#"{"1": "x"}"#),
        ("[date '2025-01-01']", r#"["2025-01-01"]"#),
        ("[timestamp '2025-01-01 10:00:00.5']", r#"["2025-01-01T10:00:00.500000"]"#),
        ("[interval 1 day]", r#"["1 day, 0:00:00"]"#),
        ("{'t': time '10:00:00', 'b': 'a\\xFF'::blob}", r#"{"t": "10:00:00", "b": "b'a\\xff'"}"#),
        ("['a'::enum('a', 'b')]", r#"["a"]"#),
        ("[union_value(n := 5)]", "[5]"),
        ("union_value(n := 5)", "5"),
        ("time '10:11:12.5'", "10:11:12.500000"),
        ("interval '1 day 2 hours 3.5 seconds'", "1 day, 2:00:03.500000"),
        ("interval '-1 day'", "-1 day, 0:00:00"),
        ("interval 1 year", "360 days, 0:00:00"),
        ("interval 90 minute", "1:30:00"),
        ("uuid '550e8400-e29b-41d4-a716-446655440000'", "550e8400-e29b-41d4-a716-446655440000"),
        ("[uuid '550e8400-e29b-41d4-a716-446655440000']", r#"["550e8400-e29b-41d4-a716-446655440000"]"#),
        ("340282366920938463463374607431768211455::uhugeint", "340282366920938463463374607431768211455"),
    ] {
        let found = db.query_value(&format!("select {value}"), &[]).expect(value).to_string();
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn values_are_shown_only_for_data_that_is_not_personal() {
    let folder = tempfile::tempdir().expect("temp dir");
    let db = Database::in_memory(&DatabaseOptions::default()).expect("database");
    db.execute_batch("create table t (id integer, pay integer)").expect("table");
    for (content, expected) in [
        ("id,pay\n1,2\n2,Jane Doe\n", "line 3, column `pay`: could not convert string \"Jane Doe\" to 'INTEGER'"),
        ("id,pay\n1,2\n2,\"Jane\nDoe\"\n", "line 3, column `pay`: could not convert string \"Jane Doe\" to 'INTEGER'"),
    ] {
        let path = folder.path().join("t.csv");
        std::fs::write(&path, content).expect("write");
        let copy = format!("copy t from '{}' (format csv, header true, delimiter ',')", path.display());
        assert_eq!(db.execute_without_personal_data(&copy).expect_err("shown").to_string(), expected);
        assert_eq!(db.execute(&copy, &[]).expect_err("hidden").to_string(), "the CSV file is malformed at line 3");
    }
    let raised = db.execute_without_personal_data("select error(chr(74) || 'ane')").expect_err("raised").to_string();
    assert!(!raised.contains("Jane"), "{raised}");
}
