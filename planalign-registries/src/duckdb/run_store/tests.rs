//! The run store with real databases.

use std::time::Duration;

use planalign_config::{Database, UnitOfWork, Value, full_message};

use super::DuckRunStore;
use crate::checkpoint::{CheckpointKey, CheckpointStatus, RelationState, WorkflowCheckpoint};
use crate::duckdb::testing::options;
use crate::registry::RegistrySnapshot;
use crate::run_event::{RunEvent, RunEventKind};
use crate::run_store::{
    Checkpoints, FindingRows, FingerprintKind, Fingerprints, Journal, RunRecord, RunStatus, RunStore, Runs, StoreError,
    compare_state,
};

fn memory() -> (Database, DuckRunStore) {
    let db = Database::in_memory(&options()).expect("open");
    let store = DuckRunStore::open(db.clone()).expect("create");
    (db, store)
}

fn run(run_id: &str) -> RunRecord {
    RunRecord {
        run_id: run_id.to_owned(),
        scenario_id: "baseline".to_owned(),
        plan_design_id: "it's".to_owned(),
        start_year: 2025,
        end_year: 2027,
        seed: u64::MAX,
        started_at: "2026-01-02T03:04:05.123456789Z".parse().expect("time"),
        status: RunStatus::Running,
        program_version: "0.1.0".to_owned(),
        engine_version: "v1.5.6".to_owned(),
    }
}

fn fingerprints() -> Fingerprints {
    let mut all = Fingerprints::default();
    all.insert(FingerprintKind::Config, [("a.b".to_owned(), "1".to_owned()), ("empty".to_owned(), String::new())]);
    all.insert(FingerprintKind::Model, [("m\n'\"|".to_owned(), "select 'ä'\n".repeat(500))]);
    all
}

fn event(sequence: u64, kind: RunEventKind) -> RunEvent {
    let timestamp = "2026-01-02T03:04:05.5Z".parse().expect("time");
    RunEvent { sequence, run_id: "r1".to_owned(), timestamp, since_start: Duration::from_millis(17), kind }
}

fn failed(sequence: u64) -> RunEvent {
    event(sequence, RunEventKind::RunFailed { cause: "it's \"bad\"\nsecond line, [1], {x}".to_owned() })
}

fn checkpoint(sequence: u64, year: i32, stage: &str) -> WorkflowCheckpoint {
    let registered = RelationState {
        relation: "planalign.enrollment_registry".to_owned(),
        year: Some(year),
        rows: 3,
        hash: "9".to_owned(),
        engine: "v1.5.6".to_owned(),
        sums: vec!["simulation_year=6075".to_owned()],
    };
    WorkflowCheckpoint {
        run_id: "r1".to_owned(),
        sequence,
        key: CheckpointKey { year, stage: stage.to_owned() },
        saved_at: "2026-01-02T03:04:05.5Z".parse().expect("time"),
        status: CheckpointStatus::FailedValidation,
        elapsed: Duration::from_millis(12),
        state: Vec::new(),
        registries: vec![RegistrySnapshot { registry: "enrollment".into(), state: registered }],
        fingerprint: "f".to_owned(),
        built_by: [("runner".to_owned(), "embedded".to_owned())].into(),
    }
}

#[test]
fn runs_are_kept_in_order_and_the_last_is_current() {
    let (_, mut store) = memory();
    assert_eq!(store.current_run().expect("none"), None);
    store.begin_run(&run("r2"), &fingerprints()).expect("begin");
    store.begin_run(&run("r1"), &Fingerprints::default()).expect("begin");
    store.update_run("r2", RunStatus::Interrupted, 2029).expect("update");
    let changed = RunRecord { status: RunStatus::Interrupted, end_year: 2029, ..run("r2") };
    assert_eq!(store.runs().expect("runs"), [changed, run("r1")]);
    assert_eq!(store.current_run().expect("run"), Some(run("r1")));
    for status in [RunStatus::Finished, RunStatus::Failed, RunStatus::Running] {
        store.update_run("r1", status, 2027).expect("update");
        assert_eq!(store.current_run().expect("run").map(|r| r.status), Some(status));
    }
    let error = store.update_run("r9", RunStatus::Failed, 2027).expect_err("unknown");
    assert_eq!(full_message(&error), "the record of a run is damaged: it is missing");
}

