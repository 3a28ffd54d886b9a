//! The inputs of a run, and changes to them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A kind of input that is recorded with a run. The record stores its word.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum FingerprintKind {
    /// The census file.
    Census,
    /// Settings, by key.
    Config,
    /// The database engine.
    Engine,
    /// Models of the dbt project.
    Model,
    /// This program.
    Program,
    /// Files of the dbt project, kept verbatim.
    ProjectFile,
    /// Seeds of the dbt project.
    Seed,
    /// All effective settings as one document, kept verbatim.
    Settings,
    /// A kind of a newer version, by its word.
    Other(String),
}

impl FingerprintKind {
    /// Returns the word for this kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Census => "census",
            Self::Config => "config",
            Self::Engine => "engine",
            Self::Model => "model",
            Self::Program => "program",
            Self::ProjectFile => "project_file",
            Self::Seed => "seed",
            Self::Settings => "settings",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for FingerprintKind {
    fn from(word: &str) -> Self {
        match word {
            "census" => Self::Census,
            "config" => Self::Config,
            "engine" => Self::Engine,
            "model" => Self::Model,
            "program" => Self::Program,
            "project_file" => Self::ProjectFile,
            "seed" => Self::Seed,
            "settings" => Self::Settings,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl From<String> for FingerprintKind {
    fn from(word: String) -> Self {
        word.as_str().into()
    }
}

impl From<FingerprintKind> for String {
    fn from(kind: FingerprintKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for FingerprintKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// Kinds are ordered by their words, because digests depend on it.
impl Ord for FingerprintKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for FingerprintKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for FingerprintKind {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for FingerprintKind {}

/// The contents of a run's inputs, by kind and name, including copies kept for resuming that aren't compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints(pub BTreeMap<FingerprintKind, BTreeMap<String, String>>);

impl Fingerprints {
    /// Kinds that are kept for resuming but not compared.
    pub const KEPT: [FingerprintKind; 2] = [FingerprintKind::ProjectFile, FingerprintKind::Settings];

    /// Adds the entries of a kind.
    pub fn insert(&mut self, kind: FingerprintKind, entries: impl IntoIterator<Item = (String, String)>) {
        self.0.entry(kind).or_default().extend(entries);
    }

    /// Returns one hash of all compared inputs.
    #[must_use]
    pub fn digest(&self) -> String {
        hash(self.compared())
    }

    /// Returns a hash for each kind.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<FingerprintKind, String> {
        self.compared().map(|entry| (entry.0.clone(), hash([entry]))).collect()
    }

    fn compared(&self) -> impl Iterator<Item = (&FingerprintKind, &BTreeMap<String, String>)> {
        self.0.iter().filter(|(kind, _)| !Self::KEPT.contains(kind))
    }

    /// Returns the differences in `other`, in order.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let empty = BTreeMap::new();
        let kinds: BTreeSet<_> = self.compared().chain(other.compared()).map(|(kind, _)| kind).collect();
        let mut found = Vec::new();
        for kind in kinds {
            let (before, now) = (self.0.get(kind).unwrap_or(&empty), other.0.get(kind).unwrap_or(&empty));
            let names: BTreeSet<_> = before.keys().chain(now.keys()).collect();
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

/// SHA-256 of kinds with their entries, delimited so that entries can't run together.
fn hash<'a>(kinds: impl IntoIterator<Item = (&'a FingerprintKind, &'a BTreeMap<String, String>)>) -> String {
    let mut hasher = Sha256::new();
    for (kind, entries) in kinds {
        for (name, content) in entries {
            for part in [kind.as_str(), name, content] {
                hasher.update(part.len().to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
    }
    to_hex(&hasher.finalize())
}

/// A changed input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Kind.
    pub kind: FingerprintKind,
    /// Name, such as `compensation.cola_rate`.
    pub name: String,
    /// Recorded content; `None` if the input is new.
    pub before: Option<String>,
    /// Current content; `None` if the input is gone.
    pub now: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |v: &Option<String>| match v {
            None => Some("absent".to_owned()),
            Some(v) if v.len() <= 40 && !v.contains('\n') => Some(v.clone()),
            Some(_) => None,
        };
        match &self.kind {
            FingerprintKind::Config => match (short(&self.before), short(&self.now)) {
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

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
