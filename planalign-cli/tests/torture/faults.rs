//! The n-th write fails, for each n: right exit code, a message that says why, and nothing that was committed is lost.

use crate::sandbox::captured;
use crate::trial::Trial;

/// How a write fails, the texts of which the message must contain one, and the allowed exit codes. What can be tried again, or done without
/// (the log, the mirror), ends well.
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
            let end =
                captured(&trial.command("faulty.duckdb", false, Some(&failpoint)).output().expect("run planalign"));
            assert!(codes.contains(&end.code), "{case}: exit code {}: {}", end.code, end.stderr);
            if end.code != 0 {
                failures += 1;
                assert!(texts.iter().any(|text| end.stderr.contains(text)), "{case}: {}", end.stderr);
                assert!(
                    end.stderr.starts_with("error: ") || end.stderr.contains("\nerror: "),
                    "{case}: {}",
                    end.stderr
                );
            }
            trial.finish("faulty.duckdb", &case);
        }
    }
    assert!(failures > 0, "no write has failed a run");
    println!(
        "faults: 1 in {every} of {writes} writes failed in {} ways, which failed {failures} runs; all resumed",
        WAYS.len()
    );
}

/// How many writes a run makes: it is killed at its n-th write as long as there is one.
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
