//! Which exit code and which advice a failure has.

use planalign_config::DatabaseError;
use planalign_registries::{CheckpointKey, StoreError};

use super::*;
use crate::again::tests::again;

fn failed(fault: Fault) -> DatabaseError {
    DatabaseError::new(fault, "what the engine says")
}

fn stage(cause: StageFailure, tried: &[&str]) -> Error {
    let (year, stage) = (2026, "FOUNDATION".to_owned());
    let tried = tried.iter().map(|strategy| (*strategy).to_owned()).collect();
    Error::Run(PipelineStageError { year, stage, tried, cause: Box::new(cause), resume_after: None }.into())
}

/// Asserts the exit code and that the message holds the text.
fn check(failure: impl Into<Failure>, code: ExitCode, text: &str) {
    let failure = failure.into();
    assert_eq!(failure.exit_code(ExitCode::Terminated), code, "{failure:?}");
    let message = failure.render(&again("planalign simulate"));
    assert!(message.contains(text), "{message}");
}

#[test]
fn a_failed_stage_tells_what_to_do_about_its_fault() {
    let cases = [
        (Fault::Deterministic, ExitCode::RunFailed, "mend the model"),
        (Fault::Transient, ExitCode::Environment, "try again with `planalign simulate --resume`"),
        (Fault::Busy, ExitCode::Busy, "`planalign status` tells how far a run is"),
        (Fault::OutOfMemory, ExitCode::Environment, "optimization.memory_limit_gb"),
        (Fault::OutOfSpace, ExitCode::Environment, "free some disk space"),
        (Fault::Permission, ExitCode::Environment, "allow reading and writing"),
        (Fault::Corrupt, ExitCode::Corrupt, "take a copy from before"),
        (Fault::WrongVersion, ExitCode::WrongVersion, "the version of the program"),
    ];
    for (fault, code, hint) in cases {
        check(stage(StageFailure::Unit(failed(fault)), &[]), code, hint);
    }
    check(stage(StageFailure::CommitLost, &[]), ExitCode::Corrupt, "the checkpoint is not there after its commit");
}

#[test]
fn the_number_of_tries_is_told() {
    let told = |tried| {
        Failure::from(stage(StageFailure::Unit(failed(Fault::Transient)), tried)).render(&again("planalign simulate"))
    };
    assert!(told(&[]).starts_with("error: stage FOUNDATION of 2026 failed and was rolled back\n"));
    insta::assert_snapshot!(told(&["again after 100 ms", "again on one thread"]), @"
    error: stage FOUNDATION of 2026 failed 3 times and was rolled back
      what the engine says
      tried again after 100 ms, then again on one thread
    hint: try again with `planalign simulate --resume`
    ");
}

#[test]
fn failures_outside_of_stages_have_the_code_of_their_fault() {
    let database = |fault| DatabaseError::Statement { fault, cause: "what".to_owned(), line: None };
    let store = |fault| StoreError::Database { action: "look".to_owned(), cause: DatabaseError::new(fault, "what") };
    let read =
        |fault| ReportError::Read { report: "year 2026".to_owned(), cause: DatabaseError::new(fault, "what").into() };
    check(Error::Database(database(Fault::Busy)), ExitCode::Busy, "the database cannot be used\n  what");
    check(Error::Store(store(Fault::Corrupt)), ExitCode::Corrupt, "the record of runs cannot be read");
    check(Error::Report(read(Fault::OutOfMemory)), ExitCode::Environment, "the reports cannot be made");
    let unit = PipelineError::Unit(failed(Fault::OutOfSpace));
    check(Error::Run(unit), ExitCode::Environment, "error: the database's transaction failed");
    let space = Error::Space { needed: 50_500_000, free: 20_999_999, people: 10_000, years: 1 };
    check(space, ExitCode::Environment, "20 MB are free, and 1 year of 10000 employees take about 51 MB");
    let signals = Failure::Signals(std::io::Error::other("none left"));
    check(signals, ExitCode::Environment, "error: signals cannot be handled: none left\n");
}

#[test]
fn what_has_been_committed_is_told() {
    let after = Some(planalign_registries::CheckpointKey { year: 2026, stage: "FOUNDATION".to_owned() });
    let interrupted = Error::Run(PipelineError::Interrupted { after: after.clone() });
    check(interrupted, ExitCode::Terminated, "error: interrupted; committed up to 2026/FOUNDATION\nhint: ");
    let present = |after| {
        let status = planalign_registries::RunStatus::Interrupted;
        Error::Run(PipelineError::DataPresent {
            run_id: "r".to_owned(),
            start_year: 2025,
            end_year: 2029,
            status,
            after,
        })
    };
    check(present(after), ExitCode::Usage, "\n  it is committed up to 2026/FOUNDATION\n");
    check(present(None), ExitCode::Usage, "\n  nothing of it is committed\n");
}

#[test]
fn what_is_lost_or_of_another_version_has_its_advice() {
    let key = CheckpointKey { year: 2026, stage: "FOUNDATION".to_owned() };
    let lost = |last| Error::LostRun { run_id: "r1".to_owned(), last };
    check(lost(Some(key.clone())), ExitCode::Corrupt, "its mirror names 2026/FOUNDATION as committed");
    check(lost(None), ExitCode::Corrupt, "begin anew with `planalign simulate --restart`");
    let aborted = Error::Aborted { database: PathBuf::from("a.duckdb") };
    check(aborted, ExitCode::Corrupt, "a.duckdb\nhint: take a copy from before, or remove the file");
    let unrecorded = Error::NotRecorded { what: "settings".to_owned() };
    check(unrecorded, ExitCode::Usage, "the record lacks: settings\nhint: name the --config");
    check(Error::Scratch(std::io::Error::other("full")), ExitCode::Environment, "full");
    check(Error::Run(PipelineError::NoCheckpoint { wanted: key }), ExitCode::Usage, "`planalign checkpoint list`");
    let version = planalign_registries::Difference {
        kind: "program".to_owned(),
        name: "version".to_owned(),
        before: Some("0.1.0".to_owned()),
        now: Some("0.2.0".to_owned()),
    };
    let changed =
        || Error::Run(PipelineError::Changed { differences: vec![version.clone()], from_year: None, start_year: 2025 });
    check(changed(), ExitCode::WrongVersion, "program version: 0.1.0 -> 0.2.0");
    check(changed(), ExitCode::WrongVersion, "or go on with this one: `planalign simulate --accept-version`");
}
