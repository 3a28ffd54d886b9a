//! What users add to the dbt project and to the rules: models, data tests, and queries of their own.

use std::fs;

use crate::sandbox::{CommandOutput, Sandbox, captured, repository};

/// A copy of the project in `dbt_copy` with these files, and a census of 300 people.
fn project(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new(300);
    sandbox.copy_project();
    for (file, text) in files {
        let path = sandbox.path("dbt_copy").join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("create the folder");
        fs::write(path, text).expect("write");
    }
    sandbox
}

/// A file of a case in `tests/cases`.
fn case(file: &str) -> String {
    fs::read_to_string(repository().join("planalign-cli/tests/cases").join(file)).expect("a case")
}

fn simulate(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    sandbox.simulate(&[&["--project", "dbt_copy", "--progress", "none"], arguments].concat())
}

fn validate(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    let mut command = sandbox.command(&["validate", "--census", "census.csv", "--project", "dbt_copy"]);
    command.arg("--config").arg(repository().join("config/simulation_config.yaml")).args(arguments);
    captured(&command.output().expect("run planalign"))
}

/// The findings of a year in its report, as rule and severity.
fn findings(sandbox: &Sandbox, year: i32) -> Vec<(String, String)> {
    let report = fs::read_to_string(sandbox.path(&format!("reports/year_{year}.json"))).expect("report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = report["findings"].as_array().expect("findings").iter();
    found.map(|finding| (text(&finding["rule"]), text(&finding["severity"]))).collect()
}

fn owned(found: &[(&str, &str)]) -> Vec<(String, String)> {
    found.iter().map(|(rule, severity)| ((*rule).to_owned(), (*severity).to_owned())).collect()
}

fn has_relation(sandbox: &Sandbox, name: &str) -> bool {
    let sql = "select 1 from information_schema.tables where table_name = ?";
    sandbox.open("simulation.duckdb").query_row(sql, &[name.into()]).expect("read").is_some()
}

/// The project of a case: a model in no stage, and a test that finds a row.
fn model_in_no_stage() -> Sandbox {
    let folder = "14-own-model-in-no-stage-own-test-never-run";
    project(&[
        ("models/marts/mart_headcount.sql", &case(&format!("{folder}/mart_headcount.sql"))),
        ("tests/always_fails.sql", &case(&format!("{folder}/always_fails.sql"))),
    ])
}

#[test]
fn a_model_in_no_stage_is_reported_with_lines_that_build_it() {
    let sandbox = model_in_no_stage();
    let checked = validate(&sandbox, &[]);
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""), "{}", checked.stdout);
    let warning = "1 model is in no stage, so no run builds it: mart_headcount; move it to the folder of a stage, or add \
                   `workflow: {stages: [{name: VALIDATION, models: {add: [mart_headcount]}}]}` to the configuration";
    assert!(checked.stdout.contains(&format!("warning: {warning}\n")), "{}", checked.stdout);
    for arguments in [["2025", "--dry-run"].as_slice(), &["2025"]] {
        let run = simulate(&sandbox, arguments);
        assert!(run.stderr.contains(warning), "{arguments:?}: {}", run.stderr);
    }
    assert!(!has_relation(&sandbox, "mart_headcount"));

    let lines = warning.split('`').nth(1).expect("lines to paste");
    sandbox.write("built.yaml", lines);
    let built = simulate(&sandbox, &["2025", "--restart", "--scenario", "built.yaml"]);
    assert!(!built.stderr.contains("in no stage"), "{}", built.stderr);
    assert!(has_relation(&sandbox, "mart_headcount"));
    let dropped = validate(
        &sandbox,
        &["--set", "workflow.stages=[{name: VALIDATION, models: {add: [mart_headcount], drop: [mart_headcount]}}]"],
    );
    assert!(!dropped.stdout.contains("in no stage"), "{}", dropped.stdout);
}

