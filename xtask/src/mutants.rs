//! Mutation testing: injects faults into the models and the code, one at a time; a named test must notice each.
//!
//! The faults are listed in `xtask/mutants.yaml`. They are injected into a copy of the workspace, never the workspace itself.

mod catalogue;
mod table;
mod trial;

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use crate::copy::{Copy, CopyError};
use crate::workspace::{self, CommandError};
use catalogue::{CatalogueError, Mutant};
use table::Verdict;

/// Options for the mutants.
#[derive(Args, Clone, Debug)]
pub(crate) struct MutantsArguments {
    /// Numbers of mutants, or parts of their names [default: all]
    filter: Vec<String>,
    /// List the mutants without running any
    #[arg(long)]
    list: bool,
}

/// Why the mutants couldn't be run, or weren't all killed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MutantsError {
    /// A tool failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The list of mutants is invalid.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The workspace couldn't be copied or changed.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A test fails even without a fault, or doesn't exist.
    #[error("tests that fail without a fault, or don't exist: {}\n{output}", tests.join(", "))]
    Baseline {
        /// The tests.
        tests: Vec<String>,
        /// Cargo's output.
        output: String,
    },
    /// Faults that no test notices, or that don't compile.
    #[error("{report}")]
    Unnoticed {
        /// All verdicts.
        report: String,
    },
}

/// Runs the mutants and returns a verdict for each.
pub(crate) fn run(arguments: &MutantsArguments) -> Result<String, MutantsError> {
    let root = workspace::root();
    let all = catalogue::read(&root)?;
    let selected: Vec<&Mutant> = all.iter().filter(|mutant| mutant.is_selected(&arguments.filter)).collect();
    if arguments.list {
        return Ok(table::render(&selected.iter().map(|mutant| (*mutant, None)).collect::<Vec<_>>()));
    }
    let target = workspace::target_folder()?;
    let copy = Copy::of(&root, &Path::new(&target).join("mutants/workspace"))?;
    check_baseline(&copy, &target, &selected)?;
    let mut verdicts = Vec::new();
    for mutant in selected {
        let add_fault = |original: &str| original.replacen(&mutant.text, &mutant.becomes, 1);
        let verdict = copy.with(&mutant.file, add_fault, || trial::run(copy.folder(), &target, mutant))??;
        println!("{:>3}  {verdict}  {}", mutant.number, mutant.name);
        verdicts.push((mutant, Some(verdict)));
    }
    let report = table::render(&verdicts);
    let all_killed = verdicts.iter().all(|(_, verdict)| matches!(verdict, Some(Verdict::Killed)));
    if all_killed { Ok(report) } else { Err(MutantsError::Unnoticed { report }) }
}

/// Checks that the tests pass without a fault: one that always fails notices nothing.
fn check_baseline(copy: &Copy, target: &str, mutants: &[&Mutant]) -> Result<(), MutantsError> {
    let mut suites: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for mutant in mutants {
        suites.entry((&mutant.package, &mutant.target)).or_default().push(&mutant.test);
    }
    for ((package, suite), tests) in suites {
        let output = trial::output_of_tests(copy.folder(), target, package, suite, &tests)?;
        let failing = tests.into_iter().filter(|test| !output.passed(test)).map(str::to_owned);
        let failing: Vec<String> = failing.collect();
        if !failing.is_empty() {
            return Err(MutantsError::Baseline { tests: failing, output: output.text() });
        }
    }
    Ok(())
}
