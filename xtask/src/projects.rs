//! Records what real dbt builds from the projects of planalign-dbt/tests/projects.

use std::process::ExitStatus;
use std::{fs, io};

use clap::Args;

use crate::dbt::{Dbt, DbtError};
use crate::workspace;

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
    /// An old record can't be removed, or the test can't be started.
    #[error("can't record: {0}")]
    System(#[from] io::Error),
    /// The test failed and printed how.
    #[error("`cargo test` ended with {0}")]
    Test(ExitStatus),
}

/// Has dbt Core 1.11 build the projects, and compares the embedded runner with it.
pub(crate) fn run(arguments: &ProjectsArguments) -> Result<String, ProjectsError> {
    let dbt = Dbt::core_1()?;
    if arguments.all {
        for entry in fs::read_dir(workspace::root().join("planalign-dbt/tests/projects"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "expected") {
                fs::remove_file(path)?;
            }
        }
    }
    let mut test = workspace::cargo();
    test.args(["test", "--quiet", "-p", "planalign-dbt", "-p", "xtask", "--test", "projects"]);
    // The test reads and compares; with dbt's Python, it records first.
    let status = test.env("PLANALIGN_DBT_PYTHON", dbt.0.with_file_name("python")).status()?;
    if status.success() { Ok("projects: recorded".to_owned()) } else { Err(ProjectsError::Test(status)) }
}
