//! The invariants of the codebase that a program can check: each has a name, says where it is broken and what to do.

mod graph;
mod layout;
mod source;

use std::fmt;

use crate::files::Files;
use crate::workspace::{self, CommandError};

/// One invariant.
struct Check {
    /// Names it in the output.
    name: &'static str,
    /// What to do where it is broken.
    advice: &'static str,
    /// Finds the places where it is broken.
    run: fn(&Files) -> Result<Vec<Violation>, CommandError>,
}

const CHECKS: [Check; 11] = [
    Check {
        name: "layout",
        advice: "the crates and folders of the top level are those of ARCHITECTURE.md; a new one is a decision to write down there and here",
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
        advice: "open the file with `//!` and its purpose in a line or two",
        run: |files| Ok(source::check_headers(files)),
    },
    Check { name: "length", advice: "split the file by ideas", run: |files| Ok(source::check_lengths(files)) },
    Check {
        name: "unfinished",
        advice: "finish it, or return an error that names what is not supported; a test runs always and states what it expects",
        run: |files| Ok(source::check_unfinished(files)),
    },
    Check {
        name: "terminal",
        advice: "return data, errors or events; only the binary (planalign-cli/src/bin) prints, reads the environment, starts processes and decides the exit code",
        run: |files| Ok(source::check_terminal(files)),
    },
    Check {
        name: "engine-door",
        advice: "go through planalign_config::Database, which alone knows the crate duckdb",
        run: |files| Ok(source::check_engine_door(files)),
    },
    Check {
        name: "sleeping-tests",
        advice: "wait for the condition itself, or hand the test a clock",
        run: |files| Ok(source::check_sleeping_tests(files)),
    },
    Check {
        name: "pipeline-tree",
        advice: "depend on the other modules with default-features = false, so that the pipeline needs no DuckDB",
        run: |_| graph::check_pipeline(),
    },
    Check {
        name: "engine-features",
        advice: "give the shared build dependencies the same features in every selection, or DuckDB is compiled again for 20 minutes",
        run: |_| graph::check_engine_features(),
    },
];

/// A place where an invariant is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// File from the root, or another subject.
    place: String,
    /// Line from 1, where there is one.
    line: Option<usize>,
    /// What is there.
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

/// Why the checks did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TidyError {
    /// A tool that a check needs failed.
    #[error("the check {check} can't run: {cause}")]
    Command {
        /// The check.
        check: &'static str,
        /// What failed.
        cause: CommandError,
    },
    /// Invariants are broken; the report says where.
    #[error("{report}{count} of {} checks failed", CHECKS.len())]
    Broken {
        /// Every place with its check and advice.
        report: String,
        /// Checks that failed.
        count: usize,
    },
}

/// Runs every check and says that they passed.
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
