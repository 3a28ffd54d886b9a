//! What dbt says when it fails as a whole.

use std::io;

use planalign_config::Fault;

use super::redactor::{Redactor, engine_message};
use crate::dbt_error::DbtError;

/// Errors, and lines of text, to keep.
const KEPT: usize = 20;

/// Errors that aren't about a node, and output that isn't events, such as usage errors and tracebacks.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    errors: Vec<String>,
    text: Vec<String>,
}

impl Messages {
    /// Keeps the first errors; the last line says that there were more.
    pub(crate) fn add_error(&mut self, error: &str) {
        if self.errors.len() < KEPT {
            self.errors.push(error.to_owned());
        } else if self.errors.len() == KEPT {
            self.errors.push("... (more with `-v`)".to_owned());
        }
    }

    /// Keeps the first lines.
    pub(crate) fn add_text(&mut self, line: String) {
        if self.text.len() < KEPT {
            self.text.push(line);
        }
    }

    /// The output that isn't events.
    pub(crate) fn text(&self, redactor: &Redactor) -> String {
        redactor.text(&self.text.join("\n"))
    }

    /// The failure of a call with this exit code: what the errors say, or else the text.
    pub(crate) fn failure(&self, code: i32, redactor: &Redactor) -> DbtError {
        let lines = if self.errors.is_empty() { &self.text } else { &self.errors };
        let message = lines.join("\n");
        let of_engine = message.lines().find_map(engine_message).map(|(_, error)| error.fault());
        let fault = of_engine.or_else(|| system_error(&message).map(|error| error.kind().into()));
        DbtError::Failed { code, fault: fault.unwrap_or(Fault::Deterministic), message: redactor.text(&message) }
    }
}

/// The error of the operating system that a message ends in or begins with, as Rust and Python print its number.
fn system_error(message: &str) -> Option<io::Error> {
    let number = |mark: &str| {
        let (_, after) = message.split_once(mark)?;
        after.split_once([')', ']'])?.0.parse().ok()
    };
    number("(os error ").or_else(|| number("[Errno ")).map(io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_classified_by_numbers_of_the_system() {
        let cases = [
            ("[error] [JsonInvalid (dbt1450)]: JSON error: No space left on device (os error 28)", Fault::OutOfSpace),
            ("[Errno 28] No space left on device: 'target/manifest.json'", Fault::OutOfSpace),
            ("[Errno 13] Permission denied: 'logs'", Fault::Permission),
            ("no [Errno x] (os error", Fault::Deterministic),
            ("IO Error: Could not set lock on file \"x\": Conflicting lock (os error 28)", Fault::Busy),
        ];
        for (message, expected) in cases {
            let mut messages = Messages::default();
            messages.add_error(message);
            assert_eq!(messages.failure(1, &Redactor::default()).fault(), expected, "{message}");
        }
    }
}
