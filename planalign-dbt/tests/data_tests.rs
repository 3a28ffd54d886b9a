//! Data tests: what they find and how results are rated.

mod support;

use planalign_dbt::{ModelRunner, TestResult, TestStatus};
use support::{Fixture, run, run_tests, vars};

fn fixture() -> Fixture {
    let schema = "
models:
  - name: m
    data_tests:
      - at_least: {column: n, least: 2}
    columns:
      - name: id
        data_tests:
          - unique
          - not_null: {config: {severity: warn}}
          - unique: {name: unique_without_the_last, config: {where: \"n < {{ var('last') }}\"}}
          - not_null: {name: tolerated, config: {error_if: '> 1', warn_if: '> 5'}}
          - not_null: {name: off, config: {enabled: false}}
      - name: label
        tests:
          - accepted_values:
              arguments: {values: [a, b]}
          - relationships: {to: ref('s'), field: label}
sources:
  - name: src
    schema: main
    tables:
      - name: s
        columns: [{name: label, data_tests: [not_null]}]
";
    Fixture::new(&[
        ("models/schema.yml", schema),
        ("models/m.sql", "select * from (values (1, 'a', 1), (1, 'b', 3), (null, 'c', 5)) as t(id, label, n)"),
        ("seeds/s.csv", "label\na\nb\n"),
        (
            "macros/t.sql",
            "{% test at_least(model, column, least=0) %}select * from {{ model }} where {{ column }} < {{ least }}{% endtest %}",
        ),
        (
            "tests/sum_is_small.sql",
            "{{ config(severity='warn', limit=1) }} select sum(n) from {{ ref('m') }} having sum(n) > 5 limit 2 -- two",
        ),
    ])
}

fn shown(results: &[TestResult]) -> String {
    let line = |r: &TestResult| format!("{} {:?} {}", r.name, r.status, r.failures);
    results.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn all_tests_of_a_project() {
    let fixture = fixture();
    let vars = vars(r#"{"last": 3}"#);
    let mut runner = fixture.load_with(&vars).expect("load");
    run(&mut runner, "", &vars).expect("build");
    let results = run_tests(&mut runner, "", &vars).expect("tests");
    insta::assert_snapshot!(shown(&results));
    let sql: Vec<_> = results.iter().map(|r| format!("-- {}\n{}", r.name, r.sql.trim())).collect();
    insta::assert_snapshot!("test_sql", sql.join("\n\n"));
}

#[test]
fn selections_of_tests() {
    let fixture = fixture();
    let vars = vars(r#"{"last": 3}"#);
    let mut runner = fixture.load_with(&vars).expect("load");
    run(&mut runner, "", &vars).expect("build");
    for (selection, count) in [
        ("m", 8),
        ("test_type:singular", 1),
        ("test_name:unique", 2),
        ("tolerated", 1),
        ("s", 1),
        ("m,test_type:singular", 1),
    ] {
        assert_eq!(run_tests(&mut runner, selection, &vars).expect("tests").len(), count, "{selection}");
    }
    assert_eq!(runner.tests().count(), 9);
    assert_eq!(run_tests(&mut runner, "tolerated", &vars).expect("tests")[0].status, TestStatus::Pass);
}

#[test]
fn a_test_of_an_ephemeral_model_includes_it() {
    let fixture = Fixture::new(&[
        ("models/base.sql", "{{ config(materialized='ephemeral') }} select unnest([1, 2, 2]) as n"),
        ("models/above.sql", "{{ config(materialized='ephemeral') }} select n + 1 as n from {{ ref('base') }}"),
        ("models/s.yml", "models: [{name: above, columns: [{name: n, data_tests: [unique, not_null]}]}]"),
    ]);
    let mut runner = fixture.load().expect("load");
    let results = run_tests(&mut runner, "", &vars("{}")).expect("tests");
    assert_eq!(shown(&results), "unique_above_n Fail 1\nnot_null_above_n Pass 0");
}

#[test]
fn fail_calc_returns_a_whole_number() {
    let check = |fail_calc: &str, expected: &str| {
        let test = format!("at_most: {{name: t, most: 1, config: {{fail_calc: \"{fail_calc}\"}}}}");
        let schema = format!("models: [{{name: m, columns: [{{name: n, data_tests: [{test}]}}]}}]");
        let macros = "{% test at_most(model, column_name, most) %}select n from {{ model }} where {{ column_name }} > {{ most }}{% endtest %}";
        let model = "select unnest([1, 2, 3]) as n";
        let fixture = Fixture::new(&[("models/m.sql", model), ("models/s.yml", &schema), ("macros/t.sql", macros)]);
        let mut runner = fixture.load().expect("load");
        run(&mut runner, "", &vars("{}")).expect("build");
        let found =
            run_tests(&mut runner, "", &vars("{}")).map_or_else(|error| error.to_string(), |results| shown(&results));
        assert!(found.ends_with(expected), "{fail_calc}: {found}");
    };
    check("sum(n)", "t Fail 5");
    check("sum(n)::double", "t Fail 5");
    check("sum(n)::decimal(5, 2)", "t Fail 5");
    for fail_calc in ["avg(n)", "2.5", "null"] {
        check(fail_calc, "`fail_calc` returns NULL or a fraction; it must return a whole number");
    }
}

#[test]
fn arguments_may_be_indented_like_the_name() {
    let schema = "
models:
  - name: m
    tags: [nightly]
    columns:
      - name: n
        data_tests:
          - accepted_values:
            values: [1, 2]
            quote: false
          - test_name: accepted_values
            name: some
            values: [1]
";
    let fixture = Fixture::new(&[("models/m.sql", "select unnest([1, 2]) as n"), ("models/s.yml", schema)]);
    let mut runner = fixture.load().expect("load");
    assert_eq!(runner.select("tag:nightly").expect("select"), ["m"]);
    run(&mut runner, "", &vars("{}")).expect("build");
    let results = run_tests(&mut runner, "", &vars("{}")).expect("tests");
    assert_eq!(shown(&results), "accepted_values_m_n__False__1__2 Pass 0\nsome Fail 1");
}

#[test]
fn tests_are_configured_wherever_dbt_reads_it() {
    let project = "
name: p
data_tests: {p: {sub: {+severity: warn}}}
sources: {p: {sub: {off2: {+enabled: false}}}}
";
    let schema = "
models:
  - name: m
    columns: [{name: n, data_tests: [unique: {severity: error, name: own}, unique: {alias: x}]}]
sources:
  - {name: off2, tables: [{name: s, columns: [{name: n, data_tests: [unique]}]}]}
  - name: live
    schema: main
    config: {enabled: false}
    tables: [{name: m, config: {enabled: true}, columns: [{name: n, data_tests: [not_null]}]}]
";
    let fixture = Fixture::new(&[
        ("dbt_project.yml", project),
        ("models/m.sql", "select unnest([1, 1]) as n"),
        ("models/sub/s.yml", schema),
        ("tests/t.sql", "select 1 as n"),
        ("analyses/t.yml", "data_tests: [{name: t, config: {severity: warn, store_failures: false}}]"),
        ("snapshots/nothing.sql", "-- not a snapshot"),
        ("models/empty.sql", "\n"),
        ("tests/empty.sql", ""),
        ("tests/fixtures/rows.sql", "select 1 as n"),
        ("models/~m.sql", "select 2 as n"),
        ("models/#m.sql#.sql", "select 2 as n"),
        ("models/.m.sql", "select 2 as n"),
    ]);
    let mut runner = fixture.load().expect("load");
    run(&mut runner, "", &vars("{}")).expect("build");
    let results = run_tests(&mut runner, "", &vars("{}")).expect("tests");
    assert_eq!(shown(&results), "t Warn 1\nown Fail 1\nunique_m_n Warn 1\nsource_not_null_live_m_n Pass 0");
}
