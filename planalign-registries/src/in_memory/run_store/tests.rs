//! The in-memory store behaves like the one in a database.

use std::time::Duration;

use planalign_config::{Fault, UnitOfWork, full_message};

use super::InMemoryRunStore;
use crate::checkpoint::{CheckpointKey, CheckpointStatus, RelationState, WorkflowCheckpoint};
use crate::run_event::{RunEvent, RunEventKind};
use crate::run_store::{Checkpoints, FingerprintKind, Fingerprints, Journal, RunRecord, RunStatus, RunStore, Runs};

fn event(sequence: u64) -> RunEvent {
    let kind = RunEventKind::YearStarted { year: 2025 };
    let timestamp = jiff::Timestamp::UNIX_EPOCH;
    RunEvent { sequence, run_id: "r".to_owned(), timestamp, since_start: Duration::ZERO, kind }
}

fn checkpoint(sequence: u64, year: i32) -> WorkflowCheckpoint {
    WorkflowCheckpoint {
        run_id: "r".to_owned(),
        sequence,
        key: CheckpointKey { year, stage: "A".to_owned() },
        saved_at: jiff::Timestamp::UNIX_EPOCH,
        status: CheckpointStatus::Complete,
        elapsed: Duration::ZERO,
        state: Vec::new(),
        registries: Vec::new(),
        fingerprint: String::new(),
        built_by: [("runner".to_owned(), "embedded".to_owned())].into(),
    }
}

fn run() -> RunRecord {
    RunRecord {
        run_id: "r".to_owned(),
        scenario_id: "s".to_owned(),
        plan_design_id: "d".to_owned(),
        start_year: 2025,
        end_year: 2026,
        seed: 1,
        started_at: jiff::Timestamp::UNIX_EPOCH,
        status: RunStatus::Running,
        program_version: "0".to_owned(),
        engine_version: "0".to_owned(),
    }
}

#[test]
fn rollback_undoes_only_the_unit() {
    let test = InMemoryRunStore::default();
    let (mut store, mut unit) = (test.clone(), test.clone());
    store.begin_run(&run(), &Fingerprints::default()).expect("run");
    unit.begin().expect("begin");
    store.record(&[event(1)]).expect("record");
    store.save_checkpoint(&checkpoint(1, 2025)).expect("save");
    store.record_outside(&[event(2)]).expect("outside");
    assert_eq!(test.events("r").expect("events").len(), 2);
    unit.rollback().expect("rollback");
    assert_eq!(test.events("r").expect("events"), [event(2)]);
    assert_eq!(test.checkpoints("r").expect("checkpoints"), []);
    assert_eq!(test.current_run().expect("run"), Some(run()));
    let expected = ["begin_run r", "begin", "record 1", "save_checkpoint 2025/A", "record_outside 1", "rollback"];
    assert_eq!(test.calls(), expected);
}

#[test]
fn committed_checkpoints_are_kept_replaced_and_forgotten() {
    let mut store = InMemoryRunStore::default();
    store.begin().expect("begin");
    for saved in [checkpoint(1, 2025), checkpoint(2, 2026)] {
        store.save_checkpoint(&saved).expect("save");
    }
    store.replace_checkpoint(&checkpoint(3, 2025)).expect("replace");
    store.commit().expect("commit");
    store.rollback().expect("rollback");
    assert_eq!(store.checkpoints("r").expect("read"), [checkpoint(2, 2026), checkpoint(3, 2025)]);
    assert_eq!(store.last_checkpoint("r").expect("read"), Some(3));
    assert_eq!(store.checkpoints("other").expect("read"), []);
    store.forget_after(Some(&checkpoint(2, 2026))).expect("forget");
    assert_eq!(store.checkpoints("r").expect("read"), [checkpoint(2, 2026)]);
    store.forget_after(None).expect("forget");
    assert_eq!(store.checkpoints("r").expect("read"), []);
    store.compact().expect("compact");
}