#[test]
fn fingerprints_round_trip_and_changed_content_is_detected() {
    let (db, mut store) = memory();
    store.begin_run(&run("r1"), &fingerprints()).expect("begin");
    store.begin_run(&run("r2"), &Fingerprints::default()).expect("begin");
    assert_eq!(store.fingerprints("r1").expect("read"), fingerprints());
    assert_eq!(store.fingerprints("r2").expect("read"), Fingerprints::default());
    let size = db.query_value("select sum(octet_length(content)) from planalign.fingerprints", &[]).expect("size");
    assert!(size.integer().is_some_and(|n| n < 200), "contents are compressed");
    db.execute_batch("update planalign.fingerprints set sha256 = 'x' where name = 'a.b'").expect("damage");
    let error = full_message(&store.fingerprints("r1").expect_err("damaged"));
    assert_eq!(error, "the record of config a.b is damaged: its content does not match its hash");
    db.execute_batch("update planalign.fingerprints set content = 'x'::blob where name = 'a.b'").expect("damage");
    assert!(
        store.fingerprints("r1").expect_err("damaged").to_string().starts_with("the record of config a.b is damaged")
    );
}

#[test]
fn beginning_a_run_is_all_or_nothing() {
    let (db, mut store) = memory();
    db.execute_batch("drop table planalign.fingerprints").expect("drop");
    assert!(store.begin_run(&run("r1"), &fingerprints()).is_err());
    assert_eq!(store.runs().expect("runs"), []);
    assert!(!db.in_transaction());
}

#[test]
fn events_in_the_unit_are_rolled_back_with_it_and_events_outside_stay() {
    let (mut db, mut store) = memory();
    db.begin().expect("begin");
    store.record(&[failed(1)]).expect("record");
    store.record_outside(&[failed(2), failed(3)]).expect("outside");
    assert_eq!(store.events("r1").expect("own").first(), Some(&failed(1)));
    db.rollback().expect("rollback");
    assert_eq!(store.events("r1").expect("events"), [failed(2), failed(3)]);
    db.begin().expect("begin");
    store.record(&[failed(5), failed(4)]).expect("record");
    store.record(&[]).expect("nothing");
    store.record_outside(&[]).expect("nothing");
    db.commit().expect("commit");
    assert_eq!(store.events("r1").expect("events"), [failed(2), failed(3), failed(4), failed(5)]);
    assert_eq!(store.events("other").expect("events"), []);
}

#[test]
fn events_outside_can_be_written_while_the_unit_is_poisoned() {
    let (mut db, mut store) = memory();
    db.begin().expect("begin");
    assert!(db.execute_batch("select nothing").is_err());
    assert!(store.record(&[failed(1)]).is_err());
    store.record_outside(&[failed(1)]).expect("outside");
    db.rollback().expect("rollback");
    assert_eq!(store.events("r1").expect("events"), [failed(1)]);
}

#[test]
fn the_journal_can_be_read_with_sql() {
    let (db, mut store) = memory();
    store.record(&[event(1, RunEventKind::YearStarted { year: 2025 })]).expect("record");
    let reported = "select concat_ws(' ', event, sequence, payload->>'year') from planalign.run_events";
    assert_eq!(db.query_value(reported, &[]).expect("query").text().as_deref(), Some("year_started 1 2025"));
}

#[test]
fn checkpoints_are_replaced_by_year_and_stage_and_read_in_order() {
    let (mut db, mut store) = memory();
    for (sequence, year, stage) in [(1, 2025, "A"), (2, 2025, "B"), (3, 2026, "A")] {
        store.save_checkpoint(&checkpoint(sequence, year, stage)).expect("save");
    }
    store.replace_checkpoint(&checkpoint(4, 2025, "A")).expect("replace");
    let expected = [checkpoint(2, 2025, "B"), checkpoint(3, 2026, "A"), checkpoint(4, 2025, "A")];
    assert_eq!(store.checkpoints("r1").expect("read"), expected);
    assert_eq!(store.last_checkpoint("r1").expect("read"), Some(4));
    assert_eq!(store.last_checkpoint("other").expect("read"), None);
    db.begin().expect("begin");
    store.save_checkpoint(&checkpoint(5, 2027, "A")).expect("save");
    db.rollback().expect("rollback");
    assert_eq!(store.checkpoints("r1").expect("read"), expected);
}

