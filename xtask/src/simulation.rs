//! A simulation by the real program, for tasks that compare its tables.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::workspace::{self, CommandError, output_of};

/// First simulated year; the census is as of the day before.
pub(crate) const START_YEAR: i16 = 2025;

/// What is simulated, and where its tables go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simulation<'a> {
    /// The program that simulates.
    pub(crate) program: &'a Path,
    /// Simulated years.
    pub(crate) years: i16,
    /// The census file.
    pub(crate) census: &'a Path,
    /// A scenario file; `None` for the default settings.
    pub(crate) scenario: Option<&'a Path>,
    /// The database; reports go beside it.
    pub(crate) database: &'a Path,
}

impl Simulation<'_> {
    /// Runs it to its end, with these variables in its environment.
    pub(crate) fn run(&self, environment: &[(&str, &str)]) -> Result<(), CommandError> {
        let mut command = Command::new(self.program);
        command.current_dir(workspace::root());
        // Settings in the environment would reach the program alone.
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
        output_of(&mut command).map(drop)
    }
}

/// The scenario files of the project, and `None` for the default settings.
pub(crate) fn scenarios() -> io::Result<Vec<Option<PathBuf>>> {
    let entries = fs::read_dir(workspace::root().join("config/scenarios"))?;
    let mut all = entries.map(|entry| Ok(Some(entry?.path()))).collect::<io::Result<Vec<_>>>()?;
    all.push(None);
    all.sort();
    Ok(all)
}
