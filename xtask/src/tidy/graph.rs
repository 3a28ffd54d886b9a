//! Checks of what cargo builds.

use std::collections::BTreeSet;

use super::Violation;
use crate::workspace::{CommandError, cargo, output_of};

/// The crate that takes longer to build than all others combined.
const ENGINE: &str = "libduckdb-sys";

/// Package selections that must share one build of the engine; the first is what everyone builds first.
const SELECTIONS: [&[&str]; 3] = [&["-p", "planalign-cli"], &["--workspace"], &["-p", "xtask"]];

/// Finds the engine among the pipeline's dependencies.
pub(crate) fn check_pipeline() -> Result<Vec<Violation>, CommandError> {
    let tree = tree(&["-p", "planalign-pipeline"], "normal")?;
    Ok(engines_in(&tree))
}

/// Compares the features of the engine and its build dependencies.
pub(crate) fn check_engine_features() -> Result<Vec<Violation>, CommandError> {
    let mut trees = Vec::new();
    for selection in SELECTIONS {
        trees.push(tree(selection, "normal,build,dev")?);
    }
    let first = below_engine(&trees[0]);
    let violations = SELECTIONS.iter().zip(&trees).skip(1);
    Ok(violations
        .flat_map(|(selection, tree)| differences(&selection.join(" "), &first, &below_engine(tree)))
        .collect())
}

/// Returns the dependencies as lines of depth, package, and features.
fn tree(selection: &[&str], edges: &str) -> Result<String, CommandError> {
    let mut command = cargo();
    command.args(["tree", "--locked", "--no-dedupe", "--prefix", "depth", "--format", "{p} {f}", "--edges", edges]);
    output_of(command.args(selection))
}

pub(super) fn engines_in(tree: &str) -> Vec<Violation> {
    let packages: BTreeSet<&str> = tree.lines().map(|line| split_depth(line).1).collect();
    let engines = packages.into_iter().filter(|package| package.starts_with("duckdb ") || package.starts_with(ENGINE));
    engines.map(|package| Violation::of("planalign-pipeline", format!("depends on {package}"))).collect()
}

/// Returns the engine and its dependencies in the tree.
pub(super) fn below_engine(tree: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut engine_depth = None;
    for (depth, package) in tree.lines().map(split_depth) {
        if engine_depth.is_some_and(|engine| depth <= engine) {
            engine_depth = None;
        }
        if package.starts_with(ENGINE) {
            engine_depth = Some(depth);
        }
        if engine_depth.is_some() {
            found.insert(package);
        }
    }
    found
}

pub(super) fn differences(selection: &str, first: &BTreeSet<&str>, other: &BTreeSet<&str>) -> Vec<Violation> {
    let differing = other.difference(first).filter(|_| !other.is_empty());
    differing
        .map(|package| Violation::of(format!("cargo build {selection}"), format!("builds {ENGINE} with {package}")))
        .collect()
}

fn split_depth(line: &str) -> (usize, &str) {
    let end = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
    (line[..end].parse().unwrap_or(0), &line[end..])
}
