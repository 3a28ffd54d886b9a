//! Census data is personal: a marker in each column must not show up in anything the program prints or reports.

use crate::sandbox::{HEADER, Sandbox, census};

/// Valid in text columns; as a date or number it is invalid, which triggers the errors for these.
const MARKER: &str = "XMARKERX";

#[test]
fn no_message_log_or_report_contains_census_data() {
    for column in HEADER.split(',') {
        let sandbox = Sandbox::new(1);
        sandbox.write("census.csv", &marked(column));
        for arguments in [&["2025-2026"][..], &["2025-2026", "--restart", "--set", "census.max_rejected_share=1"]] {
            let mut command = sandbox.simulate_command(arguments);
            command.args(["-vv", "--progress", "json"]);
            let output = crate::sandbox::captured(&command.output().expect("run planalign"));
            assert!(!output.stdout.contains(MARKER), "{column} in stdout: {}", output.stdout);
            assert!(!output.stderr.contains(MARKER), "{column} in stderr: {}", output.stderr);
        }
        for file in std::fs::read_dir(sandbox.path("reports")).into_iter().flatten() {
            let path = file.expect("entry").path();
            let text = std::fs::read_to_string(&path).expect("report");
            assert!(!text.contains(MARKER), "{column} in {}", path.display());
        }
    }
}

#[test]
fn failed_statements_do_not_quote_the_census() {
    let sandbox = Sandbox::new(30);
    let ids: String = census(30, 1).replace("E0000", MARKER);
    sandbox.write("census.csv", &ids);
    sandbox.write_project_with(
        "select cast(employee_id as integer) as n, simulation_year from {{ ref('fct_workforce_snapshot') }}",
    );
    let output = sandbox.simulate(&["2025", "--project", "dbt_copy"]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.stderr.contains("broken_model"), "{}", output.stderr);
    assert!(!output.stderr.contains(MARKER), "{}", output.stderr);
}

/// A census of twenty people, one of whom has the marker in this column.
fn marked(column: &str) -> String {
    let text = census(20, 3);
    let index = HEADER.split(',').position(|c| c == column).expect("column");
    let lines = text.lines().enumerate().map(|(i, line)| {
        if i != 7 {
            return line.to_owned();
        }
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[index] = MARKER;
        cells.join(",")
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn rules_that_fail_on_a_row_do_not_quote_it() {
    let queries = [
        "select strptime(employee_id, '%Y') from fct_workforce_snapshot",
        "select regexp_matches('a', '(' || employee_id) from fct_workforce_snapshot",
        "select now() at time zone employee_id from fct_workforce_snapshot",
    ];
    for query in queries {
        let sandbox = Sandbox::new(30);
        sandbox.write("census.csv", &census(30, 1).replace("E0000", MARKER));
        let rule = format!("{{ name: own, severity: error, sql: \"{query}\", max_rows: 0, message: m }}");
        sandbox.write("rules.yaml", &format!("validation: {{ rules: [{rule}] }}"));
        let mut command = sandbox.simulate_command(&["2025", "-vv", "--scenario", "rules.yaml"]);
        let output = crate::sandbox::captured(&command.output().expect("run planalign"));
        assert_eq!(output.code, 1, "{query}: {}", output.stderr);
        let journal = sandbox.open("simulation.duckdb").query("select payload from planalign.run_events", &[]);
        let reported = format!("{}{}{:?}", output.stdout, output.stderr, journal.expect("read"));
        assert!(reported.contains("rule `own` cannot run"), "{query}: {}", output.stderr);
        assert!(!reported.to_lowercase().contains(&MARKER.to_lowercase()), "{query}: {}", output.stderr);
    }
}
