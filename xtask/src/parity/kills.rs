//! Kills the program, its dbt, or both, at random moments of a run, resumes, and compares the tables with those of a run that
//! nobody killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{ParityError, write_census};
use crate::dbt::Dbt;
use crate::relations;
use crate::simulation::Simulation;
use crate::workspace::output_of;

/// People and years of a run.
const EMPLOYEES: u32 = 100;
const YEARS: i16 = 1;

/// A run is killed at most this often.
const MOST_KILLS: u32 = 3;

/// What `planalign status` says about a database without a run.
const NO_RUN: &str = "no run in the database";

/// Names the processes of one run.
const MARK: &str = "DBT_ENV_PLANALIGN_KILLS";

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Program,
    Dbt,
    Both,
}

/// Kills this many runs with each dbt.
pub(super) fn run(program: &Path, dbts: &[(Dbt, u64)], seed: u64) -> Result<String, ParityError> {
    let folder = tempfile::tempdir().map_err(ParityError::system("create a temporary folder"))?;
    let census = folder.path().join("census.csv");
    write_census(&census, EMPLOYEES)?;
    let uninterrupted = folder.path().join("uninterrupted.duckdb");
    let simulation =
        Simulation { program, years: YEARS, census: &census, scenario: None, database: &uninterrupted, dbt: None };
    simulation.run(&[])?;
    let (mut runs, mut kills) = (0, 0);
    for (dbt, cases) in dbts {
        for seed in seed..seed + cases {
            let home = folder.path().join(format!("run{seed}"));
            fs::create_dir(&home).map_err(ParityError::system("create a folder"))?;
            let database = home.join("killed.duckdb");
            let simulation = Simulation { database: &database, dbt: Some(&dbt.0), ..simulation };
            kills += killed(&simulation, seed)?;
            runs += 1;
            let settings = format!("kills of seed {seed}");
            let found = relations::compare(&uninterrupted, &database)?;
            let mut differences = found.differences;
            differences.extend(left_behind(&home)?);
            if !differences.is_empty() {
                return Err(ParityError::Differs { settings, differences });
            }
            fs::remove_dir_all(&home).map_err(ParityError::system("remove a folder"))?;
        }
    }
    Ok(format!("kills: {runs} runs with a dbt executable were killed {kills} times and ended with the same tables"))
}

/// Kills a run, resumes it until it finishes, and returns how often it was killed.
fn killed(simulation: &Simulation<'_>, seed: u64) -> Result<u32, ParityError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mark = simulation.database.display().to_string();
    let mut kills = 0;
    let mut is_recorded = false;
    loop {
        let mut command = simulation.command(&[(MARK, mark.as_str())]);
        if is_recorded {
            command.arg("--resume");
        }
        if kills == MOST_KILLS {
            output_of(&mut command)?;
            return Ok(kills);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started = |cause| ParityError::System { what: "start the program", cause };
        let mut child = command.spawn().map_err(started)?;
        sleep(Duration::from_millis(rng.random_range(50..6_000)));
        let victim = [Victim::Program, Victim::Dbt, Victim::Both][rng.random_range(0..3)];
        if child.try_wait().map_err(started)?.is_none() {
            kills += 1;
            kill(victim, child.id(), &mark);
        }
        let ended = child.wait().map_err(started)?;
        expect_no_process(&mark)?;
        if ended.success() {
            return Ok(kills);
        }
        // A run that was killed before its record is a new run.
        let status = Command::new(simulation.program).args(["status", "--database"]).arg(simulation.database).output();
        let status = status.map_err(started)?;
        let has_run = status.status.success() && !String::from_utf8_lossy(&status.stdout).contains(NO_RUN);
        if is_recorded && !has_run {
            let differences = vec!["the record of the run was lost".to_owned()];
            return Err(ParityError::Differs { settings: format!("kills of seed {seed}"), differences });
        }
        is_recorded = has_run;
    }
}

fn kill(victim: Victim, program: u32, mark: &str) {
    let dbt = processes(mark).into_iter().filter(|id| *id != program);
    let chosen: Vec<u32> = match victim {
        Victim::Program => vec![program],
        Victim::Dbt => dbt.collect(),
        Victim::Both => dbt.chain([program]).collect(),
    };
    let ids = chosen.iter().map(ToString::to_string);
    let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
}

/// The processes of a run, by the variable in their environment.
fn processes(mark: &str) -> Vec<u32> {
    let entry = format!("{MARK}={mark}");
    let is_marked = |environment: Vec<u8>| environment.split(|byte| *byte == 0).any(|text| text == entry.as_bytes());
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let marked = all.filter(|process| fs::read(process.path().join("environ")).is_ok_and(is_marked));
    marked.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect()
}

/// Fails if anything of a run is still running once it had time to end.
fn expect_no_process(mark: &str) -> Result<(), ParityError> {
    for _ in 0..100 {
        if processes(mark).is_empty() {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    let left = processes(mark);
    Err(ParityError::Differs { settings: "kills".to_owned(), differences: vec![format!("still running: {left:?}")] })
}

/// Files next to the database that a finished run doesn't leave.
fn left_behind(home: &Path) -> Result<Vec<String>, ParityError> {
    let entries = fs::read_dir(home).map_err(ParityError::system("list a folder"))?;
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let is_left = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        [".handover", ".part", ".aside", ".duckdb.dbt"].iter().any(|end| name.ends_with(end))
    };
    Ok(paths.iter().filter(is_left).map(|path| format!("{} was left", path.display())).collect())
}