#[test]
fn only_rollback_is_possible_after_a_failure_in_a_unit() {
    let mut store = InMemoryRunStore::default();
    store.begin().expect("begin");
    store.fail_next("record", Fault::OutOfSpace);
    let error = store.record(&[event(1)]).expect_err("must fail");
    assert_eq!((error.fault(), full_message(&error).as_str()), (Fault::OutOfSpace, "cannot record: as the test asked"));
    assert!(store.save_checkpoint(&checkpoint(1, 2025)).is_err());
    store.record_outside(&[event(1)]).expect("on a separate connection");
    assert!(store.commit().is_err());
    store.rollback().expect("rollback");
    store.begin().expect("begin");
    store.record(&[event(2)]).expect("record");
    store.commit().expect("commit");
    assert_eq!(store.events("r").expect("events"), [event(1), event(2)]);
}

#[test]
fn every_method_fails_where_the_script_says() {
    let mut store = InMemoryRunStore::default();
    for method in ["begin", "commit", "rollback", "runs", "fingerprints", "events", "state", "checkpoints", "compact"] {
        store.fail_next(method, Fault::Busy);
    }
    assert_eq!(store.begin().expect_err("must fail").fault(), Fault::Busy);
    assert_eq!(store.commit().expect_err("must fail").fault(), Fault::Busy);
    assert_eq!(store.rollback().expect_err("must fail").fault(), Fault::Busy);
    assert!(store.current_run().is_err());
    assert!(store.fingerprints("r").is_err());
    assert!(store.events("r").is_err());
    assert!(store.state(&[], 2025).is_err());
    assert!(store.last_checkpoint("r").is_err());
    assert!(store.compact().is_err());
    assert!(store.compact().is_ok());
}

#[test]
fn units_do_not_nest_and_a_lost_commit_keeps_nothing() {
    let mut store = InMemoryRunStore::default();
    assert!(store.commit().is_err());
    store.begin().expect("begin");
    assert!(store.begin().is_err());
    store.record(&[event(1)]).expect("record");
    store.lose_next_commit();
    store.commit().expect("commit");
    assert_eq!(store.events("r").expect("events"), []);
}

#[test]
fn runs_and_fingerprints_are_kept() {
    let mut store = InMemoryRunStore::default();
    assert!(store.update_run("r", RunStatus::Failed, 2026).is_err());
    let mut fingerprints = Fingerprints::default();
    fingerprints.insert(FingerprintKind::Config, [("a".to_owned(), "1".to_owned())]);
    store.begin_run(&run(), &fingerprints).expect("begin");
    store.update_run("r", RunStatus::Finished, 2029).expect("update");
    let now = store.current_run().expect("run").expect("current run");
    assert_eq!((now.status, now.end_year), (RunStatus::Finished, 2029));
    assert_eq!(store.fingerprints("r").expect("read"), fingerprints);
    assert_eq!(store.fingerprints("other").expect("read"), Fingerprints::default());
}

#[test]
fn state_is_as_scripted() {
    let store = InMemoryRunStore::default();
    let state = |relation: &str, year, rows| RelationState {
        relation: relation.to_owned(),
        year,
        rows,
        hash: rows.to_string(),
        engine: "e".to_owned(),
        sums: Vec::new(),
    };
    store.holds(state("main.t", Some(2025), 1));
    store.holds(state("main.t", Some(2025), 2));
    store.holds(state("main.seed", None, 3));
    let relations = ["main.t", "main.seed", "main.gone"].map(str::to_owned);
    let rows = |year| store.state(&relations, year).expect("state").iter().map(|s| s.rows).collect::<Vec<_>>();
    assert_eq!(rows(2025), [2, 3]);
    assert_eq!(rows(2026), [3]);
}

#[test]
fn pruning_keeps_the_latest_run() {
    let mut store = InMemoryRunStore::default();
    for run_id in ["r", "r2"] {
        store.begin_run(&RunRecord { run_id: run_id.to_owned(), ..run() }, &Fingerprints::default()).expect("run");
        store.record(&[RunEvent { run_id: run_id.to_owned(), ..event(1) }]).expect("record");
        store.save_checkpoint(&WorkflowCheckpoint { run_id: run_id.to_owned(), ..checkpoint(1, 2025) }).expect("save");
    }
    assert_eq!(store.prune().expect("prune"), [run()]);
    assert_eq!(store.runs().expect("runs").len(), 1);
    let left =
        |run_id: &str| (store.events(run_id).expect("read").len(), store.checkpoints(run_id).expect("read").len());
    assert_eq!((left("r"), left("r2")), ((0, 0), (1, 1)));
}
