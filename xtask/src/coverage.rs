//! Line coverage per crate, measured by cargo-llvm-cov.
//!
//! Programs started by tests count, too. Lines of tests are excluded; [`crate::files`] identifies them, since cargo-llvm-cov
//! doesn't distinguish them within a file.

mod lcov;
mod run;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use crate::files::Files;
use crate::workspace::{self, CommandError};
use lcov::Hits;

/// Minimum coverage of a crate, in percent of its lines.
const MINIMUM: f64 = 95.0;

/// It calls cargo and the measured programs, so testing it would run all tests within a test.
const NOT_MEASURED: &str = "xtask";

/// Options for coverage.
#[derive(Args, Clone, Debug)]
pub(crate) struct CoverageArguments {
    /// List the lines of this crate that no test runs
    #[arg(long, value_name = "CRATE")]
    lines: Vec<String>,
}

/// Why coverage is too low or couldn't be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CoverageError {
    /// A tool failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The tests failed or couldn't be measured; the output before says why.
    #[error("tests failed, or cargo-llvm-cov or the LLVM tools are missing; see CONTRIBUTING.md to install them")]
    Tests,
    /// A file or process can't be accessed.
    #[error("can't {what}: {cause}")]
    System {
        /// What failed.
        what: &'static str,
        /// The system's error.
        cause: std::io::Error,
    },
    /// Crates are below the minimum.
    #[error("{report}\nless than {MINIMUM}% line coverage: {crates}")]
    Low {
        /// Coverage of all crates.
        report: String,
        /// The crates below the minimum.
        crates: String,
    },
}

/// A crate's lines, and those that no test runs.
#[derive(Debug, Default)]
struct CrateLines {
    count: usize,
    missed: BTreeMap<String, Vec<usize>>,
}

impl CrateLines {
    fn covered(&self) -> usize {
        self.count - self.missed.values().map(Vec::len).sum::<usize>()
    }

    fn percent(&self) -> f64 {
        100.0 * self.covered() as f64 / self.count.max(1) as f64
    }
}

/// Runs all tests with counters and returns the coverage of each crate.
pub(crate) fn run(arguments: &CoverageArguments) -> Result<String, CoverageError> {
    let root = workspace::root();
    let hits = run::tests()?;
    let files = Files::of_workspace(&root)?;
    let crates = by_crate(&files, &root, &hits);
    let mut report = table::render(&crates);
    for lines in arguments.lines.iter().filter_map(|name| crates.get(name.as_str())) {
        report = format!("{report}\n{}", table::missed(lines));
    }
    let low: Vec<&str> = crates.iter().filter(|(_, lines)| lines.percent() < MINIMUM).map(|(name, _)| *name).collect();
    if low.is_empty() { Ok(report) } else { Err(CoverageError::Low { report, crates: low.join(", ") }) }
}

/// Groups counted lines by crate. A crate without counted lines has none, and is below any minimum.
fn by_crate<'a>(files: &'a Files, root: &Path, hits: &Hits) -> BTreeMap<&'a str, CrateLines> {
    let mut crates: BTreeMap<&str, CrateLines> = BTreeMap::new();
    for file in files.rust().filter(|file| file.member() != NOT_MEASURED) {
        let of_crate = crates.entry(file.member()).or_default();
        let Some(hits) = hits.get(&root.join(file.path)) else { continue };
        let found = file.lines().into_iter().filter(|line| !line.is_test);
        let found: Vec<(usize, u64)> = found.filter_map(|line| Some((line.number, *hits.get(&line.number)?))).collect();
        of_crate.count += found.len();
        let missed: Vec<usize> = found.iter().filter(|(_, hits)| *hits == 0).map(|(line, _)| *line).collect();
        if !missed.is_empty() {
            of_crate.missed.insert(file.path.to_owned(), missed);
        }
    }
    crates
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn lines_of_tests_are_not_counted() {
        let text = "fn a() {\n    b();\n}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let files = Files::of(&[
            ("one/src/a.rs", text),
            ("one/src/b.rs", text),
            ("two/src/a.rs", text),
            ("unseen/src/a.rs", text),
            ("xtask/src/a.rs", text),
        ]);
        let ran = BTreeMap::from([(1, 2), (2, 0), (3, 2), (6, 0)]);
        let never = BTreeMap::from([(1, 0), (2, 0), (3, 0), (6, 1)]);
        let file = |name: &str, regions: &BTreeMap<_, _>| (PathBuf::from(name), regions.clone());
        let hits =
            Hits::from([file("/w/one/src/a.rs", &ran), file("/w/two/src/a.rs", &never), file("/elsewhere.rs", &never)]);
        let crates = by_crate(&files, Path::new("/w"), &hits);
        let numbers: Vec<_> = crates.iter().map(|(name, lines)| (*name, lines.count, lines.covered())).collect();
        assert_eq!(numbers, [("one", 3, 2), ("two", 3, 0), ("unseen", 0, 0)]);
        assert!(crates["unseen"].percent() < MINIMUM);
        assert_eq!(crates["two"].missed["two/src/a.rs"], [1, 2, 3]);
    }
}
