//! Objects in a database that would silently replace what models and checks use.

use crate::sandbox::{CommandOutput, Sandbox, captured};

const YEARS: &str = "2025-2026";

fn verified(sandbox: &Sandbox) -> CommandOutput {
    captured(&sandbox.command(&["checkpoint", "verify"]).output().expect("run planalign"))
}

#[test]
fn macros_and_views_that_replace_others_are_refused_by_name() {
    let sandbox = Sandbox::new(100);
    sandbox.simulated(&["2025-2025"]);
    for (create, drop, object) in [
        ("macro sum(x) as 7", "macro main.\"sum\"", "macro `sum`"),
        ("macro count_star() as 7", "macro main.count_star", "macro `count_star`"),
        ("macro \"+\"(a, b) as 7", "macro main.\"+\"", "macro `+`"),
        ("macro year(x) as 7", "macro main.year", "macro `year`"),
        ("macro xor(a, b) as 7::ubigint", "macro main.xor", "macro `xor`"),
        ("macro hash(x) as 7::ubigint", "macro main.hash", "macro `hash`"),
        ("macro md5_number(x) as 7::uhugeint", "macro main.md5_number", "macro `md5_number`"),
        ("macro current_database() as 'other'", "macro main.current_database", "macro `current_database`"),
        (
            "macro duckdb_functions() as table select 'x' as function_name",
            "macro table main.duckdb_functions",
            "table macro `duckdb_functions`",
        ),
        ("macro draw(a, b) as 0.5", "macro main.draw", "macro `draw`"),
        ("view duckdb_columns as select 1 as a", "view main.duckdb_columns", "view `duckdb_columns`"),
        ("table sqlite_master (a int)", "table main.sqlite_master", "table `sqlite_master`"),
    ] {
        sandbox.tamper("simulation.duckdb", &format!("create {create}"));
        let resumed = sandbox.simulate(&[YEARS, "--resume", "--progress", "none"]);
        for refused in [verified(&sandbox), resumed] {
            assert_eq!((refused.code, refused.stdout.as_str()), (6, ""), "{create}: {}", refused.stderr);
            assert!(refused.stderr.contains(object), "{create}: {}", refused.stderr);
        }
        sandbox.tamper("simulation.duckdb", &format!("drop {drop}"));
        assert_eq!(verified(&sandbox).code, 0, "{create}");
    }
    sandbox.tamper(
        "simulation.duckdb",
        "create macro year(x) as 7; create macro range(x) as table select 7 as range; create macro own_rate(x) as x;
         create schema other; create macro other.sum(x) as x",
    );
    insta::assert_snapshot!(verified(&sandbox).stderr, @r#"
    error: the database has 2 objects named like functions or views of the engine, which they would replace
      macro `year`
      table macro `range`
    help: drop what you don't need with any DuckDB client: `drop macro main."year"; drop macro table main."range"`
          what was computed with them is wrong; to compute it again, run `planalign simulate --restart` with the run's options
    "#);
    let advised = verified(&sandbox).stderr;
    let drop = advised.split('`').find(|text| text.starts_with("drop ")).expect("advice").to_owned();
    sandbox.tamper("simulation.duckdb", &drop);
    sandbox.simulated(&[YEARS, "--resume"]);
}

#[test]
fn a_run_does_not_start_in_a_database_with_such_objects() {
    let sandbox = Sandbox::new(100);
    for (create, object) in
        [("create macro xor(a, b) as 7", "macro `xor`"), ("create macro draw(a) as 7", "macro `draw`")]
    {
        sandbox.tamper("a.duckdb", create);
        let refused = sandbox.simulate(&[YEARS, "--database", "a.duckdb", "--progress", "none"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (6, ""), "{}", refused.stderr);
        assert!(refused.stderr.contains(object), "{}", refused.stderr);
        std::fs::remove_file(sandbox.path("a.duckdb")).expect("remove");
    }
}