#[test]
fn an_invalid_record_is_reported_as_damaged_and_not_quoted() {
    let (db, mut store) = memory();
    store.save_checkpoint(&checkpoint(1, 2025, "A")).expect("save");
    db.execute_batch("update planalign.checkpoints set payload = '{\"run_id\": \"secret\"}'").expect("damage");
    let error = store.checkpoints("r1").expect_err("damaged");
    assert_eq!(full_message(&error), "the record of a checkpoint is damaged: its content is invalid at character 20");
    store.begin_run(&run("r1"), &Fingerprints::default()).expect("begin");
    for change in ["status = 'lost'", "started_at = 'today'"] {
        db.execute_batch(&format!("update planalign.runs set {change}")).expect("damage");
        assert!(matches!(store.runs(), Err(StoreError::Damaged { .. })), "{change}");
    }
}

fn table(db: &Database, sql: &str) {
    db.execute_batch(sql).expect("table");
}

/// The state of `main.t` for 2025.
fn state(store: &DuckRunStore) -> RelationState {
    store.state(&["main.t".to_owned()], 2025).expect("state").remove(0)
}

const PEOPLE: &str = "create or replace table t as
    select 2025 as simulation_year, i as id, i::varchar as name, (i * 1.5)::decimal(12, 2) as pay, i::double as x, i + 1 as other
    from range(100) as r (i)";

#[test]
fn state_counts_hashes_and_sums_the_rows_of_the_year() {
    let (db, store) = memory();
    table(&db, PEOPLE);
    table(&db, "insert into t select 2026, * exclude (simulation_year) from t");
    let found = state(&store);
    assert_eq!((found.rows, found.year), (100, Some(2025)));
    assert_eq!(found.sums, ["id=4950", "other=5050", "pay=7425.00", "simulation_year=202500"]);
    assert_eq!(found.engine, db.engine_version().expect("version"));
    assert_eq!(store.state(&["main.t".into()], 2030).expect("state")[0].sums[0], "id=0");
}

#[test]
fn state_skips_views_and_relations_that_do_not_exist_yet() {
    let (db, store) = memory();
    table(&db, PEOPLE);
    table(&db, "create view v as from t; create table \"odd \"\"name\" as select 1 as \"a \"\"b\"");
    let relations = ["main.v", "main.later", "main.t", "main.odd \"name"].map(str::to_owned);
    let names = |store: &DuckRunStore| -> Vec<_> {
        store.state(&relations, 2025).expect("state").into_iter().map(|s| (s.relation, s.year)).collect()
    };
    let odd = ("main.odd \"name".to_owned(), None);
    assert_eq!(names(&store), [("main.t".to_owned(), Some(2025)), odd.clone()]);
    table(&db, "create table later as select 1 as x");
    assert_eq!(names(&store), [("main.later".to_owned(), None), ("main.t".to_owned(), Some(2025)), odd]);
}

#[test]
fn state_detects_every_change_of_rows() {
    let changes = [
        ("one more row", "insert into t from t where id = 5"),
        ("two more equal rows", "insert into t from t where id = 5; insert into t from t where id = 5 limit 1"),
        ("one row fewer", "delete from t where id = 5"),
        (
            "two rows replaced by equal ones",
            "delete from t where id in (5, 6); insert into t select 2025, 5, '5', 7.5, 5, 6 from range(2)",
        ),
        ("a text", "update t set name = 'x' where id = 5"),
        ("a double", "update t set x = x + 1e-9 where id = 5"),
        ("a null", "update t set name = null where id = 5"),
        ("two rows swap a value", "update t set name = case id when 5 then '6' else '5' end where id in (5, 6)"),
        ("columns swap values", "update t set id = other, other = id where id = 5"),
        ("values with the same sum", "update t set pay = pay + case id when 5 then 1 else -1 end where id in (5, 6)"),
    ];
    for (what, change) in changes {
        let (db, store) = memory();
        table(&db, PEOPLE);
        let mut saved = checkpoint(1, 2025, "A");
        saved.state = vec![state(&store)];
        assert!(compare_state(&saved, &[state(&store)]).is_ok());
        table(&db, change);
        assert!(compare_state(&saved, &[state(&store)]).is_err(), "{what}");
    }
}