#[test]
fn tests_of_the_user_run_and_what_they_find_is_a_finding() {
    let sandbox = model_in_no_stage();
    let plan = simulate(&sandbox, &["2025", "--dry-run"]).stdout;
    assert!(plan.contains("distribution_drift\n    dbt tests: always_fails\n"), "{plan}");
    assert!(validate(&sandbox, &[]).stdout.contains("dbt tests      ok: 1 of "));
    let run = simulate(&sandbox, &["2025"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(findings(&sandbox, 2025), owned(&[("dbt test always_fails", "error")]));
    let details = "select stage || ' ' || finding || ' ' || details from planalign.finding_details";
    let details = sandbox.open("simulation.duckdb").query_value(details, &[]).expect("read").text();
    let expected = r#"VALIDATION `always_fails`: Got 1 result, configured to fail if != 0 {"x":1}"#;
    assert_eq!(details.as_deref(), Some(expected));

    let off = simulate(&sandbox, &["2025", "--restart", "--set", "validation.dbt_tests=off"]);
    assert_eq!(off.code, 0, "{}", off.stderr);
    assert!(validate(&sandbox, &["--set", "validation.dbt_tests=off"]).stdout.contains("dbt tests      ok: 0 of "));
}

/// Tests of all kinds: each finds something, or nothing, in one stage.
const TESTS: [(&str, &str); 8] = [
    (
        "tests/own_pass.sql",
        "select * from {{ ref('fct_workforce_snapshot') }} where {{ of_year() }} and employee_id is null",
    ),
    ("tests/own_warning.sql", "{{ config(severity='warn') }} select 1 as x from {{ ref('stg_census_summary') }}"),
    ("tests/own_threshold.sql", "{{ config(error_if='> 2', warn_if='> 1') }} select * from range(2)"),
    ("tests/own_year.sql", "select {{ var('simulation_year') }} as y where {{ var('simulation_year') }} = 2026"),
    (
        "tests/of_source.sql",
        "select simulation_year from {{ source('prior_year', 'int_workforce_state') }} where {{ of_year() }} limit 3",
    ),
    ("tests/of_mart.sql", "select * from {{ ref('mart') }}"),
    ("models/marts/mart.sql", "select 1 as id"),
    (
        "models/own_sources.yml",
        "sources: [{name: own, schema: main, tables: [{name: int_hiring_events, columns: [{name: employee_id, data_tests: [{not_null: {name: own_generic}}]}]}]}]",
    ),
];

#[test]
fn tests_run_where_what_they_read_is_complete() {
    let sandbox = project(&TESTS[..7]);
    let run = simulate(&sandbox, &["2025-2026"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    let untested =
        "dbt test `of_mart` (tests/of_mart.sql) doesn't run, because no stage builds the model mart that it reads";
    assert!(run.stderr.contains(untested), "{}", run.stderr);
    let yearly = [("dbt test own_threshold", "warning"), ("dbt test of_source", "error")];
    let mut first = owned(&yearly);
    first.push(("dbt test own_warning".to_owned(), "warning".to_owned()));
    let mut second = owned(&yearly);
    second.push(("dbt test own_year".to_owned(), "error".to_owned()));
    for (year, mut expected) in [(2025, first), (2026, second)] {
        let mut found = findings(&sandbox, year);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{year}");
    }
}

#[test]
fn the_tests_of_the_product_run_on_request_and_pass() {
    let sandbox = project(&TESTS[7..]);
    let plan = simulate(&sandbox, &["2025", "--dry-run"]).stdout;
    assert!(plan.contains("dbt tests: own_generic\n"), "{plan}");
    let all = simulate(&sandbox, &["2025-2026", "--set", "validation.dbt_tests=all"]);
    assert_eq!((all.code, all.stderr.as_str()), (0, ""));
    let checked = "select count(distinct (payload->>'rule')) from planalign.run_events where event = 'rule_checked' and (payload->>'rule') like 'dbt test %'";
    let checked = sandbox.open("simulation.duckdb").query_value(checked, &[]).expect("read").integer();
    let known = include_str!("../../src/product_tests.txt").lines().count();
    assert_eq!(checked, i64::try_from(known + 1).ok());
    let data = validate(&sandbox, &["--data", "--set", "validation.dbt_tests=off"]);
    assert_eq!(data.code, 0, "{}{}", data.stdout, data.stderr);
    assert!(data.stdout.contains(": 0 errors, 0 warnings, 0 notes"), "{}", data.stdout);
    sandbox.tamper("simulation.duckdb", "update int_hiring_events set employee_id = null where simulation_year = 2025");
    let data = validate(&sandbox, &["--data"]);
    assert_eq!(data.code, 4, "{}{}", data.stdout, data.stderr);
    assert!(data.stdout.contains("2026  error  dbt test own_generic: `own_generic`: Got "), "{}", data.stdout);
    assert_eq!(data.stdout.matches("`own_generic`").count(), 1, "once for both years: {}", data.stdout);
}

#[test]
fn a_run_stopped_by_a_test_resumes_once_the_test_passes() {
    let sandbox = project(&[("tests/own.sql", "select 1 as x from {{ ref('fct_yearly_events') }} limit 1")]);
    let arguments = ["2025", "--fail-on-validation-error"];
    let stopped = simulate(&sandbox, &arguments);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("error: `own`: Got 1 result, configured to fail if != 0"), "{}", stopped.stderr);
    let again = simulate(&sandbox, &[&arguments[..], &["--resume"]].concat());
    assert_eq!(again.code, 4, "{}", again.stderr);
    sandbox.write("dbt_copy/tests/own.sql", "select 1 as x from {{ ref('fct_yearly_events') }} where false");
    let resumed = simulate(&sandbox, &[&arguments[..], &["--resume"]].concat());
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}

#[test]
fn a_test_that_cannot_run_is_no_pass() {
    let sandbox = project(&[("tests/own.sql", "select nothing from {{ ref('fct_yearly_events') }}")]);
    let failed = simulate(&sandbox, &["2025"]);
    assert_eq!(failed.code, 1);
    insta::assert_snapshot!(sandbox.redact(&failed.stderr));
    sandbox.write("dbt_copy/tests/own.sql", "select 1 as x where false");
    assert_eq!(simulate(&sandbox, &["2025", "--resume"]).code, 0);
}

#[cfg(unix)]
#[test]
fn another_dbt_runs_the_same_tests_with_the_same_findings() {
    let sandbox = project(&TESTS[..7]);
    // The stand-in's manifest has no thresholds.
    sandbox.write("dbt_copy/tests/own_threshold.sql", "{{ config(severity='warn') }} select * from range(2)");
    simulate(&sandbox, &["2025-2026", "--database", "embedded.duckdb", "--reports", "embedded"]);
    let fake = crate::fake_dbt::install(&sandbox.path(""));
    let with_dbt = |arguments: &[&str]| {
        let dbt = ["--project", "dbt_copy", "--progress", "none", "--runner", "dbt", "--dbt-executable"];
        let mut command = sandbox.simulate_command(&[&dbt[..], &[fake.to_str().expect("UTF-8")], arguments].concat());
        captured(&command.env("DBT_ENV_FAKE", "project").output().expect("run planalign"))
    };
    let run = with_dbt(&["2025-2026"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    let saved = |database: &str| {
        let sql = "select concat_ws(' ', simulation_year, stage, rule, finding, details) as line
                   from planalign.finding_details order by line";
        sandbox.open(database).query(sql, &[]).and_then(|table| table.texts("line")).expect("read")
    };
    assert_eq!(saved("simulation.duckdb"), saved("embedded.duckdb"));

    let stopped = with_dbt(&["2025", "--restart", "--fail-on-validation-error"]);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("`of_source`: Got 3 results"), "{}", stopped.stderr);
    sandbox.write("dbt_copy/tests/of_source.sql", "select 1 as x where false");
    let resumed = with_dbt(&["2025", "--resume", "--fail-on-validation-error"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);

    sandbox.write("dbt_copy/tests/own_pass.sql", "select nothing from {{ ref('fct_workforce_snapshot') }}");
    let failed = with_dbt(&["2025", "--restart"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    let expected = "error: dbt test `own_pass` (tests/own_pass.sql) cannot run in VALIDATION (2025)";
    assert!(failed.stderr.contains(expected), "{}", failed.stderr);
    let plan = with_dbt(&["2025", "--dry-run"]).stdout;
    assert!(plan.contains("models in 5 calls and runs the tests in 2 other calls; before each stage"), "{plan}");
}

/// A model of a year, with these columns.
fn yearly(columns: &str) -> String {
    format!(
        "{{{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{{{ replace_year() }}}}') }}}}
select {{{{ keys() }}}}, {columns} from {{{{ ref('fct_workforce_snapshot') }}}} where {{{{ of_year() }}}}"
    )
}

#[test]
fn what_the_engine_rejects_is_found_before_a_run() {
    let sandbox = project(&[
        ("models/validation/own_model.sql", &yearly("nothing")),
        ("models/validation/after_own_model.sql", "select * from {{ ref('own_model') }}"),
        (
            "models/validation/own_types.sql",
            "select date_trunc('year', level_id) as y from {{ ref('fct_workforce_snapshot') }}",
        ),
        ("tests/own_test.sql", "select nothing from {{ ref('fct_yearly_events') }}"),
        ("tests/of_own_model.sql", "select nothing from {{ ref('after_own_model') }}"),
    ]);
    let found = validate(&sandbox, &[]);
    assert_eq!((found.code, found.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(found.stderr);
    assert!(!sandbox.path("simulation.duckdb").exists());
}

#[test]
fn models_that_fail_in_the_second_year_only_are_found_too() {
    let in_second_year = "{% if simulation_year() | int > 2025 %}nothing{% else %}1{% endif %} as n";
    for columns in [in_second_year, "1 as {% if simulation_year() | int > 2025 %}m{% else %}n{% endif %}"] {
        let sandbox = project(&[("models/validation/own_model.sql", &yearly(columns))]);
        let found = validate(&sandbox, &[]);
        assert_eq!(found.code, 2, "{}", found.stdout);
        assert!(found.stderr.contains("model own_model (models/validation/own_model.sql) failed"), "{}", found.stderr);
        let one_year = validate(&sandbox, &["--set", "simulation.end_year=2025"]);
        assert_eq!(one_year.code, 0, "{}", one_year.stderr);
    }
}

#[test]
fn nothing_is_computed_to_check_models() {
    let sandbox = project(&[
        ("models/validation/own_model.sql", &yearly("error('computed') as n")),
        (
            "models/validation/own_view.sql",
            "select case when count(*) = 0 then error('nobody') end as n from {{ ref('fct_workforce_snapshot') }}",
        ),
        (
            "tests/own_test.sql",
            "select cast(detailed_status_code as integer) as n from {{ ref('fct_workforce_snapshot') }}",
        ),
    ]);
    let fine = validate(&sandbox, &[]);
    assert_eq!(fine.code, 0, "{}", fine.stderr);
}

/// Configures one rule.
fn rule(sql: &str, more: &str) -> String {
    format!(
        "validation: {{ rules: [{{ name: own, severity: warning, max_rows: 0, message: found, sql: \"{sql}\"{more} }}] }}"
    )
}

#[test]
fn rules_are_checked_against_the_tables_of_their_stage() {
    let sandbox = project(&[]);
    let check = |sql: &str, more: &str| {
        sandbox.write("rules.yaml", &rule(sql, more));
        validate(&sandbox, &["--scenario", "rules.yaml"])
    };
    let of_snapshot = "from fct_workforce_snapshot where simulation_year = {year}";
    assert_eq!(check(of_snapshot, "").code, 0);
    assert_eq!(check("from planalign.checkpoints", "").code, 0);
    let failed = |found: CommandOutput| {
        assert_eq!((found.code, found.stdout.as_str()), (2, ""));
        found.stderr
    };
    insta::assert_snapshot!(failed(check("select nothing from fct_workforce_snapshot", "")));
    insta::assert_snapshot!(failed(check(of_snapshot, ", stage: FOUNDATION")));
    insta::assert_snapshot!(failed(check(of_snapshot, ", stage: FUNDATION")));
}

#[test]
fn a_rule_names_its_stage() {
    let sandbox = project(&[]);
    sandbox.write(
        "rules.yaml",
        &rule("from int_hiring_events where simulation_year = {year}", ", stage: EVENT_GENERATION"),
    );
    let with = |more: &[&str]| simulate(&sandbox, &[&["2025", "--scenario", "rules.yaml"], more].concat());
    let plan = with(&["--dry-run"]).stdout;
    assert_eq!(plan.matches("own").count(), 1, "{plan}");
    assert!(plan.contains("rules: workforce_feasibility, hire_termination_ratio, own\n"), "{plan}");
    assert_eq!(with(&[]).code, 0);
    assert_eq!(findings(&sandbox, 2025), owned(&[("own", "warning")]));
    let also = |stage: &str| format!("workflow.stages=[{{name: {stage}, rules: {{add: [own]}}}}]");
    assert_eq!(with(&["--dry-run", "--set", &also("EVENT_GENERATION")]).stdout.matches("own").count(), 1);
    let other = with(&["--dry-run", "--set", &also("FOUNDATION")]);
    assert_eq!(other.code, 2);
    let expected = "rule own names stage EVENT_GENERATION, but stage FOUNDATION adds it";
    assert!(other.stderr.contains(expected), "{}", other.stderr);
}

#[test]
fn what_follows_the_query_of_a_rule_is_left_out_in_both_places() {
    let sandbox = project(&[]);
    fs::write(sandbox.path("case.yaml"), case("13-own-rule-semicolon-and-comment/rule.yaml")).expect("write");
    let query = "select * from fct_yearly_events where simulation_year = {year} and event_type = 'raise'";
    let files: Vec<String> = [
        "",
        ";",
        " -- raises",
        " /* ; */ ; ;; -- '",
        " and event_type <> ';' ; -- ;\\n",
        " and event_type <> $$;$$; /* a; */",
    ]
    .iter()
    .enumerate()
    .map(|(at, end)| {
        let file = format!("{at}.yaml");
        sandbox.write(&file, &rule(&format!("{query}{end}"), ""));
        file
    })
    .chain(["case.yaml".to_owned()])
    .collect();
    for file in files {
        let checked = validate(&sandbox, &["--scenario", &file]);
        assert_eq!(checked.code, 0, "{file}: {}", checked.stderr);
        let run = simulate(&sandbox, &["2025", "--restart", "--scenario", &file]);
        assert_eq!(run.code, 0, "{file}: {}", run.stderr);
        assert_eq!(findings(&sandbox, 2025).len(), 1, "{file}");
    }
    for sql in ["select 1; select 2", "select 1; drop table x", "; -- nothing", "select ';"] {
        sandbox.write("wrong.yaml", &rule(sql, ""));
        assert_eq!(validate(&sandbox, &["--scenario", "wrong.yaml"]).code, 2, "{sql}");
        assert_eq!(simulate(&sandbox, &["2025", "--restart", "--scenario", "wrong.yaml"]).code, 2, "{sql}");
    }
}

#[test]
fn dbt_and_the_product_write_to_different_databases() {
    let sandbox = project(&[]);
    let in_project = |arguments: &[&str]| {
        let mut command = sandbox.command(&[&["dbt"], arguments].concat());
        captured(&command.current_dir(sandbox.path("dbt_copy")).output().expect("run planalign"))
    };
    let seeded = in_project(&["seed"]);
    assert_eq!(seeded.code, 0, "{}{}", seeded.stdout, seeded.stderr);
    assert!(sandbox.path("dbt_build.duckdb").exists() && !sandbox.path("simulation.duckdb").exists());
    assert_eq!(simulate(&sandbox, &["2025"]).code, 0);
    let tested = in_project(&["test", "--target", "simulation", "--select", "draw_vectors"]);
    assert_eq!(tested.code, 0, "{}{}", tested.stdout, tested.stderr);
}

#[test]
fn tables_that_dbt_built_first_are_explained() {
    let sandbox = project(&[]);
    let mut command = sandbox.command(&["dbt", "seed", "--target", "simulation"]);
    let seeded = command.current_dir(sandbox.path("dbt_copy")).output().expect("run planalign");
    assert_eq!(captured(&seeded).code, 0);
    let refused = simulate(&sandbox, &["2025"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (8, ""));
    insta::assert_snapshot!(refused.stderr);
    assert_eq!(simulate(&sandbox, &["2025", "--database", "other.duckdb"]).code, 0, "the way out");
}
