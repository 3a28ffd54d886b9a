//! Scenario files and projects of others, which may try to read or change more than the tables of the run.

use std::fs;

use crate::sandbox::{CommandOutput, Sandbox, captured, repository};

/// Checks the inputs with a rule of this query.
fn validated(sandbox: &Sandbox, sql: &str, arguments: &[&str]) -> CommandOutput {
    write_rule(sandbox, sql);
    let root = repository();
    let mut command = sandbox.command(&["validate", "--census", "census.csv", "--scenario", "rules.yaml"]);
    command.arg("--project").arg(root.join("dbt")).arg("--config").arg(root.join("config/simulation_config.yaml"));
    captured(&command.args(arguments).output().expect("run planalign"))
}

fn write_rule(sandbox: &Sandbox, sql: &str) {
    let sql = sql.replace('"', "\\\"");
    sandbox.write(
        "rules.yaml",
        &format!(
            "validation: {{ rules: [{{ name: peek, severity: info, sql: \"{sql}\", max_rows: 0, message: m }}] }}"
        ),
    );
}

#[test]
fn rules_read_only_tables_of_the_run() {
    let sandbox = Sandbox::new(100);
    sandbox.write("secret.txt", "secret");
    sandbox.write("people.csv", "name\nsecret\n");
    let files = || {
        let names = fs::read_dir(sandbox.path(".")).expect("read").map(|entry| entry.expect("entry").file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    write_rule(&sandbox, "");
    let before = files();
    for (sql, refusal) in [
        ("from read_text('secret.txt')", "calls `read_text`;"),
        ("from glob('*')", "calls `glob`;"),
        ("from sniff_csv('people.csv')", "calls `sniff_csv`;"),
        ("from read_duckdb('other.duckdb')", "calls `read_duckdb`;"),
        ("from 'people.csv'", "reads the file `people.csv`;"),
        ("from query('from read_text(''secret.txt'')')", "calls `query`;"),
        (
            "from json_execute_serialized_sql(json_serialize_sql('from people.csv'))",
            "calls `json_execute_serialized_sql`;",
        ),
        ("select json_serialize_plan('from read_csv(''people.csv'')')", "calls `json_serialize_plan`,"),
        ("from enable_logging(storage='file', storage_path='owned')", "calls `enable_logging`;"),
        ("from enable_logging(storage='file', storage_path='simulation.duckdb')", "calls `enable_logging`;"),
        ("from enable_profiling(save_location='owned.txt')", "calls `enable_profiling`;"),
        ("from enable_profiling(save_location='simulation.duckdb')", "calls `enable_profiling`;"),
        ("from force_checkpoint()", "calls `force_checkpoint`;"),
        ("select write_log('x')", "calls `write_log`,"),
    ] {
        let refused = validated(&sandbox, sql, &[]);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{sql}");
        let expected = format!("validation.rules: the `sql` of `peek` {refusal}");
        assert!(refused.stderr.contains(&expected), "{sql}: {}", refused.stderr);
        let run = sandbox.simulate(&["2025-2025", "--scenario", "rules.yaml"]);
        assert_eq!((run.code, run.stderr), (2, refused.stderr), "{sql}");
        assert_eq!(files(), before, "{sql}");
    }
    insta::assert_snapshot!(validated(&sandbox, "from read_text('secret.txt')", &[]).stderr, @"
    error: the configuration has 1 problem
      rules.yaml:1:15: validation.rules: the `sql` of `peek` calls `read_text`; the only table functions allowed are unnest, range, and generate_series: read a table of the run, and load files as seeds
    ");
    insta::assert_snapshot!(validated(&sandbox, "from 'people.csv'", &[]).stderr, @"
    error: the configuration has 1 problem
      rules.yaml:1:15: validation.rules: the `sql` of `peek` reads the file `people.csv`; load it as a seed of the dbt project, and read the seed
    ");
}

#[test]
fn a_view_that_reads_a_file_is_refused_where_a_rule_reads_it() {
    let sandbox = Sandbox::new(100);
    sandbox.write("secret.txt", "secret");
    sandbox.copy_project();
    let secret = sandbox.path("secret.txt");
    let view = format!("{{{{ config(materialized='view') }}}}\nselect * from read_text('{}')", secret.display());
    sandbox.write("dbt_copy/models/validation/notes.sql", &view);
    write_rule(&sandbox, "from notes");
    let arguments = ["2025-2025", "--project", "dbt_copy", "--scenario", "rules.yaml", "--progress", "none"];
    let refused = sandbox.simulate(&arguments);
    assert_eq!(refused.code, 1);
    insta::assert_snapshot!(sandbox.redact(&refused.stderr), @r#"
    error: VALIDATION (2025) failed
      rule `peek` cannot run for 2025
      its `sql` reads the view `notes`, which calls `read_text`; the only table functions allowed are unnest, range, and generate_series: read a table of the run, and load files as seeds
      rolled back to 2025/STATE_ACCUMULATION; nothing committed was lost
    help: fix the `sql` of `peek` under `validation.rules`, or turn it off there with `severity: "off"`, then run `planalign simulate --config [REPO]/config/simulation_config.yaml --census census.csv 2025-2025 --project dbt_copy --scenario rules.yaml --progress none --resume`
    "#);
}

#[test]
fn a_rule_that_takes_too_long_stops_the_run_and_is_not_retried() {
    let sandbox = Sandbox::new(100);
    write_rule(&sandbox, "from range(10000000000) a, range(100) b");
    let arguments =
        ["2025-2025", "--scenario", "rules.yaml", "--set", "validation.rule_seconds=1", "--progress", "none"];
    let stopped = sandbox.simulate(&arguments);
    assert_eq!(stopped.code, 1);
    insta::assert_snapshot!(sandbox.redact(&stopped.stderr), @"
    error: VALIDATION (2025) failed
      rule `peek` cannot run for 2025
      the query took longer than 1 second and was stopped
      rolled back to 2025/STATE_ACCUMULATION; nothing committed was lost
    help: simplify the `sql` of `peek` under `validation.rules`, or raise `validation.rule_seconds`, then run `planalign simulate --project [REPO]/dbt --config [REPO]/config/simulation_config.yaml --census census.csv 2025-2025 --scenario rules.yaml --set 'validation.rule_seconds=1' --progress none --resume`
    ");
    let read = |words: &[&str]| captured(&sandbox.command(words).output().expect("run planalign")).stdout;
    let (events, status) = (read(&["log", "--format", "json"]), read(&["status"]));
    assert!(!events.contains("stage_retried") && events.contains("stage_rolled_back"), "{events}");
    assert!(status.contains("2025/STATE_ACCUMULATION"), "{status}");
}
