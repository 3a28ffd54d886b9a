//! The exit code and advice of each failure.

use planalign_config::DatabaseError;
use planalign_registries::{CheckpointKey, StoreError};

use planalign_pipeline::PipelineStageError;

use super::*;
use crate::commands::tests::commands;

fn failed(fault: Fault) -> DatabaseError {
    DatabaseError::new(fault, "what the engine says")
}

fn stage(cause: StageFailure, tried: &[&str]) -> Error {
    let (year, stage) = (2026, "FOUNDATION".to_owned());
    let tried = tried.iter().map(|strategy| (*strategy).to_owned().into()).collect();
    Error::Run(
        PipelineStageError { year, stage, tried, cause: Box::new(cause), resume_after: None, not_rolled_back: None }
            .into(),
    )
}

/// Asserts the exit code and that the message contains the text.
fn check(failure: impl Into<Failure>, code: ExitCode, text: &str) {
    let failure = failure.into();
    assert_eq!(failure.exit_code(ExitCode::Terminated), code, "{failure:?}");
    let message = failure.render(&commands("planalign simulate"));
    assert!(message.contains(text), "{message}");
}

#[test]
fn a_failed_stage_has_advice_for_its_fault() {
    let cases = [
        (Fault::Deterministic, ExitCode::RunFailed, "after fixing the cause, run `planalign simulate --resume`"),
        (Fault::Transient, ExitCode::Environment, "try again: run `planalign simulate --resume`"),
        (Fault::Busy, ExitCode::Busy, "to see the status of its run, run `planalign status`"),
        (Fault::OutOfMemory, ExitCode::Environment, "optimization.memory_limit_gb"),
        (Fault::OutOfSpace, ExitCode::Environment, "free some disk space"),
        (Fault::Permission, ExitCode::Environment, "readable and writable"),
        (Fault::Corrupt, ExitCode::Corrupt, "restore the file from a backup"),
        (Fault::WrongVersion, ExitCode::WrongVersion, "the version of PlanAlign that wrote the file"),
    ];
    for (fault, code, hint) in cases {
        check(stage(StageFailure::Unit(failed(fault)), &[]), code, hint);
    }
    check(stage(StageFailure::CommitLost, &[]), ExitCode::Corrupt, "the checkpoint is missing after its commit");
}

#[test]
fn the_number_of_attempts_is_reported() {
    let reported = |tried| {
        Failure::from(stage(StageFailure::Unit(failed(Fault::Transient)), tried))
            .render(&commands("planalign simulate"))
    };
    assert!(reported(&[]).starts_with("error: FOUNDATION (2026) failed\n"));
    insta::assert_snapshot!(reported(&["again after 100 ms", "again on one thread"]), @"
    error: FOUNDATION (2026) failed after 3 attempts
      what the engine says
      tried again after 100 ms, then again on one thread
      rolled back; nothing is committed yet
    help: try again: run `planalign simulate --resume`
    ");
}

#[test]
fn failures_outside_stages_have_the_exit_code_of_their_fault() {
    let database = |fault| DatabaseError::Statement { fault, cause: "what".to_owned(), line: None };
    let store = |fault| StoreError::Database { action: "look".to_owned(), cause: DatabaseError::new(fault, "what") };
    let read =
        |fault| ReportError::Read { report: "year 2026".to_owned(), cause: DatabaseError::new(fault, "what").into() };
    check(Error::Database(database(Fault::Busy)), ExitCode::Busy, "error: what\nhelp: wait");
    check(Error::Store(store(Fault::Corrupt)), ExitCode::Corrupt, "error: cannot look\n  what\n");
    check(Error::Report(read(Fault::OutOfMemory)), ExitCode::Environment, "error: cannot create year 2026\n  what\n");
    let unit = PipelineError::Unit(failed(Fault::OutOfSpace));
    check(Error::Run(unit), ExitCode::Environment, "error: what the engine says\nhelp: free some disk space");
    let space = Error::Space { needed: 50_500_000, free: 20_999_999, people: 10_000, years: 1 };
    check(space, ExitCode::Environment, "20 MB free, and 1 year of 10000 employees take about 51 MB");
    let signals = Failure::Signals(std::io::Error::other("none left"));
    check(signals, ExitCode::Environment, "error: cannot handle signals\n  none left\n");
}

#[test]
fn the_last_committed_stage_is_reported() {
    let after = Some(planalign_registries::CheckpointKey { year: 2026, stage: "FOUNDATION".to_owned() });
    let interrupted = Error::Run(PipelineError::Interrupted { after: after.clone() });
    check(interrupted, ExitCode::Terminated, "error: interrupted, committed through 2026/FOUNDATION\nhelp: to resume");
    let present = |after| {
        let status = planalign_registries::RunStatus::Interrupted;
        Error::Run(PipelineError::RunExists { run_id: "r".to_owned(), start_year: 2025, end_year: 2029, status, after })
    };
    check(present(after), ExitCode::Usage, ", committed through 2026/FOUNDATION\n");
    check(present(None), ExitCode::Usage, ", nothing is committed yet\n");
}

#[test]
fn lost_runs_and_other_versions_have_their_own_advice() {
    let key = CheckpointKey { year: 2026, stage: "FOUNDATION".to_owned() };
    let lost = |last| Error::LostRun { run_id: "r1".to_owned(), last };
    check(lost(Some(key.clone())), ExitCode::Corrupt, "which was committed through 2026/FOUNDATION");
    check(lost(None), ExitCode::Corrupt, "start over: `planalign simulate --restart`");
    let aborted = Error::Aborted { database: PathBuf::from("a.duckdb") };
    check(aborted, ExitCode::Corrupt, "`a.duckdb`: the engine crashed on it\nhelp: restore the file from a backup");
    let unrecorded = Error::NotRecorded { what: "settings".to_owned() };
    check(unrecorded, ExitCode::Usage, "its record, which lacks settings\nhelp: omit --as-recorded");
    check(Error::Scratch(std::io::Error::other("full")), ExitCode::Environment, "full");
    check(Error::Run(PipelineError::NoCheckpoint { wanted: key }), ExitCode::Usage, "`planalign checkpoint list`");
    let version = planalign_registries::Difference {
        kind: planalign_registries::FingerprintKind::Program,
        name: "version".to_owned(),
        before: Some("0.1.0".to_owned()),
        now: Some("0.2.0".to_owned()),
    };
    let changed =
        || Error::Run(PipelineError::Changed { differences: vec![version.clone()], from_year: None, start_year: 2025 });
    check(changed(), ExitCode::WrongVersion, "program version: 0.1.0 -> 0.2.0");
    check(changed(), ExitCode::WrongVersion, "to resume with this version, run `planalign simulate --accept-version`");
}

#[test]
fn a_model_that_does_not_compile_is_named_once() {
    let (node, file) = ("int_hires".to_owned(), "models/int_hires.sql".to_owned());
    let message = "no macro `cents`".to_owned();
    let cause = planalign_dbt::RunnerError::Compilation { kind: "model", node, file, line: Some(4), message };
    let message = Failure::from(stage(StageFailure::Model(cause), &[])).render(&commands("planalign simulate"));
    insta::assert_snapshot!(message, @"
    error: model `int_hires` (models/int_hires.sql:4) failed in FOUNDATION (2026): no macro `cents`
      rolled back; nothing is committed yet
    help: fix the model or the setting it depends on, then run `planalign simulate --resume`
    ");
}
