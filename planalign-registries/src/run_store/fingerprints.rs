//! What a run depends on, and what has changed of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
