//! Kills the real binary at seeded moments and resumes it; this doesn't affect the results.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::sandbox::{Sandbox, differences};

const YEARS: &str = "2025-2027";
const KILLS: u64 = 20;

#[test]
fn a_run_killed_at_twenty_moments_ends_with_the_same_tables() {
    let sandbox = Sandbox::new(400);
    let began = Instant::now();
    sandbox.simulated(&[YEARS, "--database", "uninterrupted.duckdb", "--reports", "uninterrupted"]);
    let duration = began.elapsed();
    for seed in 0..KILLS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let database = format!("killed_{seed}.duckdb");
        let reports = format!("killed_{seed}");
        kill_after(&sandbox, &["--database", &database, "--reports", &reports], moment(&mut rng, duration));
        // Kill it again while it resumes, then let it finish.
        if sandbox.path(&database).exists() {
            kill_after(
                &sandbox,
                &["--database", &database, "--reports", &reports, "--resume"],
                moment(&mut rng, duration),
            );
        }
        let mut output = sandbox.simulate(&[YEARS, "--database", &database, "--reports", &reports, "--resume"]);
        if output.code == 2 {
            // Killed before the run was recorded.
            let is_new = ["no run to resume", "` not found"].iter().any(|text| output.stderr.contains(text));
            assert!(is_new, "seed {seed}: {}", output.stderr);
            output = sandbox.simulate(&[YEARS, "--database", &database, "--reports", &reports]);
        }
        assert_eq!(output.code, 0, "seed {seed}: {}", output.stderr);
        let different = differences(&sandbox.path("uninterrupted.duckdb"), &sandbox.path(&database));
        assert_eq!(different, Vec::<String>::new(), "seed {seed}");
        for report in ["year_2025.json", "year_2026.json", "year_2027.json", "multi_year_summary_2025_2027.csv"] {
            assert!(sandbox.path(&reports).join(report).exists(), "seed {seed}: {report} is missing");
        }
    }
}

fn moment(rng: &mut ChaCha8Rng, total: Duration) -> Duration {
    total.mul_f64(rng.random_range(0.02..0.98))
}

/// Starts a run and kills it, unless it finishes first.
fn kill_after(sandbox: &Sandbox, arguments: &[&str], moment: Duration) {
    let mut command = sandbox.simulate_command(&[YEARS]);
    command.args(arguments).args(["--progress", "none"]).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().expect("spawn");
    while began.elapsed() < moment && child.try_wait().expect("wait").is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().expect("wait");
}
