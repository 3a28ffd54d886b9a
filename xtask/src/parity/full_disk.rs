//! Fills the disk while dbt builds a stage: the run must say so and stop, and resume once there is space.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::{ParityError, write_census};
use crate::dbt::Dbt;
use crate::relations;
use crate::simulation::Simulation;
use crate::workspace::output_of;

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
    let Some(disk) = Disk::mount(&folder.path().join("disk")) else {
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
        while !call.exists() && child.try_wait().map_err(&system)?.is_none() {
            sleep(Duration::from_millis(10));
        }
        disk.resize(&format!("{}k", disk.used()? + left))?;
        let ended = child.wait().map_err(&system)?.code();
        disk.resize("256m")?;
        output_of(simulation.command(&[]).arg("--resume"))?;
        let mut differences = relations::compare(&uninterrupted, &database)?.differences;
        if ended != Some(NO_SPACE) {
            differences.push(format!("with {left} KB left, the run ended with {ended:?}"));
        }
        if !differences.is_empty() {
            return Err(ParityError::Differs { settings: "a full disk".to_owned(), differences });
        }
        fs::remove_file(&database).map_err(&system)?;
    }
    Ok(format!("full disk: {} runs with a dbt executable stopped and ended with the same tables", LEFT.len()))
}

/// A file system of its own.
struct Disk(PathBuf);

impl Disk {
    /// `None` without the permission to mount one.
    fn mount(path: &Path) -> Option<Self> {
        fs::create_dir(path).ok()?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(path).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(path.to_owned()))
    }

    fn resize(&self, size: &str) -> Result<(), ParityError> {
        output_of(Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0))?;
        Ok(())
    }

    /// In kilobytes.
    fn used(&self) -> Result<u64, ParityError> {
        let output = output_of(Command::new("df").args(["-k", "--output=used"]).arg(&self.0))?;
        Ok(output.lines().last().and_then(|used| used.trim().parse().ok()).unwrap_or_default())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
