//! Problems with a configuration, and their messages.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::counted::{counted, listed};
use crate::diagnostic::{Diagnostic, Hint};
use crate::runtime::fault::Fault;
use crate::settings::origins::Origin;
use crate::yaml::{Position, YamlError, YamlErrorKind};

/// A configuration can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file can't be read.
    #[error("cannot read the configuration file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// Settings are invalid.
    #[error("{}", listed(&format!("the configuration has {}", counted(problems.len(), "problem")), problems))]
    Invalid {
        /// All problems found, at least one, sorted by layer, file, line, and key.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// Classifies the error by what can be done about it.
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
            Self::Unreadable { .. } => vec![Hint::text("name the file with `--config`"), Hint::use_record()],
            Self::Invalid { .. } => Vec::new(),
        }
    }
}

/// A problem with one setting. Displays as one line, without a line break at the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where the setting was set.
    pub origin: Origin,
    /// Path of the setting, such as `simulation.start_year`; empty if the whole text is meant.
    pub key: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// Kinds of problems with a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The text isn't valid YAML for a configuration.
    Syntax {
        /// The parser's message.
        message: String,
    },
    /// The setting doesn't exist.
    UnknownKey {
        /// The most similar known key, if any.
        nearest: Option<String>,
        /// The keys allowed here.
        known: Vec<String>,
    },
    /// A `PlanAlign Engine 2` key that has another name here.
    Renamed {
        /// The setting or section that replaces it.
        to: &'static str,
        /// The value under the new key, as written in the file, if it can be converted.
        value: Option<String>,
        /// What differs or must be rewritten; may be empty.
        text: &'static str,
    },
    /// A `PlanAlign Engine 2` key that isn't supported.
    Refused {
        /// The reason, and what to do instead.
        reason: &'static str,
    },
    /// A `PlanAlign Engine 2` key that isn't supported yet.
    Planned {
        /// What the model does instead.
        text: &'static str,
    },
    /// The key appears twice in one map.
    DuplicateKey {
        /// Line of the first occurrence.
        first_line: usize,
    },
    /// No layer sets a required setting.
    Missing {
        /// The values allowed.
        expected: String,
    },
    /// The value isn't allowed.
    Value {
        /// The value, as written in the file.
        given: String,
        /// The values allowed.
        expected: String,
    },
    /// The query of a user's rule can't be used.
    Query {
        /// The rule.
        rule: String,
        /// What is wrong with its `sql`, and what to do instead.
        problem: String,
    },
}

/// A problem within one text whose origin isn't known yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// Position in the text.
    pub(crate) at: Position,
    /// Path of the key; empty if the whole text is meant.
    pub(crate) key: String,
    /// What is wrong.
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
            Self::UnknownKey { nearest: Some(nearest), .. } => write!(f, "unknown key; did you mean `{nearest}`?"),
            Self::UnknownKey { nearest: None, known } => write!(f, "unknown key; allowed here: {}", known.join(", ")),
            Self::Renamed { to, value: Some(value), text } => {
                let (section, name) = to.rsplit_once('.').unwrap_or(("", to));
                write!(f, "renamed; write `{name}: {value}` under `{section}`{}", behind_semicolon(text))
            }
            Self::Renamed { to, value: None, text } => write!(f, "renamed to `{to}`{}", behind_semicolon(text)),
            Self::Refused { reason } => write!(f, "not supported: {reason}"),
            Self::Planned { text } => write!(f, "not supported yet: {text}"),
            Self::DuplicateKey { first_line } => write!(f, "given twice, first on line {first_line}"),
            Self::Missing { expected } => write!(f, "missing, expected {expected}"),
            Self::Query { rule, problem } => write!(f, "the `sql` of `{rule}` {problem}"),
            Self::Value { given, expected } => write!(f, "{} is invalid; expected {expected}", shorten(given)),
        }
    }
}

fn behind_semicolon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("; {text}") }
}

/// Long values are truncated; the message names the line with the full text.
fn shorten(value: &str) -> String {
    const LONGEST: usize = 60;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST - 3).chain("...".chars()).collect()
}
