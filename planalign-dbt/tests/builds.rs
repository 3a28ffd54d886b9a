//! Builds of a selection: order, failures, and what is skipped after them.

mod support;

use planalign_dbt::{
    AfterFailure, Connection, Database, EmbeddedRunner, Flow, NodeEvent, Outcome, ResourceType, Selection, UnitOfWork,
};
use support::{Fixture, vars};

/// `s` -> a -> b -> c, a fails unless `works`; d stands alone; tests of the source, s, a, and of both a and d.
fn fixture() -> Fixture {
    let schema = "
models:
  - name: a
    columns: [{name: n, data_tests: [not_null, relationships: {arguments: {to: ref('d'), field: n}}]}]
  - name: c
    columns: [{name: n, data_tests: [not_null]}]
seeds: [{name: s, columns: [{name: n, data_tests: [accepted_values: {arguments: {values: [1]}}]}]}]
sources: [{name: src, schema: main, tables: [{name: given, columns: [{name: n, data_tests: [unique]}]}]}]
";
    let fixture = Fixture::new(&[
        ("seeds/s.csv", "n\n1\n"),
        ("models/schema.yml", schema),
        ("models/a.sql", "select case when {{ var('works') }} then n else error('no') end as n from {{ ref('s') }}"),
        ("models/b.sql", "{{ config(materialized='ephemeral') }} select * from {{ ref('a') }}"),
        ("models/c.sql", "select * from {{ ref('b') }}"),
        ("models/d.sql", "select n from {{ source('src', 'given') }}"),
        ("dbt_project.yml", "name: p\nmodels: {+materialized: table}\n"),
    ]);
    fixture.database.execute_batch("create table given as select 1 as n").expect("source");
    fixture
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Built(node) => format!("{} built", node.name),
        Outcome::Tested(test) => format!("{} {:?}", test.name, test.status),
        Outcome::Failed(failure) => format!("{} failed: {}", failure.name, failure.error),
        Outcome::Skipped(skip) => format!("{} skipped after {}", skip.name, skip.after.as_deref().unwrap_or("a stop")),
    }
}

fn built(fixture: &Fixture, selection: &Selection, works: bool, after_failure: AfterFailure) -> Vec<String> {
    let vars = vars(&format!("{{\"works\": {works}}}"));
    let mut runner = fixture.load_with(&vars).expect("load");
    let outcomes = runner.build(selection, &vars, after_failure, &mut |_| Flow::Continue).expect("known selection");
    outcomes.iter().map(shown).collect()
}

const FAILED: &str = "a failed: model a (models/a.sql) failed";

#[test]
fn tests_come_right_after_what_they_test() {
    let all = built(&fixture(), &Selection::default(), true, AfterFailure::Continue);
    let expected = [
        "source_unique_src_given_n Pass",
        "s built",
        "accepted_values_s_n__1 Pass",
        "d built",
        "a built",
        "not_null_a_n Pass",
        "relationships_a_n__n__ref_d_ Pass",
        "c built",
        "not_null_c_n Pass",
    ];
    assert_eq!(all, expected);
}

#[test]
fn tests_of_sources_come_after_what_writes_their_tables() {
    let check = |model: &str, expected: &[&str]| {
        let schema =
            "sources: [{name: src, schema: main, tables: [{name: W, columns: [{name: n, data_tests: [unique]}]}]}]";
        let fixture = Fixture::new(&[
            ("models/schema.yml", schema),
            ("models/r.sql", "select n from {{ source('src', 'W') }}"),
            ("models/w.sql", model),
        ]);
        fixture.database.execute_batch("create table w as select 1 as n").expect("table");
        let all = built(&fixture, &Selection::default(), true, AfterFailure::Continue);
        assert_eq!(all, expected, "{model}");
    };
    check("select 1 as n", &["w built", "source_unique_src_W_n Pass", "r built"]);
    let circular = "{{ config(materialized='incremental') }} select n + 1 as n from {{ source('src', 'W') }}";
    check(circular, &["source_unique_src_W_n Pass", "r built", "w built"]);
}

