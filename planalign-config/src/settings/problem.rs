//! What can be wrong with a configuration, and how it is told.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::counted::{counted, listed};
use crate::diagnostic::{Diagnostic, Hint};
use crate::runtime::fault::Fault;
use crate::settings::origins::Origin;
use crate::yaml::{Position, YamlError, YamlErrorKind};

/// A configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read the configuration file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Settings are wrong. Holds every problem that was found, ordered by layer, file, line and key.
    #[error("{}", listed(&format!("the configuration has {}", counted(problems.len(), "problem")), problems))]
    Invalid {
        /// At least one.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// What can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => Fault::Permission,
            Self::Unreadable { .. } | Self::Invalid { .. } => Fault::Deterministic,
        }
    }
}

impl Diagnostic for ConfigError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Unreadable { .. } => vec![Hint::use_record()],
            Self::Invalid { .. } => Vec::new(),
        }
    }
}

/// Something wrong with one setting. Displays as one line without an end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where the setting was given.
    pub origin: Origin,
    /// Its path, for example `simulation.start_year`; empty if the text as a whole is meant.
    pub key: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The text is not the YAML that a configuration may consist of.
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// There is no such setting.
    UnknownKey {
        /// The known key that is most like it, if one is.
        nearest: Option<String>,
        /// The keys that may stand in its place.
        known: Vec<String>,
    },
    /// The key is one of `PlanAlign Engine 2` and has another name here.
    Renamed {
        /// The setting or the section that it is now.
        to: &'static str,
        /// The value under the new key, as it would be written in the file, if it can be said.
        value: Option<String>,
        /// What differs or has to be rewritten; may be empty.
        text: &'static str,
    },
    /// The key is one of `PlanAlign Engine 2` and none here.
    Refused {
        /// Why, and what to do instead.
        reason: &'static str,
    },
    /// The key is one of `PlanAlign Engine 2`, and the model does not have it yet.
    Planned {
        /// What the model does without it.
        text: &'static str,
    },
    /// The key stands twice in one map.
    DuplicateKey {
        /// Line of the first.
        first_line: usize,
    },
    /// A required setting is not given by any layer.
    Missing {
        /// What it must be.
        expected: String,
    },
    /// The value is not allowed.
    Value {
        /// The value, as it would be written in the file.
        given: String,
        /// What is allowed.
        expected: String,
    },
}

/// A problem within one text, whose origin is not known there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// Where.
    pub(crate) at: Position,
    /// Path of the key; empty if the text as a whole is meant.
    pub(crate) key: String,
    /// What.
    pub(crate) kind: ProblemKind,
}

impl From<YamlError> for Mistake {
    fn from(error: YamlError) -> Self {
        let kind = match error.kind {
            YamlErrorKind::DuplicateKey { first_line } => ProblemKind::DuplicateKey { first_line },
            YamlErrorKind::Syntax { message } => ProblemKind::Syntax { message },
        };
        Self { at: error.at, key: error.key, kind }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        self.kind.fmt(f)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { message } => f.write_str(message),
            Self::UnknownKey { nearest: Some(nearest), .. } => write!(f, "unknown key, did you mean `{nearest}`?"),
            Self::UnknownKey { nearest: None, known } => write!(f, "unknown key, allowed here: {}", known.join(", ")),
            Self::Renamed { to, value: Some(value), text } => {
                let (section, name) = to.rsplit_once('.').unwrap_or(("", to));
                write!(f, "renamed, write `{name}: {value}` under `{section}`{}", behind_semicolon(text))
            }
            Self::Renamed { to, value: None, text } => write!(f, "renamed to `{to}`{}", behind_semicolon(text)),
            Self::Refused { reason } => write!(f, "refused: {reason}"),
            Self::Planned { text } => write!(f, "not supported yet: {text}"),
            Self::DuplicateKey { first_line } => write!(f, "given twice, first on line {first_line}"),
            Self::Missing { expected } => write!(f, "missing, expected {expected}"),
            Self::Value { given, expected } => write!(f, "{} is not allowed, expected {expected}", shorten(given)),
        }
    }
}

fn behind_semicolon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("; {text}") }
}

/// Long values are cut: the line says where the rest is.
fn shorten(value: &str) -> String {
    const LONGEST: usize = 60;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST - 3).chain("...".chars()).collect()
}
