//! SIGKILL at seeded moments and at named places, again and again, also while a run is resumed.

use std::time::Instant;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::sandbox::captured;
use crate::trial::{Trial, is_nothing_to_resume};

/// Named places, how often a run passes them at most, and the longest time from there to the kill in microseconds.
const PLACES: [(&str, u64, u64); 11] = [
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

const MOST_KILLS: u32 = 5;

pub(crate) fn run(trial: &Trial, first_seed: u64, cases: u64) {
    if cases == 0 {
        return;
    }
    let mut kills = 0;
    for seed in first_seed..first_seed + cases {
        kills += case(trial, seed);
    }
    assert!(cases < 10 || kills > cases, "too few processes were killed: {kills} in {cases} cases");
    println!("kills: {cases} runs were killed {kills} times and ended with the tables of an uninterrupted one");
}

/// Returns how often a process was killed.
fn case(trial: &Trial, seed: u64) -> u64 {
    let case = format!("--seed {seed} --kills 1");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let database = "killed.duckdb";
    let mut kills = 0;
    for _ in 0..rng.random_range(1..=MOST_KILLS) {
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
        let end = captured(&output);
        if is_nothing_to_resume(&end) {
            trial.remove(database);
            continue;
        }
        assert_eq!(end.code, 0, "{case}: {}", end.stderr);
        break;
    }
    trial.finish(database, &case);
    kills
}

/// A place and a pass of it, or `None` for a moment in time.
fn failpoint(rng: &mut ChaCha8Rng) -> Option<String> {
    if rng.random_bool(0.4) {
        return None;
    }
    let (place, passes, micros) = PLACES[rng.random_range(0..PLACES.len())];
    let (at, later) = (rng.random_range(1..=passes), rng.random_range(0..=micros));
    Some(format!("{place}@{at}=kill+{later}"))
}
