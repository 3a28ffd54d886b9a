//! What a run depends on, and what has changed of it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A kind of things that a run depends on, or that are kept with it. Its word is what the record holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum FingerprintKind {
    /// The census file.
    Census,
    /// Settings, by their keys.
    Config,
    /// The database engine.
    Engine,
    /// Models of the dbt project.
    Model,
    /// This program.
    Program,
    /// Files of the dbt project, kept as they are.
    ProjectFile,
    /// Seeds of the dbt project.
    Seed,
    /// All settings at once, kept.
    Settings,
    /// One that only a newer program knows, by its word.
    Other(String),
}

impl FingerprintKind {
    /// Its word.
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

// Kinds are in the order of their words, on which digests depend.
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

/// What a run depends on, by kind and name, with its content; and what is kept to go on from, which repeats some of it in another
/// form and is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints(pub BTreeMap<FingerprintKind, BTreeMap<String, String>>);

impl Fingerprints {
    /// Kinds that are kept and not compared: the files of the dbt project, and all settings at once.
    pub const KEPT: [FingerprintKind; 2] = [FingerprintKind::ProjectFile, FingerprintKind::Settings];

    /// Adds the entries of a kind.
    pub fn insert(&mut self, kind: FingerprintKind, entries: impl IntoIterator<Item = (String, String)>) {
        self.0.entry(kind).or_default().extend(entries);
    }

    /// One hash over all of it.
    #[must_use]
    pub fn digest(&self) -> String {
        hash(self.compared())
    }

    /// A hash over each kind.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<FingerprintKind, String> {
        self.compared().map(|entry| (entry.0.clone(), hash([entry]))).collect()
    }

    fn compared(&self) -> impl Iterator<Item = (&FingerprintKind, &BTreeMap<String, String>)> {
        self.0.iter().filter(|(kind, _)| !Self::KEPT.contains(kind))
    }

    /// What differs in `other`, in order.
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

/// SHA-256 over kinds with their entries, so that no two of them run together.
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

/// One thing that a run depends on and that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Kind.
    pub kind: FingerprintKind,
    /// Name, for example `compensation.cola_rate`.
    pub name: String,
    /// As the run recorded it.
    pub before: Option<String>,
    /// As it is now.
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
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
