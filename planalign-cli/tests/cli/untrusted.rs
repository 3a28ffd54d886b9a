//! Scenario files and projects of others, which may try to read or change more than the tables of the run.

use std::fs;

use crate::sandbox::{CommandOutput, Sandbox, captured, differences, repository};

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

#[test]
fn the_product_s_project_needs_no_trust() {
    let sandbox = Sandbox::new(300);
    sandbox.simulated(&["2025-2026", "--database", "trusted.duckdb"]);
    let untrusted = ["--database", "untrusted.duckdb", "--untrusted-project"];
    sandbox.simulated(&[&["2025-2025"], untrusted.as_slice()].concat());
    sandbox.simulated(&[&["2025-2026", "--resume", "--workers", "1"], untrusted.as_slice()].concat());
    let (trusted, untrusted) = (sandbox.path("trusted.duckdb"), sandbox.path("untrusted.duckdb"));
    assert_eq!(differences(&trusted, &untrusted), Vec::<String>::new());
    let checked = validated(&sandbox, "from fct_yearly_events", &["--untrusted-project"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""));
}

#[test]
fn an_untrusted_project_reads_only_its_tables_seeds_and_census() {
    const MODEL: &str = "dbt_copy/models/validation/own.sql";
    let sandbox = Sandbox::new(100);
    sandbox.write("secret.csv", "a\nsecret\n");
    sandbox.write("secret.txt", "secret");
    sandbox.copy_project();
    let project = ["--project", "dbt_copy", "--untrusted-project", "--progress", "none"];
    let check = |what: &str, expected: &str| {
        let mut validate = sandbox.command(&["validate", "--census", "census.csv", "--config"]);
        validate.arg(repository().join("config/simulation_config.yaml")).args(&project[..3]);
        let validated = captured(&validate.output().expect("run planalign"));
        let run = sandbox.simulate(&[&["2025-2025", "--restart"], project.as_slice()].concat());
        for refused in [validated, run] {
            assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{what}: {}", refused.stderr);
            assert!(refused.stderr.contains(expected), "{what}: {}", refused.stderr);
        }
        assert!(!sandbox.path("out.csv").exists(), "{what}");
    };
    for (model, expected) in [
        ("select * from read_text('secret.txt')", "model own (models/validation/own.sql) calls `read_text`;"),
        ("select * from 'secret.csv'", "own.sql) reads the file `secret.csv`;"),
        ("{{ config(materialized='view') }} select * from read_csv('secret.csv')", "own.sql) calls `read_csv`;"),
        (
            "{{ config(post_hook=\"copy (select 1) to 'out.csv'\") }} select 1 as a",
            "own.sql) has a hook that does more than delete rows of its own table;",
        ),
        (
            "{{ config(pre_hook=\"delete from {{ this }} where exists (from read_text('secret.txt'))\") }} select 1 as a",
            "own.sql) calls `read_text`;",
        ),
        (
            "{% do run_query(\"copy (select 1) to 'out.csv'\") %} select 1 as a",
            "own.sql) has a query that is not a query",
        ),
        (
            "select '{{ run_query(\"from read_text('secret.txt')\").columns[1].values() }}' as a",
            "own.sql) has a query that calls `read_text`;",
        ),
        (
            "{{ config(materialized='incremental', unique_key='a) in (select 1)); copy t to \\'out.csv\\'; select ((1') }} select 1 as a",
            "own.sql) has a `unique_key` that is not an expression",
        ),
        ("select nextval('s') as a", "own.sql) calls `nextval`,"),
    ] {
        sandbox.write(MODEL, model);
        check(model, expected);
    }
    sandbox.write(MODEL, "select * from read_text('secret.txt')");
    let refused = sandbox.simulate(&[&["2025-2025"], project.as_slice()].concat());
    insta::assert_snapshot!(sandbox.redact(&refused.stderr), @"
    error: cannot load the dbt project
      model own (models/validation/own.sql) calls `read_text`; the only table functions allowed are unnest, range, and generate_series: read a table of the run, and load files as seeds
    help: if you trust the project, leave out --untrusted-project
    ");
    let schema = "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}";
    sandbox.write("dbt_copy/macros/schema.sql", schema);
    sandbox.write(MODEL, "{{ config(schema='planalign', alias='runs') }} select 1 as a");
    check("the record", "own.sql) writes to schema `planalign`,");
    for file in [MODEL, "dbt_copy/macros/schema.sql"] {
        fs::remove_file(sandbox.path(file)).expect("remove");
    }

    sandbox.write("dbt_copy/seeds/own.csv", "a\n1\n");
    sandbox.write(
        "dbt_copy/seeds/own.yml",
        "seeds: [{name: own, config: {column_types: {a: \"int); copy (select 1) to 'out.csv'; select cast(null as int\"}}}]",
    );
    check("column types", "seed own (seeds/own.csv) has `column_types` that are not types");
    for file in ["own.csv", "own.yml"] {
        fs::remove_file(sandbox.path("dbt_copy/seeds").join(file)).expect("remove");
    }
    #[cfg(unix)]
    {
        let link = sandbox.path("dbt_copy/seeds/own.csv");
        std::os::unix::fs::symlink(sandbox.path("secret.csv"), &link).expect("link");
        check("a link", "seeds/own.csv: is outside of the project, which isn't trusted;");
        fs::remove_file(link).expect("remove");
    }
    let dbt = sandbox.simulate(&[&["2025-2025", "--runner", "dbt"], project.as_slice()].concat());
    assert_eq!(dbt.code, 2);
    insta::assert_snapshot!(dbt.stderr, @"
    error: a dbt executable runs whatever a project says, so it cannot build an untrusted one
    help: use the embedded runner (--runner embedded), or if you trust the project, leave out --untrusted-project
    ");

    // The second wall: the model that may call these functions still reads only the census.
    let rows = sandbox.path("dbt_copy/models/initialization/stg_census_rows.sql");
    let text = fs::read_to_string(&rows).expect("read");
    let elsewhere = sandbox.path("secret.csv");
    fs::write(
        &rows,
        text.replace("read_csv({{ quoted(var('census_path')) }},", &format!("read_csv('{}',", elsewhere.display())),
    )
    .expect("write");
    let refused = sandbox.simulate(&[&["2025-2025", "--restart"], project.as_slice()].concat());
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("file system operations are disabled"), "{}", refused.stderr);
}
