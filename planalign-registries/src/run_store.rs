//! The record of runs: who ran what, what was committed, and what happened.

use std::collections::BTreeMap;

use jiff::Timestamp;
use planalign_config::fault::OTHER_FILE;
use planalign_config::{DatabaseError, Diagnostic, Fault, Hint, counted};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::checkpoint::{CheckpointKey, RelationState, WorkflowCheckpoint};
use crate::run_event::RunEvent;

/// Keeps runs, their fingerprints, checkpoints and journals, and can tell whether what was committed is still there.
///
/// What writes takes part in the caller's unit of work, if one is open, but for `begin_run`, `record_outside`, `prune` and `compact`,
/// which are called while none is, or do not care.
pub trait RunStore {
    /// The run whose data the store holds; `None` in a new file.
    fn current_run(&self) -> Result<Option<RunRecord>, StoreError>;
    /// All runs, oldest first.
    fn runs(&self) -> Result<Vec<RunRecord>, StoreError>;
    /// Writes a new run with what it depends on.
    fn begin_run(&mut self, run: &RunRecord, fingerprints: &Fingerprints) -> Result<(), StoreError>;
    /// Changes a run's status and, when it is continued, its last year.
    fn update_run(&mut self, run_id: &str, status: RunStatus, end_year: i32) -> Result<(), StoreError>;
    /// Puts what a run depends on now in place of what was recorded.
    fn replace_fingerprints(&mut self, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError>;
    /// What a run was recorded to depend on, without what is [kept](Fingerprints::KEPT) beside it.
    fn fingerprints(&self, run_id: &str) -> Result<Fingerprints, StoreError>;
    /// What is [kept](Fingerprints::KEPT), so that a run can go on from its record alone.
    fn kept_inputs(&self, run_id: &str) -> Result<Fingerprints, StoreError>;
    /// Writes events within the unit of work.
    fn record(&mut self, events: &[RunEvent]) -> Result<(), StoreError>;
    /// Writes events whatever becomes of the unit of work, on a connection of its own.
    fn record_outside(&mut self, events: &[RunEvent]) -> Result<(), StoreError>;
    /// The journal of a run, in order.
    fn events(&self, run_id: &str) -> Result<Vec<RunEvent>, StoreError>;
    /// Computes what the relations (`schema.name`) hold for a year.
    fn state(&self, relations: &[String], year: i32) -> Result<Vec<RelationState>, StoreError>;
    /// Writes a checkpoint within the unit of work; there is none of its year and stage.
    fn save_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError>;
    /// Writes a checkpoint in place of the one of its year and stage, within the unit of work.
    fn replace_checkpoint(&mut self, checkpoint: &WorkflowCheckpoint) -> Result<(), StoreError>;
    /// Writes down which rows the findings of a stage are about, in place of those of an earlier check of the stage; the first
    /// thousand of each. Takes part in the unit of work, if one is open.
    fn save_finding_rows(
        &mut self,
        run_id: &str,
        key: &CheckpointKey,
        findings: &[FindingRows],
    ) -> Result<(), StoreError>;
    /// The checkpoints of a run, in the order in which they were saved.
    fn checkpoints(&self, run_id: &str) -> Result<Vec<WorkflowCheckpoint>, StoreError>;
    /// The number of the checkpoint of a run that was saved last.
    fn last_checkpoint(&self, run_id: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.checkpoints(run_id)?.pop().map(|checkpoint| checkpoint.sequence))
    }
    /// Removes what was written in relations of schema `main` after a checkpoint of the run, and the later checkpoints; `None`:
    /// everything, of all runs. Runs and journals stay.
    fn forget_after(&mut self, point: Option<&WorkflowCheckpoint>) -> Result<(), StoreError>;
    /// Removes the records of all runs but the latest, whose data they no longer describe: their journals, fingerprints and
    /// checkpoints. Returns them.
    fn prune(&mut self) -> Result<Vec<RunRecord>, StoreError>;
    /// Lets the engine fold its log into the file. Called while no unit is open, at the end of a year.
    fn compact(&mut self) -> Result<(), StoreError>;
}

/// A run as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Id, sortable by start time.
    pub run_id: String,
    /// Scenario.
    pub scenario_id: String,
    /// Plan design.
    pub plan_design_id: String,
    /// First year.
    pub start_year: i32,
    /// Last year.
    pub end_year: i32,
    /// Random seed.
    pub seed: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// How it stands.
    pub status: RunStatus,
    /// Version of this program.
    pub program_version: String,
    /// Version of the database engine.
    pub engine_version: String,
}

impl RunRecord {
    /// A run that begins now, of one year, of no scenario and of no version.
    #[must_use]
    pub fn new(run_id: &str, start_year: i32) -> Self {
        Self {
            run_id: run_id.to_owned(),
            scenario_id: String::new(),
            plan_design_id: String::new(),
            start_year,
            end_year: start_year,
            seed: 0,
            started_at: Timestamp::now(),
            status: RunStatus::Running,
            program_version: String::new(),
            engine_version: String::new(),
        }
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Being executed, or its process died.
    Running,
    /// Complete.
    Finished,
    /// Ended at a failure.
    Failed,
    /// Stopped on request.
    Interrupted,
}

/// What a run depends on, by kind (`config`, `model`, `seed`, `census`, `program`, `engine`) and name, with its content; and what
/// is kept to go on from, which repeats some of it in another form and is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints(pub BTreeMap<String, BTreeMap<String, String>>);

impl Fingerprints {
    /// Kinds that are kept and not compared: the files of the dbt project, and all settings at once.
    pub const KEPT: [&'static str; 2] = ["project_file", "settings"];

    /// Adds the entries of a kind.
    pub fn insert(&mut self, kind: &str, entries: impl IntoIterator<Item = (String, String)>) {
        self.0.entry(kind.to_owned()).or_default().extend(entries);
    }

    /// One hash over all of it.
    #[must_use]
    pub fn digest(&self) -> String {
        hash(self.compared())
    }

    /// A hash over each kind.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.compared().map(|entry| (entry.0.clone(), hash([entry]))).collect()
    }

