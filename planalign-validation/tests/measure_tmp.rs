use planalign_config::{Database, DatabaseOptions};
use planalign_validation::{RuleSettings, builtin_rules};
use std::time::Instant;
#[test]
fn measure() {
    let db = Database::open(
        std::path::Path::new("/tmp/vr/big.duckdb"),
        &DatabaseOptions { read_only: true, threads: Some(2), ..DatabaseOptions::default() },
    )
    .unwrap();
    let rules = builtin_rules(&db, &RuleSettings::new("baseline", "standard", 2025));
    let mut sum = 0.0;
    for rule in &rules {
        let mut best = f64::MAX;
        let mut n = 0;
        for i in 0..15 {
            let t = Instant::now();
            n += rule.check(2025 + i % 3).unwrap().len();
            best = best.min(t.elapsed().as_secs_f64() * 1000.0);
        }
        sum += best;
        println!("{best:7.2} ms {} {n}", rule.name());
    }
    println!("{sum:7.2} ms all");
}
