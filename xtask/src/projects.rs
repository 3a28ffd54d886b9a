//! Records what real dbt builds from the projects of planalign-dbt/tests/projects.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fs, io};

use clap::Args;

use crate::dbt::{Dbt, DbtError};
use crate::workspace::{self, TestError, run_tests};

/// Options for recording.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProjectsArguments {
    /// Record all projects again, not only those that are new or were edited
    #[arg(long)]
    all: bool,
}

/// Why nothing was recorded, or what differs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectsError {
    /// dbt can't be installed.
    #[error(transparent)]
    Dbt(#[from] DbtError),
    /// The records can't be read.
    #[error("can't read the records: {0}")]
    System(#[from] io::Error),
    /// The embedded runner differs, or the test can't be run.
    #[error(transparent)]
    Test(#[from] TestError),
}

/// Has dbt Core 1.11 build the projects, and compares the embedded runner with it.
pub(crate) fn run(arguments: &ProjectsArguments) -> Result<String, ProjectsError> {
    let dbt = Dbt::core_1()?;
    let before = records()?;
    // The test reads and compares; with dbt's Python, it records first.
    run_tests("planalign-dbt", |test| {
        test.args(["--test", "projects"]).env("PLANALIGN_DBT_PYTHON", dbt.0.with_file_name("python"));
        test.envs(arguments.all.then_some(("PLANALIGN_DBT_ALL", "1")))
    })?;
    let now = records()?;
    let changed = now.iter().filter(|(path, record)| before.get(*path) != Some(*record)).count();
    Ok(format!("projects: {} records, {changed} of them new or changed", now.len()))
}

/// What dbt built, by file.
fn records() -> io::Result<BTreeMap<PathBuf, String>> {
    let mut records = BTreeMap::new();
    for entry in fs::read_dir(workspace::root().join("planalign-dbt/tests/projects"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "expected") {
            records.insert(path.clone(), fs::read_to_string(&path)?);
        }
    }
    Ok(records)
}
