//! `DuckDB` built from source and prebuilt differ in what is linked into them: ICU, autocomplete, and an allocator. Nothing may
//! depend on that, or on the machine's time zone.

use std::collections::BTreeSet;
use std::path::Path;

use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{Sandbox, differences, repository};

/// Extensions linked into both builds.
const NEEDED: [&str; 3] = ["core_functions", "json", "parquet"];

/// Extensions linked into the prebuilt one only.
const TOLERATED: [&str; 4] = ["autocomplete", "icu", "jemalloc", "shell"];

/// The values in a query's column `name`.
fn names(database: &Database, sql: &str) -> BTreeSet<String> {
    database.query(sql, &[]).and_then(|table| table.texts("name")).expect("a list").into_iter().collect()
}

#[test]
fn only_known_parts_of_duckdb_are_linked() {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("a database");
    let loaded = names(&database, "select extension_name as name from duckdb_extensions() where loaded");
    let missing: Vec<_> = NEEDED.into_iter().filter(|name| !loaded.contains(*name)).collect();
    let unknown: Vec<_> =
        loaded.iter().filter(|name| !NEEDED.iter().chain(&TOLERATED).any(|known| known == name)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}, unknown: {unknown:?}");
}

/// All SQL in a folder of the project: models, macros, tests.
fn sql_in(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("list").map(|entry| entry.expect("entry").path());
    entries
        .filter(|path| !path.ends_with("target") && !path.ends_with("logs"))
        .map(|path| match path.extension() {
            _ if path.is_dir() => sql_in(&path),
            Some(extension) if extension == "sql" => std::fs::read_to_string(&path).expect("read"),
            _ => String::new(),
        })
        .collect()
}

/// Words before a parenthesis.
fn called(sql: &str) -> BTreeSet<String> {
    let before = sql.split('(').map(str::trim_end);
    let word = |text: &str| {
        let start = text.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        text[start..].to_ascii_lowercase()
    };
    before.map(word).filter(|word| !word.is_empty()).collect()
}

/// The committed list holds for both builds, so a function that only one of them has, or has with another signature, fails the test.
/// ICU only adds signatures for times with a time zone; a test below checks that no column has such a type.
#[test]
fn functions_used_by_models_are_the_same_in_both_builds() {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("a database");
    let called: Vec<String> = called(&sql_in(&repository().join("dbt"))).iter().map(|n| format!("'{n}'")).collect();
    let sql = format!(
        "with functions as (
            select distinct concat_ws(' ', function_name, function_type, parameter_types::varchar, varargs, '->', return_type) as name
            from duckdb_functions() where internal and function_name in ({})
        )
        from functions where name not like '%WITH TIME ZONE%'",
        called.join(", ")
    );
    let functions: Vec<String> = names(&database, &sql).into_iter().collect();
    assert!(functions.len() > 50, "{functions:?}");
    insta::assert_snapshot!(functions.join("\n"));
}

#[test]
fn rows_do_not_depend_on_the_time_zone() {
    let sandbox = Sandbox::new(300);
    let in_zone = |zone: &str, database: &str| {
        let arguments = ["2025-2026", "--progress", "none", "--database", database, "--reports", zone];
        let output = sandbox.simulate_command(&arguments).env("TZ", zone).output().expect("run planalign");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        sandbox.path(database)
    };
    let reference = in_zone("UTC", "utc.duckdb");
    for (zone, database) in [("America/Chicago", "chicago.duckdb"), ("Asia/Tokyo", "tokyo.duckdb")] {
        assert_eq!(differences(&reference, &in_zone(zone, database)), Vec::<String>::new(), "{zone}");
    }
    let with_zone = "select concat_ws('.', table_name, column_name) as name from duckdb_columns() \
                     where schema_name = 'main' and not internal and data_type like '%WITH TIME ZONE%'";
    assert_eq!(names(&sandbox.open("utc.duckdb"), with_zone), BTreeSet::new());
}
