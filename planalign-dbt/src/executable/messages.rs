//! What dbt says when it fails as a whole.

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
        let fault = message.lines().find_map(engine_message).map(|(_, error)| error.fault());
        DbtError::Failed { code, fault: fault.unwrap_or(Fault::Deterministic), message: redactor.text(&message) }
    }
}
