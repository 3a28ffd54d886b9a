//! Small inputs from real use that failed, in `tests/cases`, each with the right result.

use std::path::PathBuf;

use crate::sandbox::{CommandOutput, Sandbox, repository};

fn case(path: &str) -> String {
    let path: PathBuf = repository().join("planalign-cli/tests/cases").join(path);
    path.to_string_lossy().into_owned()
}

/// Simulates one year of a census.
fn simulated(sandbox: &Sandbox, census: &str, arguments: &[&str]) -> CommandOutput {
    let census = case(census);
    let fixed = ["2025", "--restart", "--census", &census, "--database", "case.duckdb", "--progress", "none"];
    sandbox.simulate(&[&fixed[..], arguments].concat())
}

/// ID, birth date, hire date, pay, and deferral rate of the people in the census.
fn people(sandbox: &Sandbox) -> Vec<String> {
    let sql = "select concat_ws(' ', employee_id, employee_birth_date, employee_hire_date, employee_gross_compensation, \
               employee_deferral_rate) as person from stg_census_data order by 1";
    sandbox.open("case.duckdb").query(sql, &[]).expect("query").texts("person").expect("texts")
}

const FOUR: [&str; 4] = [
    "E1 1980-04-10 2012-02-01 60000.00 0.000000",
    "E2 1971-09-22 2019-06-03 85000.00 0.000000",
    "E3 1990-01-15 2021-11-29 52000.00 0.000000",
    "E4 1966-07-30 2008-03-17 140000.00 0.000000",
];

#[track_caller]
fn is_read(census: &str, arguments: &[&str], expect: &[&str], says: &[&str]) {
    let sandbox = Sandbox::new(1);
    let output = simulated(&sandbox, census, arguments);
    assert_eq!(output.code, 0, "{census}: {}", output.stderr);
    assert_eq!(people(&sandbox), expect, "{census}");
    for part in says {
        assert!(output.stderr.contains(part), "no {part} in {}", output.stderr);
    }
}

#[track_caller]
fn is_rejected(census: &str, arguments: &[&str], says: &[&str]) {
    let sandbox = Sandbox::new(1);
    let output = simulated(&sandbox, census, arguments);
    assert_eq!(output.code, 3, "{census}: {}", output.stderr);
    for part in says {
        assert!(output.stderr.contains(part), "no {part} in {}", output.stderr);
    }
    assert!(!output.stderr.contains("cannot run") && !output.stderr.contains("=off"), "{}", output.stderr);
}

#[test]
fn us_dates_and_dollar_signs_are_read() {
    is_read("all-rows-rejected/us_dates.csv", &[], &FOUR, &["dates in `employee_birth_date` read as month/day/year"]);
    is_read("all-rows-rejected/dollar_sign.csv", &[], &FOUR, &[]);
}

#[test]
fn a_census_without_an_accepted_row_is_rejected_with_the_causes() {
    let says = ["employee_hire_date: not a date: 3 of 5 rows rejected", "no census rows left to simulate"];
    is_rejected("dates-with-text-behind/notes.csv", &[], &says);
    is_rejected("dates-with-text-behind/notes.csv", &["--set", "census.max_rejected_share=1"], &says);
}

#[test]
fn every_column_can_be_mapped() {
    let map = case("every-column-mapped/map.yaml");
    is_read("every-column-mapped/four_columns.csv", &["--scenario", &map], &FOUR, &[]);
    is_read("every-column-mapped/four_columns.csv", &[], &FOUR, &["`Emp No` is employee_id"]);
    let map = case("every-column-mapped/map_case.yaml");
    is_read("every-column-mapped/case_differs.csv", &["--scenario", &map], &FOUR, &[]);
    let both = ["--set", "census.columns={employee_id: employee_birth_date}"];
    is_rejected("every-column-mapped/case_differs.csv", &both, &["\"employee_birth_date\"", "`Employee_ID`"]);
}

#[test]
fn dates_with_a_time_zone_are_the_same_on_every_machine() {
    let sandbox = Sandbox::new(1);
    for zone in ["America/New_York", "UTC", "Asia/Tokyo"] {
        for (file, setting) in [("utc.parquet", "UTC"), ("berlin.parquet", "Europe/Berlin")] {
            let census = case(&format!("parquet-dates-with-time-zone/{file}"));
            let set = format!("census.time_zone={setting}");
            let mut command = sandbox.simulate_command(&[
                "2025",
                "--restart",
                "--census",
                &census,
                "--database",
                "case.duckdb",
                "--set",
                &set,
            ]);
            let output = command.env("TZ", zone).output().expect("run");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let expected = ["E1 1975-01-01 2024-01-01 60000.00 0.000000", "E2 1980-04-10 2012-02-01 85000.00 0.000000"];
            assert_eq!(people(&sandbox), expected, "{file} in {zone}");
        }
    }
    is_rejected(
        "parquet-dates-with-time-zone/utc.parquet",
        &[],
        &["\"employee_birth_date\"", "time_zone: America/New_York"],
    );
}

#[test]
fn rows_longer_than_the_header_are_rejected() {
    let says = ["the row has more fields than the header: 3 of 3 rows rejected, first at row 2"];
    is_rejected("rows-longer-than-the-header/decimal_comma.csv", &[], &says);
    let expected = [
        "E1 1980-04-10 2012-02-01 60000.50 0.060000",
        "E2 1971-09-22 2019-06-03 85000.50 0.050000",
        "E3 1990-01-15 2021-11-29 52000.50 0.030000",
    ];
    is_read("rows-longer-than-the-header/decimal_point_right.csv", &[], &expected, &[]);
}

#[test]
fn files_that_spreadsheets_write_are_read() {
    let two = ["E1 1980-04-10 2012-02-01 60000.00 0.000000", "E2 1980-04-10 2012-02-01 70000.00 0.000000"];
    is_read("csv-that-spreadsheets-write/line_break_in_cell.csv", &[], &two, &["not used: `address`"]);
    let five = [&FOUR[..], &["E5 1985-05-05 2015-05-05 70000.00 0.000000"]].concat();
    is_read("csv-that-spreadsheets-write/one_line_lf_in_crlf_file.csv", &[], &five, &[]);
    is_read("csv-that-spreadsheets-write/title_line.csv", &[], &FOUR, &["rows 1 to 2 above the header skipped"]);
}

#[test]
fn the_open_spell_of_a_rehire_counts() {
    let expected = ["E1 1980-04-10 2023-09-05 71000.00 0.000000", "E2 1971-09-22 2019-06-03 85000.00 0.000000"];
    is_read("rehire-two-rows/rehire.csv", &[], &expected, &["an earlier spell"]);
}
