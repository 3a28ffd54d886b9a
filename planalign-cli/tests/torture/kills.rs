//! Kills runs repeatedly, resumed ones too, at seeded moments and at failpoints.

use std::time::Instant;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::sandbox::captured;
use crate::trial::{Trial, has_nothing_to_resume};

/// Failpoints, the most times a run passes each, and the longest delay from there to the kill in microseconds.
const FAILPOINTS: [(&str, u64, u64); 11] = [
    ("write.create", 1, 0),
    ("begin", 18, 0),
    ("write.statement", 700, 0),
    ("write.commit", 18, 300),
    ("committed", 18, 0),
    ("compact", 3, 8_000),
    ("compacted", 3, 0),
    ("close", 1, 10_000),
    ("write.report", 8, 0),
    ("write.mirror", 16, 500),
    ("write.log", 400, 0),
];

const MAX_KILLS: u32 = 5;

pub(crate) fn run(trial: &Trial, first_seed: u64, cases: u64) {
    if cases == 0 {
        return;
    }
    let mut kills = 0;
    for seed in first_seed..first_seed + cases {
        kills += case(trial, seed);
    }
    assert!(cases < 10 || kills > cases, "too few processes were killed: {kills} in {cases} cases");
    println!("kills: {cases} runs, killed {kills} times, ended with the same tables as an uninterrupted run");
}

/// Returns how many times a process was killed.
fn case(trial: &Trial, seed: u64) -> u64 {
    let case = format!("--seed {seed} --kills 1");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let database = "killed.duckdb";
    let mut kills = 0;
    for _ in 0..rng.random_range(1..=MAX_KILLS) {
        // A run killed before it was recorded can't be resumed.
        let resume = trial.exists(database) && kills > 0;
        let failpoint = failpoint(&mut rng);
        let mut child = trial.command(database, resume, failpoint.as_deref()).spawn().expect("spawn");
        if failpoint.is_none() {
            let moment = trial.duration.mul_f64(rng.random_range(0.01..1.0));
            let began = Instant::now();
            while began.elapsed() < moment && child.try_wait().expect("wait").is_none() {
                std::thread::yield_now();
            }
            let _ = child.kill();
        }
        let output = child.wait_with_output().expect("wait");
        if output.status.code().is_none() {
            kills += 1;
            continue;
        }
        let result = captured(&output);
        if has_nothing_to_resume(&result) {
            trial.remove(database);
            continue;
        }
        assert_eq!(result.code, 0, "{case}: {}", result.stderr);
        break;
    }
    trial.finish(database, &case);
    kills
}

/// Picks a failpoint and the pass at which it kills, or returns `None` to kill at a moment in time.
fn failpoint(rng: &mut ChaCha8Rng) -> Option<String> {
    if rng.random_bool(0.4) {
        return None;
    }
    let (name, passes, micros) = FAILPOINTS[rng.random_range(0..FAILPOINTS.len())];
    let (pass, delay) = (rng.random_range(1..=passes), rng.random_range(0..=micros));
    Some(format!("{name}@{pass}=kill+{delay}"))
}
