//! The same inputs and seed give the same rows, and another seed gives different ones.

use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{Sandbox, census, differences};

const YEARS: &str = "2025-2027";

#[test]
fn two_runs_give_the_same_tables() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&[YEARS, "--database", "a.duckdb"]);
    sandbox.simulated(&[YEARS, "--database", "b.duckdb"]);
    assert_eq!(differences(&sandbox.path("a.duckdb"), &sandbox.path("b.duckdb")), Vec::<String>::new());
}

#[test]
fn neither_threads_nor_workers_nor_the_order_of_models_matter() {
    // More than one row group, so that there is work for two threads.
    let sandbox = Sandbox::new(12_000);
    sandbox.simulated(&[YEARS, "--database", "a.duckdb", "--threads", "1", "--workers", "1"]);
    for (name, options) in [
        ("b.duckdb", ["--threads=2", "--workers=1"]),
        ("c.duckdb", ["--threads=1", "--workers=2"]),
        ("d.duckdb", ["--workers=2", "--shuffle=7"]),
    ] {
        sandbox.simulated(&[YEARS, "--database", name, options[0], options[1]]);
        assert_eq!(differences(&sandbox.path("a.duckdb"), &sandbox.path(name)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_order_of_the_census_does_not_matter() {
    let sandbox = Sandbox::new(400);
    let text = census(400, 1);
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    sandbox.write("reversed.csv", &(lines.join("\n") + "\n"));
    sandbox.simulated(&[YEARS, "--database", "a.duckdb"]);
    sandbox.simulated(&[YEARS, "--database", "b.duckdb", "--census", "reversed.csv"]);
    let different = differences(&sandbox.path("a.duckdb"), &sandbox.path("b.duckdb"));
    // These two tables contain the row numbers of the file.
    let expected: Vec<String> = different.iter().filter(|t| t.starts_with("main.stg_census_")).cloned().collect();
    assert_eq!(different, expected);
}

#[test]
fn adding_years_does_not_change_earlier_ones() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2026", "--database", "continued.duckdb"]);
    sandbox.simulated(&["2025-2028", "--database", "continued.duckdb", "--resume"]);
    sandbox.simulated(&["2025-2028", "--database", "at_once.duckdb"]);
    let different = differences(&sandbox.path("continued.duckdb"), &sandbox.path("at_once.duckdb"));
    assert_eq!(different, Vec::<String>::new());
}

#[test]
fn a_renamed_copy_of_the_file_resumes_to_the_same_tables() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2026", "--database", "first.duckdb"]);
    std::fs::copy(sandbox.path("first.duckdb"), sandbox.path("copy.duckdb")).expect("copy");
    sandbox.simulated(&["2025-2027", "--database", "copy.duckdb", "--resume"]);
    sandbox.simulated(&["2025-2027", "--database", "at_once.duckdb"]);
    assert_eq!(differences(&sandbox.path("copy.duckdb"), &sandbox.path("at_once.duckdb")), Vec::<String>::new());
    let enrolled = |name: &str| {
        let sql = "select count(*) from int_enrollment_state_accumulator where is_enrolled and simulation_year <= 2026";
        sandbox.open(name).query_value(sql, &[]).expect("query").integer()
    };
    assert!(enrolled("copy.duckdb") > Some(400));
    assert_eq!(enrolled("copy.duckdb"), enrolled("first.duckdb"));
}

#[test]
fn another_seed_changes_draws_of_every_kind() {
    let sandbox = Sandbox::new(1500);
    sandbox.simulated(&["2025-2026", "--database", "a.duckdb"]);
    sandbox.simulated(&["2025-2026", "--database", "b.duckdb", "--set", "simulation.random_seed=43"]);
    let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
    for alias in ["a", "b"] {
        let path = sandbox.path(&format!("{alias}.duckdb"));
        database.execute_batch(&format!("attach '{}' as {alias} (read_only)", path.display())).expect("attach");
    }
    let kinds = "select distinct event_type || '/' || event_category as kind from a.fct_yearly_events \
                 where event_type not in ('eligibility', 'raise', 'deferral_escalation') order by 1";
    let kinds = database.query(kinds, &[]).and_then(|table| table.texts("kind")).expect("kinds");
    assert!(kinds.len() >= 6, "{kinds:?}");
    for kind in kinds {
        let of = |alias: &str| {
            format!(
                "select employee_id, effective_date, compensation_amount, employee_deferral_rate \
                 from {alias}.fct_yearly_events where event_type || '/' || event_category = '{kind}'"
            )
        };
        let sql = format!("select count(*) from (({}) except all ({}))", of("a"), of("b"));
        let changed = database.query_value(&sql, &[]).expect("compare").integer();
        assert!(changed > Some(0), "{kind} events are the same with another seed");
    }
}