#[test]
fn what_depends_on_a_failure_is_skipped_and_the_rest_is_built() {
    let fixture = fixture();
    let all = built(&fixture, &Selection::default(), false, AfterFailure::Continue);
    let expected = [
        "source_unique_src_given_n Pass",
        "s built",
        "accepted_values_s_n__1 Pass",
        "d built",
        FAILED,
        "not_null_a_n skipped after a",
        "relationships_a_n__n__ref_d_ skipped after a",
        "c skipped after a",
        "not_null_c_n skipped after a",
    ];
    assert_eq!(all, expected);
    let apart = built(&fixture, &Selection::of("a d not_null_c_n"), false, AfterFailure::Continue);
    let skipped = "not_null_c_n skipped after a".to_owned();
    assert!(apart.contains(&skipped), "a test waits for models above the one it tests: {apart:?}");
    let first = built(&fixture, &Selection::of("s a c"), false, AfterFailure::Stop);
    assert_eq!(first[2..4], [FAILED, "not_null_a_n skipped after a"]);
    let skipped = ["relationships_a_n__n__ref_d_", "c", "not_null_c_n"].map(|name| format!("{name} skipped after a"));
    assert_eq!(first[4..], skipped);
}

#[test]
fn a_failed_test_stops_what_depends_on_the_tested() {
    let fixture = fixture();
    let nodes = Selection::of("").only([ResourceType::Seed, ResourceType::Model]);
    built(&fixture, &nodes, true, AfterFailure::Continue);
    fixture.write("seeds/s.csv", "n\n2\n");
    let lines = built(&fixture, &Selection::of("s+"), true, AfterFailure::Continue);
    let after: Vec<_> = lines.iter().filter(|line| line.contains("skipped")).map(String::as_str).collect();
    assert_eq!(lines[..2], ["s built", "accepted_values_s_n__1 Fail"]);
    assert_eq!(after.len(), lines.len() - 2, "{lines:?}");
    let without = Selection { exclude: "test_name:accepted_values".to_owned(), ..Selection::of("s+") };
    let lines = built(&fixture, &without, true, AfterFailure::Continue);
    assert_eq!(
        lines,
        [
            "s built",
            "a built",
            "not_null_a_n Pass",
            "relationships_a_n__n__ref_d_ Fail",
            "c built",
            "not_null_c_n Pass"
        ]
    );
    let tests = Selection::of("s+").only([ResourceType::Test]);
    let lines = built(&fixture, &tests, true, AfterFailure::Continue);
    let expected =
        ["not_null_a_n Pass", "relationships_a_n__n__ref_d_ Fail", "not_null_c_n Pass", "accepted_values_s_n__1 Fail"];
    assert_eq!(lines, expected, "tests alone don't wait for each other");
}

#[test]
fn a_failure_in_the_callers_transaction_ends_the_build() {
    let mut fixture = fixture();
    fixture.database.begin().expect("begin");
    let lines = built(
        &fixture,
        &Selection::of("a c d s").only([ResourceType::Seed, ResourceType::Model]),
        false,
        AfterFailure::Continue,
    );
    assert_eq!(lines, ["s built", "d built", FAILED, "c skipped after a"]);
    fixture.database.rollback().expect("rollback");
    fixture.write("models/y.sql", "select 1 as n");
    fixture.database.begin().expect("begin");
    fixture.write("models/x.sql", "select error('no') as n");
    let lines = built(&fixture, &Selection::of("x y"), false, AfterFailure::Continue);
    assert_eq!(lines, ["x failed: model x (models/x.sql) failed", "y skipped after x"]);
}