#[test]
fn state_detects_equal_rows_that_change_alike() {
    let (db, store) = memory();
    table(&db, "create table t as select 2025 as simulation_year, 'a' as x from range(2)");
    let before = state(&store);
    table(&db, "update t set x = 'b'");
    assert_ne!(state(&store), before);
}

#[test]
fn state_does_not_depend_on_the_order_of_rows() {
    let (db, store) = memory();
    table(&db, PEOPLE);
    let before = state(&store);
    table(&db, "create or replace table t as from t order by id desc");
    assert_eq!(state(&store), before);
}

#[test]
fn different_rows_with_equal_sums_differ_unless_the_engine_does() {
    let (db, store) = memory();
    table(&db, PEOPLE);
    let mut saved = checkpoint(1, 2025, "A");
    saved.state = vec![state(&store)];
    table(&db, "update t set name = 'x' where id = 5");
    let error = compare_state(&saved, &[state(&store)]).expect_err("rows differ").to_string();
    assert_eq!(error, "table main.t does not match checkpoint 2025/A: its rows differ");
    saved.state[0].engine = "v9".to_owned();
    assert!(compare_state(&saved, &[state(&store)]).is_ok());
    table(&db, "update t set pay = 0 where id = 5");
    assert!(
        compare_state(&saved, &[state(&store)])
            .expect_err("sums differ")
            .to_string()
            .ends_with("the sums of its columns differ")
    );
    table(&db, "delete from t where id = 5");
    assert!(
        compare_state(&saved, &[state(&store)])
            .expect_err("row count differs")
            .to_string()
            .ends_with("99 rows instead of 100")
    );
    assert!(compare_state(&saved, &[]).expect_err("table missing").to_string().ends_with("it is missing"));
}

#[test]
fn forgetting_removes_later_years_and_their_checkpoints() {
    let (mut db, mut store) = memory();
    store.begin_run(&run("r1"), &fingerprints()).expect("begin");
    store.record(&[failed(1)]).expect("record");
    table(&db, PEOPLE);
    table(&db, "insert into t select 2026, * exclude (simulation_year) from t; create table seed as select 1 as x");
    table(&db, "create view v as from t; create schema other; create table other.t as from t");
    store.save_checkpoint(&checkpoint(1, 2025, "A")).expect("save");
    store.save_checkpoint(&checkpoint(2, 2026, "A")).expect("save");
    db.begin().expect("begin");
    store.forget_after(Some(&checkpoint(1, 2025, "A"))).expect("forget");
    db.rollback().expect("rollback");
    assert_eq!(count(&db, "t"), 200);
    store.forget_after(Some(&checkpoint(1, 2025, "A"))).expect("forget");
    assert_eq!((count(&db, "t"), count(&db, "seed"), count(&db, "other.t")), (100, 1, 200));
    assert_eq!(store.checkpoints("r1").expect("read"), [checkpoint(1, 2025, "A")]);
    assert_eq!(store.runs().expect("runs").len(), 1);
    assert_eq!(store.events("r1").expect("events").len(), 1);
}

fn count(db: &Database, table: &str) -> i64 {
    db.query_value(&format!("select count(*) from {table}"), &[]).expect("count").integer().expect("number")
}

#[test]
fn forgetting_the_rest_of_a_year_removes_what_its_later_stages_wrote() {
    let (db, mut store) = memory();
    table(&db, "create table early as select unnest([2025, 2026, 2027]) as simulation_year");
    table(&db, "create table late as from early; create table seed as select 1 as x");
    let of = |relation: &str, year| RelationState {
        relation: format!("main.{relation}"),
        year,
        rows: 1,
        hash: "1".to_owned(),
        engine: "v".to_owned(),
        sums: Vec::new(),
    };
    let saved = |sequence, year, stage: &str, relation: &str| WorkflowCheckpoint {
        state: vec![of(relation, Some(year)), of("seed", None)],
        ..checkpoint(sequence, year, stage)
    };
    let all = [
        saved(1, 2025, "A", "early"),
        saved(2, 2025, "B", "late"),
        saved(3, 2026, "A", "early"),
        saved(4, 2026, "B", "late"),
        saved(5, 2027, "A", "early"),
    ];
    for each in &all {
        store.save_checkpoint(each).expect("save");
        store.save_finding_rows("r1", &each.key, &[rows("numbers", "select 1 as n")]).expect("write");
    }
    store.forget_after(Some(&all[2])).expect("forget");
    assert_eq!((count(&db, "early"), count(&db, "late"), count(&db, "seed")), (2, 1, 1));
    assert_eq!(store.checkpoints("r1").expect("read"), all[..3]);
    let stages: Vec<String> = finding_details(&db).iter().map(|line| line[..6].to_owned()).collect();
    assert_eq!(stages, ["2025 A", "2025 B", "2026 A"]);
}