    fn compared(&self) -> impl Iterator<Item = (&String, &BTreeMap<String, String>)> {
        self.0.iter().filter(|(kind, _)| !Self::KEPT.contains(&kind.as_str()))
    }

    /// What differs in `other`, in order.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let empty = BTreeMap::new();
        let kinds: std::collections::BTreeSet<_> =
            self.compared().chain(other.compared()).map(|(kind, _)| kind).collect();
        let mut found = Vec::new();
        for kind in kinds {
            let (before, now) = (self.0.get(kind).unwrap_or(&empty), other.0.get(kind).unwrap_or(&empty));
            let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
            for name in names.into_iter().filter(|n| before.get(*n) != now.get(*n)) {
                found.push(Difference {
                    kind: kind.clone(),
                    name: name.clone(),
                    before: before.get(name).cloned(),
                    now: now.get(name).cloned(),
                });
            }
        }
        found
    }
}

/// SHA-256 over kinds with their entries, so that no two of them run together.
fn hash<'a>(kinds: impl IntoIterator<Item = (&'a String, &'a BTreeMap<String, String>)>) -> String {
    let mut hasher = Sha256::new();
    for (kind, entries) in kinds {
        for (name, content) in entries {
            for part in [kind, name, content] {
                hasher.update(part.len().to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
    }
    to_hex(&hasher.finalize())
}

/// One thing that a run depends on and that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Kind, for example `config`.
    pub kind: String,
    /// Name, for example `compensation.cola_rate`.
    pub name: String,
    /// As the run recorded it.
    pub before: Option<String>,
    /// As it is now.
    pub now: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |v: &Option<String>| match v {
            None => Some("absent".to_owned()),
            Some(v) if v.len() <= 40 && !v.contains('\n') => Some(v.clone()),
            Some(_) => None,
        };
        match self.kind.as_str() {
            "config" => match (short(&self.before), short(&self.now)) {
                (Some(before), Some(now)) => write!(f, "{}: {before} -> {now}", self.name),
                _ => write!(f, "{} has changed", self.name),
            },
            kind => match (&self.before, &self.now) {
                (None, _) => write!(f, "{kind} {} is new", self.name),
                (_, None) => write!(f, "{kind} {} is gone", self.name),
                (Some(b), Some(n)) if b.len() <= 40 && n.len() <= 40 => write!(f, "{kind} {}: {b} -> {n}", self.name),
                _ => write!(f, "{kind} {} has changed", self.name),
            },
        }
    }
}

/// The rows that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRows {
    /// Rule.
    pub rule: String,
    /// What it found: counts, no persons.
    pub finding: String,
    /// The query that lists the rows; they stay in the database.
    pub query: String,
}

/// The store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database refused a statement.
    #[error("cannot {action}")]
    Database {
        /// What was about to be done.
        action: String,
        /// Cause, without data.
        #[source]
        cause: DatabaseError,
    },
    /// The file holds tables and no record of runs: it belongs to something else.
    #[error("the database holds {} that PlanAlign did not create", counted(*tables, "table"))]
    Foreign {
        /// How many tables and views.
        tables: i64,
    },
    /// The record was written by a newer program.
    #[error("the run record has format {found}; this program reads up to {supported}")]
    NewerFormat {
        /// Format of the file.
        found: i64,
        /// Newest format that this program reads.
        supported: i64,
    },
    /// A record cannot be read.
    #[error("the record of {what} is damaged: {cause}")]
    Damaged {
        /// What it should be.
        what: String,
        /// Cause.
        cause: String,
    },
    /// A relation is not what a checkpoint vouches for.
    #[error("table {relation} does not match checkpoint {checkpoint}: {what}")]
    Mismatch {
        /// The checkpoint.
        checkpoint: CheckpointKey,
        /// The table.
        relation: String,
        /// What differs, for example `rows 10 instead of 12`.
        what: String,
    },
}

impl StoreError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Database { cause, .. } => cause.fault(),
            Self::NewerFormat { .. } | Self::Foreign { .. } => Fault::WrongVersion,
            Self::Damaged { .. } | Self::Mismatch { .. } => Fault::Corrupt,
        }
    }
}

impl Diagnostic for StoreError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Database { cause, .. } => cause.hints(),
            Self::Foreign { .. } => vec![Hint::text(OTHER_FILE)],
            other => other.fault().hints(),
        }
    }
}

/// Compares what a checkpoint vouches for with what is there now.
pub fn compare_state(checkpoint: &WorkflowCheckpoint, now: &[RelationState]) -> Result<(), StoreError> {
    for saved in &checkpoint.state {
        let found = now.iter().find(|s| s.relation == saved.relation && s.year == saved.year);
        if let Some(what) = found.map_or_else(|| Some("it is missing".to_owned()), |found| saved.difference(found)) {
            let (checkpoint, relation) = (checkpoint.key.clone(), saved.relation.clone());
            return Err(StoreError::Mismatch { checkpoint, relation, what });
        }
    }
    Ok(())
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
