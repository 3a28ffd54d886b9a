//! What the user can do about a failure.

use std::path::Path;

use planalign::Error;
use planalign_config::lock::LockError;
use planalign_config::settings::census::CensusError;
use planalign_config::settings::{ConfigError, RATED_RULES, STOPPING_RULES};
use planalign_config::{DatabaseError, Fault};
use planalign_pipeline::{PipelineError, StageFailure};
use planalign_registries::{CheckpointKey, Difference, StoreError};
use planalign_reporting::ReportError;
use planalign_validation::{Finding, RuleError};

use super::{Failure, is_unwritable};
use crate::again::Again;

const OTHER_FILE: &str = "name another file with --database; this one was left as it is";

/// What helps, one entry a line. `again` knows the commands that are about the same database.
pub(super) fn hints(failure: &Failure, again: &Again) -> Vec<String> {
    match failure {
        Failure::Library(error) => library_hints(error, again),
        Failure::Template { .. } => vec!["docs/reference/reports.md lists the figures".to_owned()],
        _ => Vec::new(),
    }
}

fn library_hints(error: &Error, again: &Again) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    match error {
        Error::Census(CensusError::Missing { .. }) => {
            let name = "name the file with --census FILE, or set census.path in the configuration".to_owned();
            let without = again.resumes().then(|| format!("`{} --as-recorded` goes on without it", again.resume()));
            std::iter::once(name).chain(without).collect()
        }
        Error::Census(CensusError::MissingColumns { .. }) => {
            one("map other header names with census.columns, for example `employee_id: \"Emp No\"`")
        }
        Error::Census(CensusError::NotUtf8 { .. }) => one("save it as UTF-8; a spreadsheet calls that CSV UTF-8"),
        Error::Config(ConfigError::Unreadable { .. }) | Error::Project(_) if again.resumes() => {
            vec![format!("`{} --as-recorded` goes on with what the run recorded", again.resume())]
        }
        Error::Lock(LockError::Held { .. }) => one("wait for it to end, or use another file with --database"),
        Error::Lock(LockError::Io { .. }) => {
            one("the folder of the database must be there and writable; or name another file with --database")
        }
        Error::RefusedCensus(findings) => first_advice(findings),
        Error::Aborted { .. } | Error::Database(DatabaseError::Open { fault: Fault::Corrupt, .. }) => vec![anew(again)],
        Error::LostRun { .. } => vec![
            "its tables or its log (the file with .wal behind the name) are gone: put it back if you have it"
                .to_owned(),
            anew(again),
        ],
        Error::Space { .. } => one("free some disk space, or name a file on another disk with --database"),
        Error::NotRecorded { .. } => {
            one("name the --config, --project and --census of the run, and leave --as-recorded out")
        }
        Error::NoDatabase(_) => one("name the file with --database, or run `planalign simulate` first"),
        Error::NothingToReport { .. } => {
            vec![format!("`{}` tells how far a run is; `planalign simulate` runs one", again.another("status"))]
        }
        Error::NoCheckpoint { .. } => vec![list(again)],
        Error::Report(ReportError::Write { .. }) => one("name another directory with --reports"),
        Error::Report(error @ ReportError::Read { .. }) => vec![read_hint(error.fault(), again)],
        Error::Run(error) => pipeline_hints(error, again),
        Error::Database(DatabaseError::NotADatabase { .. } | DatabaseError::NewerFile { .. })
        | Error::Store(StoreError::Foreign { .. }) => one(OTHER_FILE),
        Error::Database(DatabaseError::LogAlone { .. }) => {
            one("put the database back beside its log; or remove the log, if nothing of that database is needed")
        }
        Error::Database(DatabaseError::UnreadableLog { path, .. }) => vec![without_log(path, again), anew(again)],
        Error::Database(error) => fault_hint(error.fault(), again).into_iter().collect(),
        Error::Store(error) => fault_hint(error.fault(), again).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn pipeline_hints(error: &PipelineError, again: &Again) -> Vec<String> {
    let resume = again.resume();
    match error {
        // Nothing of it is lost, and what has changed since need not be undone.
        PipelineError::DataPresent { after: None, .. } => {
            vec![format!("`{}` begins anew", again.simulate("--restart"))]
        }
        PipelineError::DataPresent { .. } => {
            vec![
                "--resume goes on with it, --restart removes it and begins anew, --database names another file"
                    .to_owned(),
            ]
        }
        PipelineError::Changed { from_year: None, .. } => vec![
            "use the version of the program that began the run".to_owned(),
            format!("or go on with this one: `{}`", again.with("--accept-version")),
        ],
        PipelineError::Changed { from_year: Some(from_year), start_year, differences } => {
            changed_hints(*from_year, *start_year, differences, again)
        }
        PipelineError::ChangesBefore { affected, start_year, .. } if affected == start_year => {
            vec![format!("no year is valid with the changes; `{}` begins anew with them", again.simulate("--restart"))]
        }
        PipelineError::ChangesBefore { affected, .. } => {
            let command = again.simulate(&format!("--restart-from {affected}"));
            vec![format!("`{command}` keeps the years before and takes the changes")]
        }
        PipelineError::Interrupted { .. } => vec![format!("go on with `{resume}`")],
        PipelineError::NothingToResume => vec!["to begin a run, leave --resume and --restart-from out".to_owned()],
        PipelineError::NoSuchYear { .. } => {
            vec![format!("`{}` tells how far the run is; --restart begins anew", again.another("status"))]
        }
        PipelineError::OtherYears { recorded, asked, committed } => {
            let years = if asked == recorded {
                format!("name {committed} or a later year as the last")
            } else {
                format!("name years that begin with {recorded}")
            };
            vec![format!("{years}, or begin anew with --restart")]
        }
        PipelineError::Refused { findings, .. } => first_advice(findings),
        PipelineError::FailedValidation { .. } => vec![
            format!("the stage was kept as evidence; `{resume}` begins with its rules"),
            "leave --fail-on-validation-error out to go on".to_owned(),
        ],
        PipelineError::CheckpointCorruption(error) => damage_hints(error.last_valid.as_ref(), again),
        PipelineError::StateInconsistency(error) => damage_hints(error.last_valid.as_ref(), again),
        PipelineError::NoCheckpoint { .. } => vec![list(again)],
        PipelineError::Stage(error) => {
            vec![fault_hint(error.cause.fault(), again).unwrap_or_else(|| stage_hint(&error.cause, &resume))]
        }
        PipelineError::Report(ReportError::Write { .. }) => vec![with_other_reports(&resume)],
        PipelineError::Report(error) => vec![read_hint(error.fault(), again)],
        other => fault_hint(other.fault(), again).into_iter().collect(),
    }
}

fn with_other_reports(resume: &str) -> String {
    format!("go on with `{resume}` and another directory with --reports, or make room for this one")
}

fn list(again: &Again) -> String {
    format!("`{}` lists all of them", again.checkpoint("list"))
}

fn changed_hints(from_year: i32, start_year: i32, differences: &[Difference], again: &Again) -> Vec<String> {
    let mut hints = Vec::new();
    if !again.is_as_recorded() {
        hints.push(format!("`{} --as-recorded` goes on without the changes", again.resume()));
    }
    let kept = match from_year - 1 {
        last if last < start_year => None,
        last if last == start_year => Some(last.to_string()),
        last => Some(format!("{start_year} to {last}")),
    };
    hints.push(match kept {
        Some(kept) => {
            format!("`{}` takes them and keeps {kept}", again.simulate(&format!("--restart-from {from_year}")))
        }
        None => format!("no year is valid with them: `{}` takes them and begins anew", again.simulate("--restart")),
    });
    if differences.iter().any(|difference| difference.kind == "config") {
        hints.push("another scenario belongs into another --database".to_owned());
    }
    hints
}

fn damage_hints(last_valid: Option<&CheckpointKey>, again: &Again) -> Vec<String> {
    let written = "something else has written to the file, or the disk is failing".to_owned();
    let way_back = match last_valid {
        Some(point) => {
            let restore = again.checkpoint(&format!("restore {point}"));
            format!("all up to {point} is whole: `{restore}`, then `{}`", again.resume())
        }
        None => {
            format!("no checkpoint is whole: take a copy from before, or begin anew with {}", again.restart())
        }
    };
    vec![written, way_back]
}

fn first_advice(findings: &[Finding]) -> Vec<String> {
    findings.first().map(|finding| finding.advice.clone()).into_iter().collect()
}

fn stage_hint(cause: &StageFailure, resume: &str) -> String {
    let mend = match cause {
        StageFailure::Rule(RuleError { rule, .. }) => rule_hint(rule),
        _ if is_unwritable(cause) => return with_other_reports(resume),
        _ => return "mend the model or the setting it depends on; begin anew with --restart".to_owned(),
    };
    format!("{mend}; then go on with `{resume}`")
}

/// What helps where the tables of a report cannot be read: they are not as a run leaves them.
fn read_hint(fault: Fault, again: &Again) -> String {
    fault_hint(fault, again).unwrap_or_else(|| damaged(again))
}

/// What helps against a fault, whatever met it; `None` for those that what met it must be mended for.
fn fault_hint(fault: Fault, again: &Again) -> Option<String> {
    let first = match fault {
        Fault::Deterministic => return None,
        Fault::OutOfSpace => "free some disk space",
        Fault::OutOfMemory => "raise optimization.memory_limit_gb or lower --threads",
        Fault::Permission => "allow reading and writing of the database and the reports",
        Fault::Corrupt => return Some(damaged(again)),
        Fault::Busy if again.asks_for_status() => return Some("wait until the other process is done".to_owned()),
        Fault::Busy => {
            let status = again.another("status");
            return Some(format!("wait until the other process is done; `{status}` tells how far a run is"));
        }
        Fault::Transient if again.simulates() => return Some(format!("try again with `{}`", again.resume())),
        Fault::Transient => return Some("try again".to_owned()),
        Fault::WrongVersion => {
            return Some(format!("use the version of the program that wrote the file, or {OTHER_FILE}"));
        }
    };
    Some(if again.simulates() {
        format!("{first}; then go on with `{}`", again.resume())
    } else {
        format!("{first}; then try again")
    })
}

/// A log that cannot be read keeps a file from being opened that is whole without it.
fn without_log(path: &Path, again: &Again) -> String {
    let log = path.with_added_extension("wal");
    format!(
        "move {} away: what is in it is lost, and `{}` computes it again if anything came before",
        log.display(),
        again.resume()
    )
}

/// Something may be saved of a file that can be opened.
fn damaged(again: &Again) -> String {
    if again.verifies() {
        return anew(again);
    }
    format!("`{}` tells what is whole; where it cannot, {}", again.checkpoint("verify"), anew(again))
}

fn anew(again: &Again) -> String {
    format!(
        "take a copy from before, or remove the file and the one with .wal behind its name and begin anew with {}",
        again.restart()
    )
}

/// How a rule that cannot run is mended.
fn rule_hint(rule: &str) -> String {
    if STOPPING_RULES.contains(&rule) {
        "mend the tables that it reads".to_owned()
    } else if RATED_RULES.contains(&rule) {
        format!("mend the tables that it reads, or turn it off with --set validation.severity.{rule}=off")
    } else {
        format!("mend the sql of {rule} under validation.rules, or turn it off there with `severity: \"off\"`")
    }
}
