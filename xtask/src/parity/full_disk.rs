//! Fills the disk while dbt builds a stage: the run must say so and stop, and resume once there is space.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{ParityError, write_census};
use crate::dbt::Dbt;
use crate::relations;
use crate::simulation::Simulation;
use crate::workspace::{CommandError, creates, output_of};

/// Exit code of a run whose disk is full.
const NO_SPACE: i32 = 7;

/// Kilobytes left when dbt starts: enough for parsing the project, for its output, and for both but not the rows.
const LEFT: [u64; 3] = [500, 2_500, 5_000];

/// Fills the disk of runs with a dbt.
pub(super) fn run(program: &Path, dbt: &Dbt) -> Result<String, ParityError> {
    let folder = tempfile::tempdir().map_err(ParityError::system("create a temporary folder"))?;
    let (census, uninterrupted) = (folder.path().join("census.csv"), folder.path().join("uninterrupted.duckdb"));
    write_census(&census, 300)?;
    let simulation =
        Simulation { program, years: 1, census: &census, scenario: None, database: &uninterrupted, dbt: None };
    let Some(disk) = Disk::mount(&folder.path().join("disk"))? else {
        return Ok("full disk: can't mount a file system here; skipped".to_owned());
    };
    simulation.run(&[])?;
    let database = disk.0.join("full.duckdb");
    let simulation = Simulation { database: &database, dbt: Some(&dbt.0), ..simulation };
    let system = ParityError::system("fill the disk");
    for left in LEFT {
        disk.resize("256m")?;
        let mut child = simulation.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(&system)?;
        let call = database.with_added_extension("dbt").join("call3");
        let called = creates(&mut child, &call).map_err(&system)?;
        disk.resize(&format!("{}k", disk.used()? + left))?;
        let ended = child.wait().map_err(&system)?.code();
        disk.resize("256m")?;
        output_of(simulation.command(&[]).arg("--resume"))?;
        let mut differences = relations::compare(&uninterrupted, &database)?.differences;
        if !called {
            differences.push(format!("the run ended with {ended:?} before dbt built a stage"));
        } else if ended != Some(NO_SPACE) {
            differences.push(format!("with {left} KB left, the run ended with {ended:?}"));
        }
        if !differences.is_empty() {
            return Err(ParityError::Differs { settings: "a full disk".to_owned(), differences });
        }
        fs::remove_file(&database).map_err(&system)?;
    }
    Ok(format!("full disk: {} runs with a dbt executable stopped and ended with the same tables", LEFT.len()))
}

/// What `mount` says to those who may not use it.
const NOT_PERMITTED: [&str; 3] = ["must be superuser", "permission denied", "Operation not permitted"];

/// A file system of its own.
struct Disk(PathBuf);

impl Disk {
    /// `None` without the permission to mount one.
    fn mount(path: &Path) -> Result<Option<Self>, ParityError> {
        fs::create_dir(path).map_err(ParityError::system("create a folder"))?;
        match output_of(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(path).env("LC_ALL", "C")) {
            Ok(_) => Ok(Some(Self(path.to_owned()))),
            Err(CommandError::Failed { reported, .. }) if NOT_PERMITTED.iter().any(|text| reported.contains(text)) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn resize(&self, size: &str) -> Result<(), ParityError> {
        output_of(Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0))?;
        Ok(())
    }

    /// In kilobytes.
    fn used(&self) -> Result<u64, ParityError> {
        let output = output_of(Command::new("df").args(["-k", "--output=used"]).arg(&self.0))?;
        let used = output.lines().last().and_then(|used| used.trim().parse().ok());
        used.ok_or(ParityError::Unreadable { what: "the space used on the disk", found: output })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
