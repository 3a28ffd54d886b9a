//! An error and its causes on one line.

use std::error::Error;

/// Joins the messages of an error and its sources: `cannot save: disk full`. For journals and logs, which store text; code that
/// shows errors to users walks the sources. A source that repeats the message before it is skipped.
#[must_use]
pub fn full_message(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.ends_with(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Failed(&'static str, #[source] Option<Box<Failed>>);

    #[test]
    fn each_cause_appears_once() {
        let full =
            Failed("cannot save", Some(Box::new(Failed("disk full", Some(Box::new(Failed("disk full", None)))))));
        assert_eq!(full_message(&full), "cannot save: disk full");
        assert_eq!(full_message(&Failed("alone", None)), "alone");
    }
}
