//! A machine whose disk is full or read-only, that is short of memory, that runs other programs, or whose clock was set back.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{CommandOutput, captured};
use crate::trial::{Trial, YEARS};

/// Number of times that two processes race to run one database.
const RACES: usize = 20;

pub(crate) fn run() {
    let trial = Trial::new();
    memory(&trial);
    races(&trial);
    another_program(&trial);
    engine_that_aborts(&trial);
    clock(&trial);
    if let Some(disk) = Disk::mount(&trial, "16m") {
        full_disk(&trial, &disk);
        read_only_disk(&trial, &disk);
    } else {
        println!("environment: can't mount a file system here; skipped the full and the read-only disk");
    }
}

fn simulate(trial: &Trial, database: &str, arguments: &[&str]) -> CommandOutput {
    let mut command = trial.command(database, trial.exists(database), None);
    captured(&command.args(arguments).output().expect("run planalign"))
}

/// A separate file system in the sandbox.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(trial: &Trial, size: &str) -> Option<Self> {
        let path = trial.sandbox.path("disk");
        fs::create_dir_all(&path).expect("create the folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self { path })
    }

    fn used_kilobytes(&self) -> u64 {
        let output = Command::new("df").args(["-k", "--output=used"]).arg(&self.path).output().expect("df");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number")
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.path).status();
        assert!(status.expect("mount").success(), "remount with {options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
    }
}

fn full_disk(trial: &Trial, disk: &Disk) {
    disk.remount("size=3m");
    let output = simulate(trial, "disk/full.duckdb", &[]);
    assert_eq!(output.code, 7, "{}", output.stderr);
    assert!(output.stderr.contains("MB free, and 3 years of 300 employees take about 10 MB"), "{}", output.stderr);
    trial.remove("disk/full.duckdb");
    let mut full = 0;
    for more in (800..6_800).step_by(400) {
        disk.remount("size=256m");
        trial.command("disk/full.duckdb", false, Some("committed@3=kill")).output().expect("run planalign");
        let kilobytes = disk.used_kilobytes() + more;
        disk.remount(&format!("size={kilobytes}k"));
        let output = simulate(trial, "disk/full.duckdb", &[]);
        assert!([0, 7].contains(&output.code), "{kilobytes} KB: exit code {}: {}", output.code, output.stderr);
        if output.code == 7 {
            full += 1;
            assert!(output.stderr.contains("No space left on device"), "{kilobytes} KB: {}", output.stderr);
        }
        disk.remount("size=256m");
        trial.finish("disk/full.duckdb", &format!("a disk of {kilobytes} KB"));
        let _ = fs::remove_dir_all(disk.path.join(".planalign_checkpoints"));
        let _ = fs::remove_dir_all(disk.path.join("logs"));
    }
    assert!(full > 3, "the disk was full in only {full} cases");
    println!("environment: the disk was full in {full} cases, and each run resumed once there was space");
}

fn read_only_disk(trial: &Trial, disk: &Disk) {
    disk.remount("size=256m");
    let output =
        captured(&trial.command("disk/fixed.duckdb", false, Some("committed@4=kill")).output().expect("run planalign"));
    assert_eq!(output.code, -1, "{}", output.stderr);
    disk.remount("ro");
    let output = simulate(trial, "disk/fixed.duckdb", &[]);
    assert_eq!(output.code, 7, "{}", output.stderr);
    disk.remount("rw");
    trial.finish("disk/fixed.duckdb", "a read-only disk");
    println!("environment: a read-only disk is reported, and the run resumes once it is writable");
}

