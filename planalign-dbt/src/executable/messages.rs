//! What dbt says when it fails, and what made it fail.

use std::collections::VecDeque;
use std::io;

use planalign_config::{DatabaseError, Fault};

use super::redactor::{Redactor, begins_values, engine_message};
use crate::dbt_error::DbtError;

/// Messages to keep at each end.
const KEPT: usize = 10;

/// Errors that aren't about a node, and output that isn't events, such as usage errors and tracebacks.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    errors: Excerpt,
    text: Excerpt,
    /// The causes that the errors and the text name.
    causes: [Option<Cause>; 2],
    has_values: bool,
}

/// What made dbt fail.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// An error of the engine.
    Engine(DatabaseError),
    /// An error of the operating system, which has a number.
    System(Fault),
}

impl Cause {
    /// The cause that a message names: an error of the engine if there is one, because that may quote the system's.
    pub(crate) fn of(message: &str) -> Option<Self> {
        let of_engine = message.lines().find_map(engine_message).map(|(_, error)| Self::Engine(error));
        of_engine.or_else(|| message.lines().find_map(system_error).map(|error| Self::System(error.kind().into())))
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Engine(error) => error.fault(),
            Self::System(fault) => *fault,
        }
    }
}

impl Messages {
    pub(crate) fn add_error(&mut self, error: &str) {
        self.causes[0] = self.causes[0].take().or_else(|| Cause::of(error));
        self.errors.add(error.to_owned());
    }

    /// Adds a line. A list of all variables ends the text, because its lines can't be told from others.
    pub(crate) fn add_text(&mut self, line: String) {
        self.has_values |= begins_values(&line);
        if !self.has_values {
            self.causes[1] = self.causes[1].take().or_else(|| Cause::of(&line));
            self.text.add(line);
        }
    }

    /// The output that isn't events.
    pub(crate) fn text(&self, redactor: &Redactor) -> String {
        self.text.redacted(redactor)
    }

    /// The failure of a call with this exit code: what the errors say, or else the text.
    pub(crate) fn failure(&self, code: i32, redactor: &Redactor) -> DbtError {
        let [of_errors, of_text] = &self.causes;
        let (excerpt, cause) = if self.errors.is_empty() { (&self.text, of_text) } else { (&self.errors, of_errors) };
        let fault = cause.as_ref().map_or(Fault::Deterministic, Cause::fault);
        DbtError::Failed { code, fault, message: excerpt.redacted(redactor) }
    }
}

/// The first and the last messages of many.
#[derive(Debug, Default)]
struct Excerpt {
    first: Vec<String>,
    last: VecDeque<String>,
    left_out: usize,
}

impl Excerpt {
    fn add(&mut self, message: String) {
        if self.first.len() < KEPT {
            self.first.push(message);
            return;
        }
        self.last.push_back(message);
        if self.last.len() > KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The messages, each redacted by itself, so that what is cut from one doesn't hide the next.
    fn redacted(&self, redactor: &Redactor) -> String {
        let left_out = (self.left_out > 0).then(|| format!("... ({} more)", self.left_out));
        let texts = |messages: &mut dyn Iterator<Item = &String>| -> Vec<String> {
            messages.map(|message| redactor.text(message)).filter(|text| !text.is_empty()).collect()
        };
        let (first, last) = (texts(&mut self.first.iter()), texts(&mut self.last.iter()));
        first.into_iter().chain(left_out).chain(last).collect::<Vec<_>>().join("\n")
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
    use serde_json::json;

    use super::*;
    use crate::runner::Vars;

    fn message_of(messages: &Messages) -> String {
        match messages.failure(1, &Redactor::default()) {
            DbtError::Failed { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn failures_are_classified_by_numbers_of_the_system() {
        let cases = [
            ("[error] [JsonInvalid (dbt1450)]: JSON error: No space left on device (os error 28)", Fault::OutOfSpace),
            ("[Errno 28] No space left on device: 'target/manifest.json'", Fault::OutOfSpace),
            ("[Errno 13] Permission denied: 'logs'", Fault::Permission),
            ("no [Errno x] (os error", Fault::Deterministic),
            ("no (os error x)\n[Errno 13] Permission denied: 'logs'", Fault::Permission),
            ("IO Error: Could not set lock on file \"x\": Conflicting lock (os error 28)", Fault::Busy),
        ];
        for (message, expected) in cases {
            let mut messages = Messages::default();
            messages.add_error(message);
            assert_eq!(messages.failure(1, &Redactor::default()).fault(), expected, "{message}");
        }
    }

    #[test]
    fn the_first_and_the_last_of_many_messages_are_kept_and_all_are_classified() {
        let mut messages = Messages::default();
        let numbered = |numbers: std::ops::RangeInclusive<u32>| numbers.map(|number| format!("error {number}"));
        numbered(1..=15).for_each(|error| messages.add_error(&error));
        messages.add_error("[Errno 28] No space left on device");
        numbered(17..=20).for_each(|error| messages.add_error(&error));
        assert!(!message_of(&messages).contains("more"));
        numbered(21..=40).for_each(|error| messages.add_error(&error));
        let expected: Vec<String> =
            numbered(1..=10).chain(["... (20 more)".to_owned()]).chain(numbered(31..=40)).collect();
        assert_eq!(message_of(&messages), expected.join("\n"));
        assert_eq!(messages.failure(1, &Redactor::default()).fault(), Fault::OutOfSpace, "of one left out");

        let mut messages = Messages::default();
        numbered(1..=40).for_each(|line| messages.add_text(line));
        assert_eq!(message_of(&messages), expected.join("\n"));
        assert_eq!(messages.text(&Redactor::default()), expected.join("\n"));
    }

    #[test]
    fn a_list_of_variables_hides_no_other_error_and_is_hidden() {
        let vars = Vars::from_iter([("pay".to_owned(), json!(12))]);
        let mut messages = Messages::default();
        messages.add_error("no variable\nVars supplied to a = {\n\"pay\": 12 }");
        messages.add_error("another error");
        assert_eq!(message_of(&messages), "no variable\nanother error");
        let mut messages = Messages::default();
        for line in ["no variable", "Vars supplied to a = {", "\"pay\": 12 }"] {
            messages.add_text(line.to_owned());
        }
        assert_eq!(messages.text(&Redactor::of(&vars)), "no variable");
    }
}
