//! Reports that are made again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::sandbox::{Sandbox, said};

/// The files of a directory and what they hold.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file")))
        .collect()
}

#[test]
fn reports_made_again_are_the_same_to_the_byte() {
    let sandbox = Sandbox::new(300);
    let simulated = sandbox.simulated(&["2025-2027"]);
    let reported = said(&sandbox.command(&["report", "--reports", "again"]).output().expect("run planalign"));
    assert_eq!((reported.code, reported.stderr.as_str()), (0, ""));
    assert_eq!(reported.stdout, simulated.stdout);
    let again = files(&sandbox.path("again"));
    assert_eq!(
        again.keys().collect::<Vec<_>>(),
        [
            "multi_year_summary_2025_2027.csv",
            "multi_year_summary_2025_2027.json",
            "year_2025.json",
            "year_2026.json",
            "year_2027.json"
        ]
    );
    assert_eq!(again, files(&sandbox.path("reports")));
    let one =
        said(&sandbox.command(&["report", "--reports", "one", "--year", "2026"]).output().expect("run planalign"));
    assert_eq!(one.code, 0);
    let one = files(&sandbox.path("one"));
    assert_eq!(one.keys().collect::<Vec<_>>(), ["year_2026.json"]);
    assert_eq!(one["year_2026.json"], again["year_2026.json"]);
}

#[test]
fn what_cannot_be_reported_is_told() {
    let sandbox = Sandbox::new(300);
    let told = said(&sandbox.command(&["report"]).output().expect("run planalign"));
    assert_eq!(told.code, 2);
    insta::assert_snapshot!(sandbox.redact(&told.stderr), @"
    error: there is no database simulation.duckdb
    hint: name the file with --database, or run `planalign simulate` first
    ");
    sandbox.simulated(&["2025-2026"]);
    let told = said(&sandbox.command(&["report", "--year", "2031"]).output().expect("run planalign"));
    assert_eq!(told.code, 2);
    insta::assert_snapshot!(sandbox.redact(&told.stderr), @"
    error: 2031 has not been simulated; 2025 to 2026 have
    hint: `planalign status` tells how far a run is; `planalign simulate` runs one
    ");
    sandbox.write("file", "");
    let told = said(&sandbox.command(&["report", "--reports", "file"]).output().expect("run planalign"));
    assert_eq!(told.code, 7);
    insta::assert_snapshot!(sandbox.redact(&told.stderr), @"
    error: the reports cannot be made
      cannot write file/year_2025.json: File exists (os error 17)
    hint: name another directory with --reports
    ");
    drop(planalign_config::Database::open(
        &sandbox.path("empty.duckdb"),
        &planalign_config::DatabaseOptions::default(),
    ));
    let told = said(&sandbox.command(&["report", "--database", "empty.duckdb"]).output().expect("run planalign"));
    assert_eq!(told.code, 2);
    insta::assert_snapshot!(sandbox.redact(&told.stderr), @"
    error: the database holds no simulated year
    hint: `planalign status` tells how far a run is; `planalign simulate` runs one
    ");
}