#[test]
fn a_connection_of_the_caller_keeps_its_settings_and_its_transaction() {
    let connection = Connection::open_in_memory().expect("engine");
    connection.execute_batch("set threads = 1; set memory_limit = '1GB'; begin").expect("set up");
    let settings = "select name, value from duckdb_settings() where name <> 'errors_as_json' order by all";
    let second = connection.try_clone().expect("second connection");
    let read = |connection: &Connection| {
        let mut statement = connection.prepare(settings).expect("settings");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("settings");
        rows.collect::<Result<Vec<(String, Option<String>)>, _>>().expect("settings")
    };
    let before = read(&connection);
    let fixture = fixture();
    fixture.write("models/d.sql", "select 1 as n");
    let database = Database::on(connection).expect("taken over");
    let mut runner = EmbeddedRunner::load(fixture.path(), database.clone(), &vars("{\"works\": true}")).expect("load");
    let d = Selection::of("d").only([ResourceType::Model]);
    let outcomes = runner.build(&d, &vars("{\"works\": true}"), AfterFailure::Continue, &mut |_| Flow::Continue);
    assert_eq!(outcomes.expect("built").iter().map(shown).collect::<Vec<_>>(), ["d built"]);
    let rows = database.query(settings, &[]).expect("settings").rows;
    let after: Vec<_> = rows
        .iter()
        .map(|row| (row.text("name").expect("text").unwrap_or_default(), row.text("value").expect("text")))
        .collect();
    assert_eq!(before, after);
    assert!(second.prepare("from d").is_err(), "the transaction is the caller's to commit");
    database.execute_batch("commit").expect("commit");
    assert_eq!(second.query_row("select n from d", [], |row| row.get::<_, i32>(0)).expect("committed"), 1);
}

#[test]
fn the_observer_sees_everything_and_can_stop() {
    let fixture = fixture();
    let vars = vars("{\"works\": false}");
    let mut runner = fixture.load_with(&vars).expect("load");
    let mut seen = Vec::new();
    let outcomes = runner.build(&Selection::of("s a c d"), &vars, AfterFailure::Continue, &mut |event| match event {
        NodeEvent::Started { name, resource_type } => {
            seen.push(format!("{} {name}", resource_type.as_str()));
            Flow::Continue
        }
        NodeEvent::Finished(outcome) => {
            seen.push(shown(outcome));
            if outcome.name() == "d" { Flow::Stop } else { Flow::Continue }
        }
        NodeEvent::Waiting => Flow::Continue,
    });
    let outcomes: Vec<_> = outcomes.expect("known").iter().map(shown).collect();
    assert_eq!(seen[..2], ["seed s", "s built"]);
    assert!(seen.contains(&"a skipped after a stop".to_owned()), "{seen:?}");
    assert!(!seen.contains(&"model a".to_owned()));
    assert_eq!(outcomes.iter().filter(|line| line.ends_with("built")).count(), 2, "{outcomes:?}");
}

#[test]
fn unknown_names_fail_before_anything_is_built() {
    let fixture = fixture();
    let vars = vars("{\"works\": true}");
    let mut runner = fixture.load_with(&vars).expect("load");
    let wrong = Selection { exclude: "dd".to_owned(), ..Selection::of("d") };
    let error = runner.build(&wrong, &vars, AfterFailure::Continue, &mut |_| Flow::Continue).expect_err("unknown");
    assert_eq!(error.to_string(), "dd selects nothing; did you mean `d`?");
    let listed = runner.list(&Selection::of("source:src+ b")).expect("known");
    let listed: Vec<_> = listed.iter().map(|resource| resource.unique_id.as_str()).collect();
    let source = "source.p.src.given";
    assert_eq!(listed[..3], ["model.p.b", "model.p.d", source]);
    assert_eq!(listed.len(), 5, "{listed:?}");
}

#[test]
fn errors_of_an_inline_query_name_no_model() {
    let vars = vars("{\"works\": true}");
    let error = fixture().load_with(&vars).expect("load").compile_inline("select {{ nothing() }}", &vars);
    let expected = "cannot compile inline query (--inline:1): unknown function: nothing is unknown";
    assert_eq!(error.expect_err("unknown").to_string(), expected);
}
