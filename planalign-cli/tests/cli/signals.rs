//! Stop requests: a run stops at a safe point, reports it, and resumes later as if uninterrupted.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{Sandbox, differences};

const YEARS: &str = "2025-2032";

/// Sends the signals, one right after the other, once the first stage is committed. Returns the exit code and the output from then
/// on.
fn stopped_by(sandbox: &Sandbox, signals: &[Signal]) -> (Option<i32>, String) {
    let mut command = sandbox.simulate_command(&[YEARS, "--database", "stopped.duckdb", "--progress", "json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("spawn");
    let mut stderr = BufReader::new(child.stderr.take().expect("stderr"));
    let mut line = String::new();
    while !line.contains("stage_finished") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("a line") > 0, "the run ended before its first stage");
    }
    let process = Pid::from_raw(i32::try_from(child.id()).expect("id"));
    for signal in signals {
        kill(process, *signal).expect("signal");
    }
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("the rest");
    (child.wait().expect("wait").code(), rest)
}

#[test]
fn a_signal_stops_a_run_where_it_can_be_resumed() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&[YEARS, "--database", "uninterrupted.duckdb"]);
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let (found, output) = stopped_by(&sandbox, &[signal]);
        assert_eq!(found, Some(code), "{output}");
        assert!(output.contains("Stopping at the next safe point"), "{output}");
        assert!(output.contains("error: interrupted, committed through 20"), "{output}");
        // The advice is a command that can be pasted.
        let advice = output.lines().find_map(|line| line.strip_prefix("help: to resume, run `")?.strip_suffix('`'));
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(advice.expect("advice")).current_dir(sandbox.path(""));
        let resumed = shell.output().expect("a shell");
        assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
        let different = differences(&sandbox.path("uninterrupted.duckdb"), &sandbox.path("stopped.duckdb"));
        assert_eq!(different, Vec::<String>::new());
        std::fs::remove_file(sandbox.path("stopped.duckdb")).expect("remove");
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once_without_losing_anything() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&[YEARS, "--database", "uninterrupted.duckdb"]);
    let (found, output) = stopped_by(&sandbox, &[Signal::SIGINT, Signal::SIGTERM]);
    // The exit code is that of the signal handled first.
    assert!(matches!(found, Some(130 | 143)), "{found:?}: {output}");
    sandbox.simulated(&[YEARS, "--database", "stopped.duckdb", "--resume"]);
    let different = differences(&sandbox.path("uninterrupted.duckdb"), &sandbox.path("stopped.duckdb"));
    assert_eq!(different, Vec::<String>::new());
}
