//! Checks of the top level of the repository.

use std::collections::BTreeSet;

use super::Violation;
use crate::files::Files;

const MEMBERS: [&str; 8] = [
    "planalign-config",
    "planalign-dbt",
    "planalign-registries",
    "planalign-validation",
    "planalign-reporting",
    "planalign-pipeline",
    "planalign-cli",
    "xtask",
];

/// Folders that aren't crates.
const FOLDERS: [&str; 6] = [".cargo", ".ci", "config", "data", "dbt", "docs"];

const CENSUS: &str = "data/census.csv";
const CENSUS_BYTES: usize = 1_000_000;

/// Compares the workspace members and top-level folders with the design.
pub(crate) fn check(files: &Files) -> Vec<Violation> {
    let expected: BTreeSet<&str> = MEMBERS.into_iter().chain(FOLDERS).collect();
    let found: BTreeSet<&str> =
        files.all().filter_map(|(path, _)| path.split_once('/')).map(|(folder, _)| folder).collect();
    let members = members_of(files.text("Cargo.toml").unwrap_or_default());
    let crates = BTreeSet::from(MEMBERS);
    let mut violations = differences("top-level folder", &expected, &found);
    violations.extend(differences("workspace member in Cargo.toml", &crates, &members));
    violations
}

/// Checks that the sample census exists and is small enough for a repository.
pub(crate) fn check_census(files: &Files) -> Vec<Violation> {
    match files.text(CENSUS).map(str::len) {
        None => vec![Violation::of(CENSUS, "missing")],
        Some(bytes) if bytes > CENSUS_BYTES => {
            vec![Violation::of(CENSUS, format!("{bytes} bytes; the limit is {CENSUS_BYTES}"))]
        }
        Some(_) => Vec::new(),
    }
}

fn differences(subject: &str, expected: &BTreeSet<&str>, found: &BTreeSet<&str>) -> Vec<Violation> {
    let missing = expected.difference(found).map(|name| Violation::of(*name, format!("missing {subject}")));
    let unknown = found.difference(expected).map(|name| Violation::of(*name, format!("unknown {subject}")));
    missing.chain(unknown).collect()
}

/// Returns the quoted names in the list `members`.
fn members_of(manifest: &str) -> BTreeSet<&str> {
    let list =
        manifest.split_once("\nmembers = [").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}