/// Limits the address space, or the memory in the configuration: however the process ends, committed stages survive.
fn memory(trial: &Trial) {
    let mut codes = Vec::new();
    for kilobytes in [200_000, 300_000, 400_000, 600_000, 900_000] {
        let simulate = trial.command("memory.duckdb", false, None);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"")).arg(simulate.get_program());
        shell.args(simulate.get_args()).env_clear().current_dir(trial.sandbox.path(""));
        codes.push(captured(&shell.output().expect("a shell")).code);
        trial.finish("memory.duckdb", &format!("{kilobytes} KB of address space"));
    }
    let output = simulate(trial, "memory.duckdb", &["--set", "optimization.memory_limit_gb=0.1"]);
    assert!([0, 7].contains(&output.code), "{}", output.stderr);
    trial.finish("memory.duckdb", "a memory limit of 100 MB");
    println!("environment: with little memory, runs ended with {codes:?} and {}, and were resumed", output.code);
}

fn races(trial: &Trial) {
    for race in 0..RACES {
        let spawn = || trial.command("race.duckdb", false, None).spawn().expect("spawn");
        let runners = [spawn(), spawn()];
        let outputs = runners.map(|child| captured(&child.wait_with_output().expect("wait")));
        let mut codes = outputs.each_ref().map(|output| output.code);
        codes.sort_unstable();
        // If one starts after the other has finished, it finds a run in the database.
        let refused = outputs.iter().find(|output| output.code != 0).expect("one is refused");
        assert!(codes == [0, 5] || codes == [0, 2], "race {race}: {codes:?}: {}", refused.stderr);
        if codes[1] == 5 {
            for part in ["is in use by process", "planalign simulate", "since 20"] {
                let reported = refused.stderr.replace(env!("CARGO_BIN_EXE_planalign"), "planalign");
                assert!(reported.contains(part), "race {race}: {reported}");
            }
        }
        trial.finish("race.duckdb", &format!("race {race}"));
    }
    println!("environment: in each of {RACES} races for one database, one run was refused");
}

fn another_program(trial: &Trial) {
    trial.copy_uninterrupted("shared.duckdb");
    let other = Database::open(&trial.sandbox.path("shared.duckdb"), &DatabaseOptions::default()).expect("open");
    let output = simulate(trial, "shared.duckdb", &[]);
    assert_eq!(output.code, 5, "{}", output.stderr);
    assert!(output.stderr.contains("is in use by another process"), "{}", output.stderr);
    drop(other);
    trial.finish("shared.duckdb", "a database that another program had open");
    println!("environment: a database that another program has open is refused");
}

/// A damaged file may crash the process that opens it, so a probe process opens it first.
fn engine_that_aborts(trial: &Trial) {
    trial.command("abort.duckdb", false, Some("committed@6=kill")).output().expect("run planalign");
    let mut status = trial.sandbox.command(&["status", "--database", "abort.duckdb"]);
    let status = status.env("PLANALIGN_FAILPOINT", "probe@1=abort").output();
    let resumed = trial.command("abort.duckdb", true, Some("probe@1=abort")).output();
    for output in [status, resumed].map(|output| captured(&output.expect("run planalign"))) {
        assert_eq!(output.code, 6, "{}", output.stderr);
        assert!(output.stderr.contains("the engine crashed on it"), "{}", output.stderr);
    }
    trial.finish("abort.duckdb", "an engine that aborts");
    println!("environment: a crash of the engine is reported with an exit code");
}

/// A run recorded with a start time in the future is still the latest.
fn clock(trial: &Trial) {
    trial.command("clock.duckdb", false, Some("committed@6=kill")).output().expect("run planalign");
    trial.sandbox.tamper("clock.duckdb", "update planalign.runs set started_at = '2999-01-01T00:00:00Z'");
    trial.finish("clock.duckdb", "a clock that was set back");
    trial.copy_uninterrupted("clock.duckdb");
    trial.sandbox.tamper("clock.duckdb", "update planalign.runs set started_at = '2999-01-01T00:00:00Z'");
    let output =
        captured(&trial.command("clock.duckdb", false, None).arg("--restart").output().expect("run planalign"));
    assert_eq!(output.code, 0, "{}", output.stderr);
    trial.finish("clock.duckdb", "a new run after a clock was set back");
    println!("environment: a clock that was set back doesn't confuse a run of {YEARS}");
}