#[test]
fn fingerprints_can_be_replaced_and_kept_inputs_are_separate() {
    let (_, mut store) = memory();
    let mut all = fingerprints();
    all.insert(FingerprintKind::ProjectFile, [("dbt_project.yml".to_owned(), "name: p".to_owned())]);
    all.insert(FingerprintKind::Settings, [("effective".to_owned(), "{}".to_owned())]);
    store.begin_run(&run("r1"), &all).expect("begin");
    assert_eq!(store.fingerprints("r1").expect("read"), fingerprints());
    let kept = store.kept_inputs("r1").expect("read");
    assert_eq!(kept.0.keys().collect::<Vec<_>>(), [&FingerprintKind::ProjectFile, &FingerprintKind::Settings]);
    assert_eq!(kept.0[&FingerprintKind::ProjectFile]["dbt_project.yml"], "name: p");
    assert_eq!((all.digest(), all.differences(&fingerprints())), (fingerprints().digest(), Vec::new()));
    let mut others = Fingerprints::default();
    others.insert(FingerprintKind::Config, [("a.b".to_owned(), "2".to_owned())]);
    store.replace_fingerprints("r1", &others).expect("replace");
    assert_eq!(store.fingerprints("r1").expect("read"), others);
    assert_eq!(store.kept_inputs("r1").expect("read"), Fingerprints::default());
}

#[test]
fn forgetting_everything_drops_tables_in_checkpoints_and_empties_the_rest() {
    let (db, mut store) = memory();
    store.begin_run(&run("r1"), &fingerprints()).expect("begin");
    table(&db, PEOPLE);
    table(&db, "create table left_over as from t; create table users_own as select 1 as x");
    let mut saved = checkpoint(1, 2025, "A");
    saved.state = vec![state(&store), RelationState { relation: "main.gone".to_owned(), ..state(&store) }];
    store.save_checkpoint(&saved).expect("save");
    store.forget_after(None).expect("forget");
    assert_eq!((count(&db, "left_over"), count(&db, "users_own")), (0, 1));
    assert_eq!(store.checkpoints("r1").expect("read"), []);
    assert_eq!(store.runs().expect("runs").len(), 1);
    table(&db, "create table t as select 2025 as simulation_year, 'other columns' as y");
    assert_eq!(state(&store).sums, ["simulation_year=2025"]);
}

#[test]
fn a_file_may_be_named_like_a_schema() {
    let directory = tempfile::tempdir().expect("directory");
    for name in ["planalign.duckdb", "main.duckdb"] {
        let path = directory.path().join(name);
        {
            let mut db = Database::open(&path, &options()).expect("open");
            let mut store = DuckRunStore::open(db.clone()).expect("create");
            store.begin_run(&run("r1"), &fingerprints()).expect("begin");
            db.execute_batch(PEOPLE).expect("table");
            db.begin().expect("begin");
            store.record(&[failed(1)]).expect("record");
            let saved = WorkflowCheckpoint { state: vec![state(&store)], ..checkpoint(1, 2025, "A") };
            store.save_checkpoint(&saved).expect("save");
            db.commit().expect("commit");
            store.record_outside(&[failed(2)]).expect("outside");
            store.compact().expect("compact");
            store
                .save_checkpoint(&WorkflowCheckpoint { key: CheckpointKey { year: 2026, stage: "A".into() }, ..saved })
                .expect("save");
        }
        let read_only = planalign_config::DatabaseOptions { read_only: true, ..options() };
        let store = DuckRunStore::open_existing(Database::open(&path, &read_only).expect("open")).expect("read");
        let store = store.expect("run record");
        assert_eq!(store.current_run().expect("run"), Some(run("r1")));
        assert_eq!(store.fingerprints("r1").expect("read"), fingerprints());
        assert_eq!(store.events("r1").expect("events"), [failed(1), failed(2)]);
        let saved = store.checkpoints("r1").expect("read");
        assert_eq!(saved.len(), 2);
        assert!(compare_state(&saved[0], &[state(&store)]).is_ok());
        drop(store);
        let mut store = DuckRunStore::open(Database::open(&path, &options()).expect("open")).expect("reopen");
        store.forget_after(None).expect("forget");
        drop(store);
        let store = DuckRunStore::open(Database::open(&path, &options()).expect("open")).expect("replay log");
        assert_eq!(store.state(&["main.t".to_owned()], 2025).expect("state"), []);
        assert_eq!(store.runs().expect("runs").len(), 1);
    }
}

