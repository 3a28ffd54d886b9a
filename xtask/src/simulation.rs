//! Runs the real program, for tasks that compare its tables.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::workspace::{self, CommandError, output_of};

/// First simulated year; the census is dated the day before.
pub(crate) const START_YEAR: i16 = 2025;

/// A simulation and its database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simulation<'a> {
    /// The program to run.
    pub(crate) program: &'a Path,
    /// Number of years to simulate.
    pub(crate) years: i16,
    /// The census file.
    pub(crate) census: &'a Path,
    /// A scenario file; `None` for the default settings.
    pub(crate) scenario: Option<&'a Path>,
    /// The database; reports go next to it.
    pub(crate) database: &'a Path,
    /// The dbt executable that builds the models; `None` for the embedded runner.
    pub(crate) dbt: Option<&'a Path>,
}

impl Simulation<'_> {
    /// Runs it to completion, with these environment variables.
    pub(crate) fn run(&self, environment: &[(&str, &str)]) -> Result<(), CommandError> {
        output_of(&mut self.command(environment)).map(drop)
    }

    /// The command that runs it, with these environment variables.
    pub(crate) fn command(&self, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.program);
        command.current_dir(workspace::root());
        // Settings in the environment would reach only the program.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLANALIGN_")) {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        command.args(["simulate", &format!("{START_YEAR}-{}", START_YEAR + self.years - 1)]);
        command.arg("--census").arg(self.census).arg("--database").arg(self.database);
        command.arg("--reports").arg(self.database.with_extension("reports"));
        if let Some(scenario) = self.scenario {
            command.arg("--scenario").arg(scenario);
        }
        if let Some(dbt) = self.dbt {
            command.args(["--runner", "dbt", "--dbt-executable"]).arg(dbt);
        }
        command
    }
}

/// Returns `None` for the default settings, and the project's scenario files.
pub(crate) fn scenarios() -> io::Result<Vec<Option<PathBuf>>> {
    let entries = fs::read_dir(workspace::root().join("config/scenarios"))?;
    let mut all = entries.map(|entry| Ok(Some(entry?.path()))).collect::<io::Result<Vec<_>>>()?;
    all.push(None);
    all.sort();
    Ok(all)
}
