//! A machine that is full, forbids writing, is short of memory, or is used by others too.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{CommandOutput, captured};
use crate::trial::{Trial, YEARS};

/// Two processes at a time try to run one database, so often.
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
        println!("surroundings: no file system can be mounted here, so a full and a read-only disk were not tried");
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
        fs::create_dir_all(&path).expect("a folder");
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
        assert!(status.expect("mount").success(), "remounted with {options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
    }
}

fn full_disk(trial: &Trial, disk: &Disk) {
    disk.remount("size=3m");
    let end = simulate(trial, "disk/full.duckdb", &[]);
    assert_eq!(end.code, 7, "{}", end.stderr);
    assert!(end.stderr.contains("MB free, and 3 years of 300 employees take about 10 MB"), "{}", end.stderr);
    trial.remove("disk/full.duckdb");
    let mut full = 0;
    for more in (800..6_800).step_by(400) {
        disk.remount("size=256m");
        trial.command("disk/full.duckdb", false, Some("committed@3=kill")).output().expect("run planalign");
        let kilobytes = disk.used_kilobytes() + more;
        disk.remount(&format!("size={kilobytes}k"));
        let end = simulate(trial, "disk/full.duckdb", &[]);
        assert!([0, 7].contains(&end.code), "{kilobytes} KB: exit code {}: {}", end.code, end.stderr);
        if end.code == 7 {
            full += 1;
            assert!(end.stderr.contains("No space left on device"), "{kilobytes} KB: {}", end.stderr);
        }
        disk.remount("size=256m");
        trial.finish("disk/full.duckdb", &format!("a disk of {kilobytes} KB"));
        let _ = fs::remove_dir_all(disk.path.join(".planalign_checkpoints"));
        let _ = fs::remove_dir_all(disk.path.join("logs"));
    }
    assert!(full > 3, "the disk was full in {full} cases only");
    println!("surroundings: the disk was full in {full} cases, and each run resumed once there was space");
}

fn read_only_disk(trial: &Trial, disk: &Disk) {
    disk.remount("size=256m");
    let end =
        captured(&trial.command("disk/fixed.duckdb", false, Some("committed@4=kill")).output().expect("run planalign"));
    assert_eq!(end.code, -1, "{}", end.stderr);
    disk.remount("ro");
    let end = simulate(trial, "disk/fixed.duckdb", &[]);
    assert_eq!(end.code, 7, "{}", end.stderr);
    disk.remount("rw");
    trial.finish("disk/fixed.duckdb", "a read-only disk");
    println!("surroundings: a read-only disk is reported, and the run resumes when it is writable");
}

/// Little address space, or little memory by configuration: the process may end as it likes, what is committed stays.
fn memory(trial: &Trial) {
    let mut ends = Vec::new();
    for kilobytes in [200_000, 300_000, 400_000, 600_000, 900_000] {
        let simulate = trial.command("memory.duckdb", false, None);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"")).arg(simulate.get_program());
        shell.args(simulate.get_args()).env_clear().current_dir(trial.sandbox.path(""));
        ends.push(captured(&shell.output().expect("a shell")).code);
        trial.finish("memory.duckdb", &format!("{kilobytes} KB of address space"));
    }
    let end = simulate(trial, "memory.duckdb", &["--set", "optimization.memory_limit_gb=0.1"]);
    assert!([0, 7].contains(&end.code), "{}", end.stderr);
    trial.finish("memory.duckdb", "a memory limit of 100 MB");
    println!("surroundings: with little memory runs ended with {ends:?} and {}, and went on", end.code);
}

fn races(trial: &Trial) {
    for race in 0..RACES {
        let spawn = || trial.command("race.duckdb", false, None).spawn().expect("spawn");
        let runners = [spawn(), spawn()];
        let ends = runners.map(|child| captured(&child.wait_with_output().expect("wait")));
        let mut codes = ends.each_ref().map(|end| end.code);
        codes.sort_unstable();
        // Who comes after the other has ended finds its run.
        let refused = ends.iter().find(|end| end.code != 0).expect("one of them is refused");
        assert!(codes == [0, 5] || codes == [0, 2], "race {race}: {codes:?}: {}", refused.stderr);
        if codes[1] == 5 {
            for part in ["is in use by process", "planalign simulate", "since 20"] {
                let reported = refused.stderr.replace(env!("CARGO_BIN_EXE_planalign"), "planalign");
                assert!(reported.contains(part), "race {race}: {reported}");
            }
        }
        trial.finish("race.duckdb", &format!("race {race}"));
    }
    println!("surroundings: of two runs of one database, {RACES} times one was refused");
}

fn another_program(trial: &Trial) {
    trial.copy_whole("shared.duckdb");
    let other = Database::open(&trial.sandbox.path("shared.duckdb"), &DatabaseOptions::default()).expect("open");
    let end = simulate(trial, "shared.duckdb", &[]);
    assert_eq!(end.code, 5, "{}", end.stderr);
    assert!(end.stderr.contains("is in use by another process"), "{}", end.stderr);
    drop(other);
    trial.finish("shared.duckdb", "a database that another program had open");
    println!("surroundings: a database that another program has open is refused");
}

/// A damaged file may end the process that opens it: another one than that of the user.
fn engine_that_aborts(trial: &Trial) {
    trial.command("abort.duckdb", false, Some("committed@6=kill")).output().expect("run planalign");
    let mut status = trial.sandbox.command(&["status", "--database", "abort.duckdb"]);
    let status = status.env("PLANALIGN_FAILPOINT", "probe@1=abort").output();
    let resumed = trial.command("abort.duckdb", true, Some("probe@1=abort")).output();
    for end in [status, resumed].map(|output| captured(&output.expect("run planalign"))) {
        assert_eq!(end.code, 6, "{}", end.stderr);
        assert!(end.stderr.contains("the engine crashed on it"), "{}", end.stderr);
    }
    trial.finish("abort.duckdb", "an engine that aborts");
    println!("surroundings: an engine that ends its process is reported with an exit code");
}

/// A run that was recorded in what is now the future is the latest all the same.
fn clock(trial: &Trial) {
    trial.command("clock.duckdb", false, Some("committed@6=kill")).output().expect("run planalign");
    trial.sandbox.tamper("clock.duckdb", "update planalign.runs set started_at = '2999-01-01T00:00:00Z'");
    trial.finish("clock.duckdb", "a clock that was set back");
    trial.copy_whole("clock.duckdb");
    trial.sandbox.tamper("clock.duckdb", "update planalign.runs set started_at = '2999-01-01T00:00:00Z'");
    let end = captured(&trial.command("clock.duckdb", false, None).arg("--restart").output().expect("run planalign"));
    assert_eq!(end.code, 0, "{}", end.stderr);
    trial.finish("clock.duckdb", "a new run after a clock was set back");
    println!("surroundings: a clock that was set back confuses no run of {YEARS}");
}
