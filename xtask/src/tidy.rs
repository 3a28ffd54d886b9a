//! Invariants of the codebase that can be checked automatically, each with a name and advice.

mod compatibility;
mod graph;
mod layout;
mod source;
mod words;

use std::fmt;

use crate::files::Files;
use crate::workspace::{self, CommandError};

/// One invariant.
struct Check {
    /// Name in the output.
    name: &'static str,
    /// What to do where it is broken.
    advice: &'static str,
    /// Finds the places where it is broken.
    run: fn(&Files) -> Result<Vec<Violation>, CommandError>,
}

const CHECKS: [Check; 14] = [
    Check {
        name: "layout",
        advice: "ARCHITECTURE.md lists the top-level crates and folders; to add one, document the decision there and add it here",
        run: |files| Ok(layout::check(files)),
    },
    Check {
        name: "census-size",
        advice: "write data/census.csv with `cargo xtask census --out data/census.csv`; larger ones stay out of the repository",
        run: |files| Ok(layout::check_census(files)),
    },
    Check {
        name: "machine-paths",
        advice: "use a path relative to the repository or a temporary folder",
        run: |files| Ok(source::check_machine_paths(files)),
    },
    Check {
        name: "header",
        advice: "start the file with `//!` and its purpose in a line or two",
        run: |files| Ok(source::check_headers(files)),
    },
    Check { name: "length", advice: "split the file by ideas", run: |files| Ok(source::check_lengths(files)) },
    Check {
        name: "unfinished",
        advice: "finish it, or return an error that names what isn't supported; tests always run and state what they expect",
        run: |files| Ok(source::check_unfinished(files)),
    },
    Check {
        name: "terminal",
        advice: "return data, errors, or events; only the binary (planalign-cli/src/bin) prints, reads the environment, starts processes, and sets the exit code",
        run: |files| Ok(source::check_terminal(files)),
    },
    Check {
        name: "engine-door",
        advice: "use planalign_config::Database; nothing else may use the crate duckdb",
        run: |files| Ok(source::check_engine_door(files)),
    },
    Check {
        name: "sleeping-tests",
        advice: "wait for the condition itself, or pass the test a clock",
        run: |files| Ok(source::check_sleeping_tests(files)),
    },
    Check {
        name: "words",
        advice: "use the term of the field or plain English; docs/WORDS.md lists them",
        run: |files| Ok(words::check_texts(files)),
    },
    Check {
        name: "names",
        advice: "name the item after what it is or does, in the words of docs/WORDS.md",
        run: |files| Ok(words::check_names(files)),
    },
    Check {
        name: "compatibility",
        advice: "show each feature by a project in planalign-dbt/tests/projects (or tests/fixtures/errors, if it is refused), and name the project in its row",
        run: |files| Ok(compatibility::check(files)),
    },
    Check {
        name: "pipeline-tree",
        advice: "depend on the other crates with default-features = false, so that the pipeline doesn't need DuckDB",
        run: |_| graph::check_pipeline(),
    },
    Check {
        name: "engine-features",
        advice: "give shared build dependencies the same features in every selection, or DuckDB is recompiled for 20 minutes",
        run: |_| graph::check_engine_features(),
    },
];

/// A place where an invariant is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// File relative to the root, or another subject.
    place: String,
    /// Line number, from 1, if any.
    line: Option<usize>,
    /// What is wrong.
    what: String,
}

impl Violation {
    fn of(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), line: None, what: what.into() }
    }

    fn at(place: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::of(place, what) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.what),
            None => write!(f, "{}: {}", self.place, self.what),
        }
    }
}

/// Why the checks didn't pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TidyError {
    /// A tool that a check needs failed.
    #[error("check `{check}` can't run: {cause}")]
    Command {
        /// The check.
        check: &'static str,
        /// The command that failed.
        cause: CommandError,
    },
    /// Invariants are broken.
    #[error("{report}{count} of {} checks failed", CHECKS.len())]
    Broken {
        /// Every violation, with its check and advice.
        report: String,
        /// Number of failed checks.
        count: usize,
    },
}

/// Runs every check and returns a summary if all pass.
pub(crate) fn run() -> Result<String, TidyError> {
    let files =
        Files::of_workspace(&workspace::root()).map_err(|cause| TidyError::Command { check: "files", cause })?;
    let mut report = String::new();
    let mut count = 0;
    for check in &CHECKS {
        let violations = (check.run)(&files).map_err(|cause| TidyError::Command { check: check.name, cause })?;
        if !violations.is_empty() {
            count += 1;
            report.push_str(&describe(check, &violations));
        }
    }
    if count == 0 {
        Ok(format!("tidy: {} checks passed", CHECKS.len()))
    } else {
        Err(TidyError::Broken { report, count })
    }
}

fn describe(check: &Check, violations: &[Violation]) -> String {
    let mut lines = vec![check.name.to_owned()];
    lines.extend(violations.iter().map(|violation| format!("  {violation}")));
    lines.push(format!("  help: {}\n\n", check.advice));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
