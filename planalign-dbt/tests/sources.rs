//! The sources that results depend on, selections of a loaded project, and variables that change between runs.

mod support;

use planalign_dbt::{EmbeddedRunner, Flow, LoadOptions, ModelRunner, NodeEvent, Outcome};
use support::{Fixture, run, vars};

fn fixture() -> Fixture {
    Fixture::new(&[
        (
            "macros/m.sql",
            "{% macro a() %}{{ b() }}{% endmacro %}\n{% macro b() %}1{% endmacro %}\n{% macro unused() %}2{% endmacro %}",
        ),
        ("models/one/x.sql", "select {{ a() }} as n"),
        ("models/two/y.sql", "{{ config(tags='t', post_hook='{{ unused() }}') }} select * from {{ ref('x') }}"),
        ("seeds/s.csv", "a\n1\n"),
    ])
}

#[test]
fn sources_include_the_text_of_everything_reachable() {
    let fixture = fixture();
    let before = fixture.load().expect("load").sources();
    assert_eq!(before.keys().map(String::as_str).collect::<Vec<_>>(), ["model.x", "model.y", "seed.s"]);
    assert!(before["model.x"].contains("{% macro b() %}1") && !before["model.x"].contains("unused"));
    assert!(before["model.y"].contains("{% macro unused() %}2"));
    for (path, content, changed) in [
        (
            "macros/m.sql",
            "{% macro a() %}{{ b() }}{% endmacro %}\n{% macro b() %}3{% endmacro %}\n{% macro unused() %}2{% endmacro %}",
            "model.x",
        ),
        ("seeds/s.csv", "a\n2\n", "seed.s"),
    ] {
        let fixture = self::fixture();
        fixture.write(path, content);
        let after = fixture.load().expect("load").sources();
        let differing: Vec<_> = before.keys().filter(|k| before[*k] != after[*k]).collect();
        assert_eq!(differing, [changed]);
    }
}

#[test]
fn selections_follow_the_graph() {
    let runner = fixture().load().expect("load");
    assert_eq!(runner.select("y x s").expect("select"), ["s", "x", "y"]);
    assert_eq!(runner.select("+tag:t").expect("select"), ["x", "y"]);
    assert_eq!(runner.select("path:models/two").expect("select"), ["y"]);
    assert_eq!(runner.graph().get("y").expect("y").depends_on, ["x"]);
    assert_eq!(runner.select("z").expect_err("unknown").to_string(), "z selects nothing");
}

#[test]
fn the_observer_sees_each_node_and_can_stop() {
    let fixture = fixture();
    let mut runner = fixture.load().expect("load");
    let names = runner.select("").expect("select all");
    let mut seen = Vec::new();
    let stopped = runner.run(&names, &vars("{}"), 1, &mut |event| match event {
        NodeEvent::Started { name: "y", .. } => Flow::Stop,
        NodeEvent::Started { name, .. } => {
            seen.push(format!("start {name}"));
            Flow::Continue
        }
        NodeEvent::Finished(Outcome::Built(result)) => {
            seen.push(format!("end {} {}", result.name, result.elapsed >= result.database_time));
            Flow::Continue
        }
        _ => Flow::Continue,
    });
    assert_eq!(stopped.expect_err("stopped").to_string(), "stopped before y");
    assert_eq!(seen, ["start s", "end s true", "start x", "end x true"]);
}

#[test]
fn references_may_depend_on_variables_of_later_runs() {
    let fixture = Fixture::new(&[
        ("models/a.sql", "select 1 as n"),
        ("models/z.sql", "select 9 as n"),
        (
            "models/m.sql",
            "select * from {% if var('y') == 1 %}{{ ref('a') }}{% elif var('y') == 2 %}{{ source('s', 'a') }}{% else %}{{ ref('z') }}{% endif %}",
        ),
        ("models/s.yml", "sources: [{name: s, schema: main, tables: [{name: a}]}]"),
    ]);
    let mut runner = fixture.load_with(&vars(r#"{"y": 1}"#)).expect("load");
    for y in [1, 2] {
        run(&mut runner, "a m", &vars(&format!("{{\"y\": {y}}}"))).expect("run");
        assert_eq!(fixture.rows("from m"), "1");
    }
    let error = run(&mut runner, "m", &vars(r#"{"y": 3}"#)).expect_err("out of order").to_string();
    assert!(error.contains("the model depends on z, which is built after it"), "{error}");
}

#[test]
fn configuration_may_change_if_the_graph_does_not() {
    let fixture = Fixture::new(&[(
        "models/m.sql",
        "{{ config(materialized='table' if var('y') < 3 else 'view', post_hook=\"create or replace table log as select \" ~ var('y') ~ \" as y\") }} select 1 as a",
    )]);
    let mut runner = fixture.load_with(&vars(r#"{"y": 1}"#)).expect("load");
    for y in ["1", "2"] {
        run(&mut runner, "m", &vars(&format!("{{\"y\": {y}}}"))).expect("run");
        assert_eq!(fixture.rows("from log"), y);
    }
    let error = run(&mut runner, "m", &vars(r#"{"y": 3}"#)).expect_err("materialization cannot change").to_string();
    assert!(
        error.ends_with("configuration materialized depends on a variable that changed since the project was loaded"),
        "{error}"
    );
}

#[test]
fn a_variable_that_properties_depend_on_cannot_change() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: p\nmodels: {p: {+enabled: \"{{ var('built', true) }}\"}}\n"),
        ("models/m.sql", "select 1 as a"),
    ]);
    let mut runner = fixture.load().expect("load");
    assert_eq!(runner.select("").expect("select all"), ["m"]);
    let error = run(&mut runner, "m", &vars(r#"{"built": false}"#)).expect_err("variable cannot change").to_string();
    assert!(error.contains("depend on variable built"), "{error}");
    assert!(fixture.load_with(&vars(r#"{"built": false}"#)).expect("load").select("").expect("select none").is_empty());
}

#[test]
fn options_reach_templates() {
    let fixture = Fixture::new(&[(
        "models/m.sql",
        "{{ config(materialized='incremental') }} select '{{ target.name }} {{ env_var('HERE') }} {{ env_var('GONE', 'none') }} {{ is_incremental() }}' as a",
    )]);
    let options = LoadOptions {
        target: "prod".to_owned(),
        schema: "other".to_owned(),
        environment: [("HERE".to_owned(), "x".to_owned())].into(),
        full_refresh: true,
        ..LoadOptions::default()
    };
    let mut runner =
        EmbeddedRunner::load_with(fixture.path(), fixture.database.clone(), &vars("{}"), options).expect("load");
    for _ in 0..2 {
        run(&mut runner, "m", &vars("{}")).expect("run");
        assert_eq!(fixture.rows("from other.m"), "prod x none False");
    }
    let error = fixture.load().expect_err("HERE is not set").to_string();
    assert!(error.contains("environment variable HERE is not set and env_var() gives no default"), "{error}");
}
