//! What a user reads about an error beyond its message and its sources: details, and what to do next.

use std::error::Error;
use std::fmt;

/// An error that can be explained to a user.
///
/// A front end prints the message, the messages of the sources, the [details](Self::details), then the [hints](Self::hints). None
/// of them repeats another.
pub trait Diagnostic: Error {
    /// What helps to understand it and isn't in the message, an entry each, such as an excerpt of a file.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// What to do about it, the best advice first.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }
}

/// A command that helps. How it is typed, each front end knows for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// What just failed, once more; a simulation resumes.
    Retry,
    /// Run a simulation.
    Simulate,
    /// Resume the run.
    Resume,
    /// Resume the run with the settings, models, and seeds that it recorded.
    ResumeAsRecorded,
    /// Resume the run with this version of the program.
    AcceptVersion,
    /// Discard the run and start over.
    Restart,
    /// Keep the years before this one, and rerun the others.
    RestartFrom(i32),
    /// Show how far the run is.
    Status,
    /// Check the results with all rules.
    ValidateData,
    /// List the checkpoints.
    ListCheckpoints,
    /// Compare the tables with the checkpoints.
    VerifyCheckpoints,
    /// Return to a checkpoint, for example `2026/FOUNDATION`.
    RestoreCheckpoint(String),
}

/// A sentence without a period that says what to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where a command belongs stands `{}`.
    text: String,
    actions: Vec<Action>,
}

impl Hint {
    /// Advice without a command.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), actions: Vec::new() }
    }

    /// Advice with commands; each `{}` of the text stands for one.
    #[must_use]
    pub fn run(text: impl Into<String>, actions: impl IntoIterator<Item = Action>) -> Self {
        Self { text: text.into(), actions: actions.into_iter().collect() }
    }

    /// What helps if something that a run depends on is missing or unusable: the run recorded it.
    #[must_use]
    pub fn use_record() -> Self {
        Self::run("to use what the run recorded instead, run {}", [Action::ResumeAsRecorded])
    }

    /// The advice with its commands as `command` spells them; `None` if one of them makes no sense to the user.
    pub fn render(&self, command: impl Fn(&Action) -> Option<String>) -> Option<String> {
        let mut parts = self.text.split("{}");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for (part, action) in parts.zip(&self.actions) {
            out = out + &command(action)? + part;
        }
        Some(out)
    }
}

/// With the commands of `planalign`, without a database or other options.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|action| Some(format!("`planalign {action}`"))).unwrap_or_default())
    }
}

/// The command and its options.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulate => f.write_str("simulate"),
            Self::Retry | Self::Resume => f.write_str("simulate --resume"),
            Self::ResumeAsRecorded => f.write_str("simulate --resume --as-recorded"),
            Self::AcceptVersion => f.write_str("simulate --resume --accept-version"),
            Self::Restart => f.write_str("simulate --restart"),
            Self::RestartFrom(year) => write!(f, "simulate --restart-from {year}"),
            Self::Status => f.write_str("status"),
            Self::ValidateData => f.write_str("validate --data"),
            Self::ListCheckpoints => f.write_str("checkpoint list"),
            Self::VerifyCheckpoints => f.write_str("checkpoint verify"),
            Self::RestoreCheckpoint(point) => write!(f, "checkpoint restore {point}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_take_their_places() {
        let hint = Hint::run("run {}, then {}", [Action::RestoreCheckpoint("2026".to_owned()), Action::Resume]);
        assert_eq!(hint.to_string(), "run `planalign checkpoint restore 2026`, then `planalign simulate --resume`");
        let typed = hint.render(|action| (*action == Action::Resume).then(String::new));
        assert_eq!(typed, None, "one of the commands makes no sense");
        assert_eq!(Hint::text("free some disk space").to_string(), "free some disk space");
    }
}
