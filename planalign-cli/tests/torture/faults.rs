//! Fails the nth write, for each n: the exit code is right, the message says why, and nothing committed is lost.

use crate::sandbox::captured;
use crate::trial::Trial;

/// How a write fails, texts of which the message must contain one, and the allowed exit codes. A run succeeds if the write can be
/// retried or skipped (the log, the mirror).
const WAYS: [(&str, &[&str], &[i32]); 3] = [
    ("eio", &["Input/output error"], &[0, 7]),
    ("enospc", &["No space left on device"], &[0, 7]),
    ("eacces", &["Permission denied", "no permission to use"], &[0, 7]),
];

pub(crate) fn run(trial: &Trial, every: usize) {
    if every == 0 {
        return;
    }
    let writes = count_writes(trial);
    let mut failures = 0;
    for (way, texts, codes) in WAYS {
        for at in (1..=writes).step_by(every) {
            let case = format!("PLANALIGN_FAILPOINT=write@{at}={way}");
            let failpoint = format!("write@{at}={way}");
            let output =
                captured(&trial.command("faulty.duckdb", false, Some(&failpoint)).output().expect("run planalign"));
            assert!(codes.contains(&output.code), "{case}: exit code {}: {}", output.code, output.stderr);
            if output.code != 0 {
                failures += 1;
                assert!(texts.iter().any(|text| output.stderr.contains(text)), "{case}: {}", output.stderr);
                assert!(
                    output.stderr.starts_with("error: ") || output.stderr.contains("\nerror: "),
                    "{case}: {}",
                    output.stderr
                );
            }
            trial.finish("faulty.duckdb", &case);
        }
    }
    assert!(failures > 0, "no run failed");
    println!(
        "faults: failed 1 in {every} of {writes} writes in {} ways; {failures} runs failed, and all resumed",
        WAYS.len()
    );
}

/// Counts a run's writes: a run that is to be killed at write n completes if it has fewer.
fn count_writes(trial: &Trial) -> usize {
    let is_reached = |at: usize| {
        let failpoint = format!("write@{at}=kill");
        let status = trial.command("counted.duckdb", false, Some(&failpoint)).output().expect("run planalign").status;
        trial.remove("counted.duckdb");
        status.code().is_none()
    };
    let mut beyond = 512;
    while is_reached(beyond) {
        beyond *= 2;
    }
    let mut reached = beyond / 2;
    while beyond - reached > 1 {
        let middle = reached.midpoint(beyond);
        if is_reached(middle) { reached = middle } else { beyond = middle }
    }
    reached
}