#[test]
fn a_file_with_other_tables_is_left_unchanged() {
    for (sql, message) in [
        ("create table t (n integer)", "the database holds 1 table that PlanAlign did not create"),
        (
            "create table t (n integer); create view v as from t",
            "the database holds 2 tables that PlanAlign did not create",
        ),
    ] {
        let db = Database::in_memory(&options()).expect("open");
        db.execute_batch(sql).expect("create");
        assert_eq!(DuckRunStore::open(db.clone()).expect_err("other tables").to_string(), message);
        assert!(DuckRunStore::open_existing(db.clone()).expect("read").is_none());
        assert!(db.execute_batch("from planalign.runs").is_err(), "nothing was created");
    }
}

#[test]
fn a_record_in_a_newer_format_is_read_but_not_written() {
    let (db, mut store) = memory();
    store.begin_run(&run("r1"), &fingerprints()).expect("begin");
    store.record(&[failed(1)]).expect("record");
    drop(store);
    db.execute_batch(
        "update planalign.format set version = 3; alter table planalign.runs add column mood varchar;
        insert into planalign.run_events select run_id, 2, timestamp, 'sun_rose',
            replace(payload, '\"event\":\"run_failed\"', '\"event\":\"sun_rose\"') from planalign.run_events",
    )
    .expect("change");
    let error = DuckRunStore::open(db.clone()).expect_err("newer format");
    assert_eq!(error.to_string(), "the run record has format 3; this program reads up to 2");
    let store = DuckRunStore::open_existing(db.clone()).expect("read").expect("record");
    assert_eq!(store.runs().expect("runs"), [run("r1")]);
    let kinds: Vec<RunEventKind> = store.events("r1").expect("events").into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [failed(1).kind, RunEventKind::Unknown]);
    db.execute_batch("delete from planalign.format").expect("change");
    assert!(matches!(DuckRunStore::open(db), Err(StoreError::Damaged { .. })));
}

#[test]
fn looking_for_a_record_writes_nothing() {
    let db = Database::in_memory(&options()).expect("open");
    assert!(DuckRunStore::open_existing(db.clone()).expect("look").is_none());
    let schemas =
        db.query("select 1 from information_schema.schemata where schema_name = 'planalign'", &[]).expect("query");
    assert!(schemas.rows.is_empty());
    DuckRunStore::open(db.clone()).expect("create");
    DuckRunStore::open(db.clone()).expect("reopen");
    assert!(DuckRunStore::open_existing(db).expect("look").is_some());
}

#[test]
fn creating_within_a_unit_of_work_is_refused() {
    let mut db = Database::in_memory(&options()).expect("open");
    db.begin().expect("begin");
    assert!(DuckRunStore::open(db).expect_err("open unit").to_string().starts_with("cannot write to the run record"));
}

