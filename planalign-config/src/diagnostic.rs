//! What an error shows besides its message and sources: details and hints.

use std::error::Error;
use std::fmt;

/// An error that can be explained to a user.
///
/// A front end prints the message, the messages of the sources, the [details](Self::details), then the [hints](Self::hints). None
/// of them repeats another.
pub trait Diagnostic: Error {
    /// Returns details that help to understand the error and aren't in the message, such as a file excerpt.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns what to do about it, best advice first.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }
}

/// A command that helps. Each front end spells it its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Retry the command that failed; a simulation resumes.
    Retry,
    /// Repeat the command as it was typed, because it has done nothing yet.
    Repeat,
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
    /// Keep the years before this one and rerun the others.
    RestartFrom(i32),
    /// Show the status of the run.
    Status,
    /// Check the results with all rules.
    ValidateData,
    /// List the checkpoints.
    ListCheckpoints,
    /// Compare the tables with the checkpoints.
    VerifyCheckpoints,
    /// Restore a checkpoint, such as `2026/FOUNDATION`.
    RestoreCheckpoint(String),
}

/// A sentence without a period that says what to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// `{}` stands for a command.
    text: String,
    actions: Vec<Action>,
}

impl Hint {
    /// Creates a hint without a command.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), actions: Vec::new() }
    }

    /// Creates a hint with commands; each `{}` in the text stands for one.
    #[must_use]
    pub fn run(text: impl Into<String>, actions: impl IntoIterator<Item = Action>) -> Self {
        Self { text: text.into(), actions: actions.into_iter().collect() }
    }

    /// The hint for a missing or unusable input of a run: use the run's record of it.
    #[must_use]
    pub fn use_record() -> Self {
        Self::run("to use what the run recorded instead, run {}", [Action::ResumeAsRecorded])
    }

    /// The hint for a failure before anything was done: to retry is to repeat the command.
    #[must_use]
    pub fn before_start(mut self) -> Self {
        for action in self.actions.iter_mut().filter(|action| **action == Action::Retry) {
            *action = Action::Repeat;
        }
        self
    }

    /// Renders the hint with its commands spelled by `command`; `None` if one of them doesn't apply.
    pub fn render(&self, command: impl Fn(&Action) -> Option<String>) -> Option<String> {
        // The commands come last: a path or a user's advice before them may contain braces of its own.
        let mut parts: Vec<&str> = self.text.rsplitn(self.actions.len() + 1, "{}").collect();
        let mut out = parts.pop().unwrap_or_default().to_owned();
        for (part, action) in parts.iter().rev().zip(&self.actions) {
            out = out + &command(action)? + part;
        }
        Some(out)
    }
}

/// Renders commands as `planalign` commands, without a database or other options.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|action| Some(format!("`planalign {action}`"))).unwrap_or_default())
    }
}

/// Displays the command and its options.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulate | Self::Repeat => f.write_str("simulate"),
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
    fn nothing_is_resumed_before_a_start() {
        let hint = Hint::run("run {} or {}", [Action::Retry, Action::Status]).before_start();
        assert_eq!(hint.to_string(), "run `planalign simulate` or `planalign status`");
    }

    #[test]
    fn commands_replace_placeholders() {
        let hint = Hint::run("run {}, then {}", [Action::RestoreCheckpoint("2026".to_owned()), Action::Resume]);
        assert_eq!(hint.to_string(), "run `planalign checkpoint restore 2026`, then `planalign simulate --resume`");
        let typed = hint.render(|action| (*action == Action::Resume).then(String::new));
        assert_eq!(typed, None, "one of the commands doesn't apply");
        assert_eq!(Hint::text("free some disk space").to_string(), "free some disk space");
        assert_eq!(Hint::text("set columns: {} here").to_string(), "set columns: {} here");
        let named = Hint::run("move `{}.wal`, then run {}", [Action::Status]);
        assert_eq!(named.to_string(), "move `{}.wal`, then run `planalign status`");
    }
}
