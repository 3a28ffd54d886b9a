//! The two builds of `DuckDB`, from source and prebuilt, differ in what is linked into them: ICU, autocomplete, and an allocator.
//! Nothing may depend on that, nor on where in the world the machine is.

use std::collections::BTreeSet;
use std::path::Path;

use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{Sandbox, differences, repository};

/// What is linked into each of the two.
const NEEDED: [&str; 3] = ["core_functions", "json", "parquet"];

/// What is linked into the prebuilt one alone.
const TOLERATED: [&str; 4] = ["autocomplete", "icu", "jemalloc", "shell"];

/// The column `name` of a query.
fn names(database: &Database, sql: &str) -> BTreeSet<String> {
    database.query(sql, &[]).and_then(|table| table.texts("name")).expect("a list").into_iter().collect()
}

#[test]
fn no_part_of_duckdb_is_linked_that_is_not_known() {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("a database");
    let loaded = names(&database, "select extension_name as name from duckdb_extensions() where loaded");
    let missing: Vec<_> = NEEDED.into_iter().filter(|name| !loaded.contains(*name)).collect();
    let unknown: Vec<_> =
        loaded.iter().filter(|name| !NEEDED.iter().chain(&TOLERATED).any(|known| known == name)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}, unknown: {unknown:?}");
}

/// Text of all SQL of the project: models, macros, tests.
fn sql_below(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("list").map(|entry| entry.expect("entry").path());
    entries
        .filter(|path| !path.ends_with("target") && !path.ends_with("logs"))
        .map(|path| match path.extension() {
            _ if path.is_dir() => sql_below(&path),
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

/// The committed list is that of both builds, so a function that one of them has alone, or has in another form, shows up.
/// ICU only adds forms of functions for times with a zone; a test below checks that no such column exists.
#[test]
fn the_functions_that_models_use_are_the_same_in_both() {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("a database");
    let called: Vec<String> = called(&sql_below(&repository().join("dbt"))).iter().map(|n| format!("'{n}'")).collect();
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
fn rows_are_the_same_wherever_the_machine_is() {
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