#[test]
fn pruning_keeps_only_the_latest_run() {
    let (_, mut store) = memory();
    assert!(store.prune().expect("prune").is_empty());
    for run_id in ["r1", "r2"] {
        store.begin_run(&run(run_id), &fingerprints()).expect("begin run");
        store.record(&[RunEvent { run_id: run_id.to_owned(), ..failed(1) }]).expect("record");
        store
            .save_checkpoint(&WorkflowCheckpoint { run_id: run_id.to_owned(), ..checkpoint(1, 2025, "FOUNDATION") })
            .expect("save");
    }
    assert_eq!(store.prune().expect("prune"), [run("r1")]);
    assert_eq!(store.runs().expect("runs"), [run("r2")]);
    let left = |run_id: &str| {
        let events = store.events(run_id).expect("events").len();
        (
            store.fingerprints(run_id).expect("read") == fingerprints(),
            events,
            store.checkpoints(run_id).expect("read").len(),
        )
    };
    assert_eq!((left("r1"), left("r2")), ((false, 0, 0), (true, 1, 1)));
}

/// The saved rows of findings, each as one line.
fn finding_details(db: &Database) -> Vec<String> {
    let sql =
        "select simulation_year, stage, rule, finding, row_number, details from planalign.finding_details order by all";
    let texts = |row: &planalign_config::Row| row.values().iter().filter_map(Value::text).collect::<Vec<_>>().join(" ");
    db.query(sql, &[]).expect("read").rows.iter().map(texts).collect()
}

fn rows(rule: &str, query: &str) -> FindingRows {
    FindingRows { rule: rule.to_owned(), finding: "found".to_owned(), query: query.to_owned() }
}

#[test]
fn finding_rows_are_those_of_the_last_check() {
    let (db, mut store) = memory();
    let key = |year: i32| CheckpointKey { year, stage: "VALIDATION".to_owned() };
    let numbers = rows("numbers", "select i as n, 'a' as b from range(3) as numbers (i) -- all");
    store.save_finding_rows("r1", &key(2025), &[numbers, rows("none", "select 1 as n where false")]).expect("write");
    store.save_finding_rows("r1", &key(2026), &[rows("many", "from range(5000)")]).expect("write");
    let details = finding_details(&db);
    assert_eq!(
        details[..3],
        [
            r#"2025 VALIDATION numbers found 1 {"n":0,"b":"a"}"#,
            r#"2025 VALIDATION numbers found 2 {"n":1,"b":"a"}"#,
            r#"2025 VALIDATION numbers found 3 {"n":2,"b":"a"}"#
        ]
    );
    assert_eq!(details.len(), 3 + 1000, "only the first thousand rows are kept");
    store.save_finding_rows("r1", &key(2025), &[rows("numbers", "select 7 as n")]).expect("write");
    assert_eq!(finding_details(&db)[0], r#"2025 VALIDATION numbers found 1 {"n":7}"#);
    store.forget_after(Some(&checkpoint(1, 2025, "VALIDATION"))).expect("forget");
    assert_eq!(finding_details(&db).len(), 1);
    store.forget_after(None).expect("forget");
    assert!(finding_details(&db).is_empty());
}

#[test]
fn a_record_in_the_first_format_is_upgraded() {
    let (db, mut store) = memory();
    store.begin_run(&run("r1"), &fingerprints()).expect("begin run");
    db.execute_batch("drop table planalign.finding_details; update planalign.format set version = 1")
        .expect("downgrade");
    assert!(DuckRunStore::open_existing(db.clone()).expect("read").is_some());
    let mut store = DuckRunStore::open(db.clone()).expect("upgrade");
    assert_eq!(store.runs().expect("runs"), [run("r1")]);
    let key = CheckpointKey { year: 2025, stage: "VALIDATION".to_owned() };
    store.save_finding_rows("r1", &key, &[rows("numbers", "select 7 as n")]).expect("write");
    assert_eq!(finding_details(&db).len(), 1);
    let version = db.query_value("select version from planalign.format", &[]).expect("read").integer();
    assert_eq!(version, Some(2));
}

#[test]
fn a_log_is_folded_only_if_there_is_space() {
    let check = |needed, free| super::refuse_short_space(needed, free).err();
    assert!(check(5_000_000, Some(5_000_000)).is_none());
    assert!(check(5_000_000, None).is_none());
    let error = check(5_000_001, Some(4_999_999)).expect("not enough space");
    assert_eq!(error.fault(), planalign_config::Fault::OutOfSpace);
    let error = planalign_config::full_message(&error);
    assert_eq!(error, "cannot compact the database: about 6 MB of free space needed, 5 MB available");
}
