//! What each materialization leaves in the database, on the first run and on later ones.

mod support;

use planalign_config::{UnitOfWork, full_message};
use planalign_dbt::Materialization;
use support::{Fixture, run, vars};

#[test]
fn views_tables_and_ephemerals() {
    let fixture = Fixture::new(&[
        ("models/v.sql", "select 1 as a"),
        ("models/e.sql", "{{ config(materialized='ephemeral') }} select a + 1 as a from {{ ref('v') }}"),
        ("models/f.sql", "{{ config(materialized='ephemeral') }} with e as (from {{ ref('e') }}) select * from e"),
        (
            "models/t.sql",
            "{{ config(materialized='table') }} -- a comment\nwith x as (from {{ ref('f') }}) select * from x -- end",
        ),
    ]);
    for _ in 0..2 {
        let results = fixture.build().expect("build");
        let seen: Vec<_> =
            results.iter().map(|r| (r.name.as_str(), r.materialization, r.rows, r.relation.is_some())).collect();
        assert_eq!(
            seen,
            [
                ("v", Materialization::View, None, true),
                ("e", Materialization::Ephemeral, None, false),
                ("f", Materialization::Ephemeral, None, false),
                ("t", Materialization::Table, Some(1), true),
            ]
        );
        assert_eq!(fixture.rows("from t"), "2");
    }
    assert_eq!(fixture.rows("select view_name from duckdb_views() where not internal"), "v");
    let sql = fixture.load().expect("load").compile("t", &vars("{}")).expect("compile");
    insta::assert_snapshot!(sql);
}

#[test]
fn a_table_replaces_a_view_and_vice_versa() {
    let fixture = Fixture::new(&[("models/m.sql", "select 1 as a")]);
    for (config, tables) in [("view", "0"), ("table", "1"), ("view", "0"), ("incremental", "1"), ("incremental", "1")] {
        fixture.write("models/m.sql", &format!("{{{{ config(materialized='{config}') }}}} select 1 as a"));
        fixture.build().expect("build");
        assert_eq!(fixture.rows("select count(*) from duckdb_tables() where not temporary"), tables, "{config}");
    }
    assert_eq!(fixture.rows("from m"), "1\n1");
}

#[test]
fn append_matches_columns_by_name() {
    let fixture = Fixture::new(&[(
        "models/m.sql",
        "{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ clear() }}') }}
         {% if is_incremental() %} select 'x' as b, {{ var('y') }} as a, 0 as extra {% else %} select {{ var('y') }} as a, 'x' as b {% endif %}",
    ), ("macros/m.sql", "{% macro clear() %}{% if is_incremental() %}delete from {{ this }} where a = {{ var('y') }}{% endif %}{% endmacro %}")]);
    let mut runner = fixture.load_with(&vars(r#"{"y": 1}"#)).expect("load");
    for (y, expected) in [(1, "1 x"), (2, "1 x\n2 x"), (2, "1 x\n2 x"), (1, "1 x\n2 x")] {
        let results = run(&mut runner, "m", &vars(&format!("{{\"y\": {y}}}"))).expect("run");
        assert_eq!(results[0].rows, Some(1));
        assert_eq!(fixture.rows("from m order by a"), expected);
    }
}

#[test]
fn a_missing_column_is_an_error_and_not_a_null() {
    let fixture = Fixture::new(&[(
        "models/m.sql",
        "{{ config(materialized='incremental') }} select 1 as a {% if not is_incremental() %}, 2 as b{% endif %}",
    )]);
    fixture.build().expect("first");
    let error = full_message(&fixture.build().expect_err("second"));
    assert!(
        error.starts_with("model m (models/m.sql) failed: Binder Error: Referenced column \"b\" not found"),
        "{error}"
    );
}

#[test]
fn incremental_models_replace_rows_with_the_same_key() {
    let all = "1 1\n1 2\n2 null\n2 null\nnull 0\nnull 0";
    for (config, expected) in [
        ("", all),
        ("unique_key='a'", "1 2\n2 null\nnull 0\nnull 0"),
        ("unique_key=['a']", "1 2\n2 null\nnull 0\nnull 0"),
        ("unique_key=['a', 'b']", all),
        ("unique_key='a, b'", "1 1\n1 2\n2 null\nnull 0"),
        ("unique_key='coalesce(a, 0)'", "1 2\n2 null\nnull 0"),
        ("unique_key=[]", all),
        ("unique_key=''", all),
        ("unique_key='a', incremental_strategy='default'", "1 2\n2 null\nnull 0\nnull 0"),
        ("unique_key='a', incremental_strategy='delete+insert'", "1 2\n2 null\nnull 0\nnull 0"),
        ("unique_key='a', incremental_strategy='append'", all),
    ] {
        let fixture = Fixture::new(&[(
            "models/m.sql",
            &format!(
                "{{{{ config(materialized='incremental', {config}) }}}}
                 select 1 as a, {{{{ var('b') }}}} as b union all select null, 0 union all select 2, null"
            ),
        )]);
        let mut runner = fixture.load_with(&vars(r#"{"b": 1}"#)).expect("load");
        for b in [1, 2] {
            run(&mut runner, "m", &vars(&format!("{{\"b\": {b}}}"))).expect("run");
        }
        assert_eq!(fixture.rows("from m order by all"), expected, "{config}");
        assert_eq!(fixture.rows("select count(*) from duckdb_tables() where temporary"), "0");
    }
}

#[test]
fn schemas_and_aliases_follow_the_macros() {
    let fixture = Fixture::new(&[
        ("models/a.sql", "{{ config(schema='extra', alias='other', materialized='table') }} select 1 as a"),
        ("models/b.sql", "select * from {{ ref('a') }}"),
    ]);
    let results = fixture.build().expect("build");
    assert_eq!(
        results[0].relation.as_ref().map(|r| (r.schema.as_str(), r.name.as_str())),
        Some(("main_extra", "other"))
    );
    fixture.write(
        "macros/s.sql",
        "{% macro generate_schema_name(custom, node) %}{{ custom or 'main' }}_{{ node.name }}{% endmacro %}",
    );
    fixture.build().expect("build");
    assert_eq!(fixture.rows("from extra_a.other"), "1");
    assert_eq!(fixture.rows("from main_b.b"), "1");
}

#[test]
fn hooks_run_before_and_after_in_order() {
    let fixture = Fixture::new(&[
        ("dbt_project.yml", "name: p\nmodels:\n  p:\n    +pre-hook: create table if not exists log (what varchar)\n"),
        (
            "models/m.sql",
            "{{ config(materialized='table', pre_hook=[\"insert into log values ('before {{ this.name }} \" ~ var('y', 0) ~ \"')\"],
                       post_hook={'sql': \"insert into log select 'after ' || count(*) from {{ this }}\"}) }}
             select * from range(3)",
        ),
    ]);
    let mut runner = fixture.load().expect("load");
    run(&mut runner, "", &vars(r#"{"y": 5}"#)).expect("run");
    assert_eq!(fixture.rows("from log"), "before m 5\nafter 3");
}

/// Projects whose node `m` is built once and then fails after it has changed its table or another.
fn failing_later() -> Vec<Fixture> {
    let fail = "select error('failed') from other where n > 0";
    let model = |config: &str| format!("{{{{ config({config}, post_hook=\"{fail}\") }}}} select 1 as a");
    let hook = "pre_hook='insert into log select 1'";
    let seed = |hook: &str| format!("name: p\nseeds:\n  +pre-hook: insert into log select 1\n  +post-hook: {hook}\n");
    let models = ["table", "view", "incremental"].map(|materialized| {
        let text = model(&format!("materialized='{materialized}', unique_key='a', {hook}"));
        Fixture::new(&[("models/m.sql", &text)])
    });
    let seed = Fixture::new(&[("seeds/m.csv", "a\n1\n"), ("dbt_project.yml", &seed(fail))]);
    models.into_iter().chain([seed]).collect()
}

#[test]
fn a_node_that_fails_leaves_what_was_there() {
    for fixture in failing_later() {
        fixture.database.execute_batch("create table other (n int); create table log (n int)").expect("setup");
        fixture.build().expect("first build");
        fixture.database.execute_batch("insert into other select 1").expect("setup");
        let state = || fixture.rows("select count(*) from m union all select count(*) from log");
        let before = state();
        if fixture.path().join("seeds").exists() {
            fixture.write("seeds/m.csv", "a\n1\n2\n");
        }
        fixture.build().expect_err("second build");
        assert_eq!(state(), before);
        fixture.database.execute_batch("delete from other").expect("setup");
        fixture.build().expect("third build");
    }
}

#[test]
fn a_seed_that_cannot_be_loaded_leaves_the_old_rows() {
    let fixture =
        Fixture::new(&[("seeds/s.csv", "a\n1\n"), ("dbt_project.yml", "name: p\nseeds: {+column_types: {a: int}}\n")]);
    fixture.build().expect("first build");
    fixture.write("seeds/s.csv", "a\n2\nx\n");
    fixture.build().expect_err("second build");
    assert_eq!(fixture.rows("from s"), "1");
}

#[test]
fn a_transaction_of_the_caller_is_left_to_the_caller() {
    for starts_by_statement in [true, false] {
        let fixture = Fixture::new(&[("models/m.sql", "{{ config(materialized='table') }} select 1 as a")]);
        let mut unit = fixture.database.clone();
        let mut begin = || if starts_by_statement { unit.execute_batch("begin") } else { unit.begin() };
        begin().expect("begin");
        fixture.build().expect("build");
        assert!(fixture.database.in_transaction());
        let mut unit = fixture.database.clone();
        let rolled_back = if starts_by_statement { unit.execute_batch("rollback") } else { unit.rollback() };
        rolled_back.expect("rollback");
        assert_eq!(fixture.rows("select count(*) from duckdb_tables()"), "0");
    }
}

#[test]
fn seeds_are_loaded_with_types_and_nulls() {
    let fixture = Fixture::new(&[
        ("seeds/s.csv", "id,amount,day,label,flag\n1,1.50,2025-01-31,\"a, b\",true\n2,,,,\n"),
        ("seeds/s.yml", "seeds:\n  - name: s\n    config:\n      column_types: {amount: \"decimal(12,2)\"}\n"),
        ("models/m.sql", "select count(label) as n from {{ ref('s') }}"),
    ]);
    for _ in 0..2 {
        let results = fixture.build().expect("build");
        assert_eq!((results[0].name.as_str(), results[0].rows), ("s", Some(2)));
        assert_eq!(fixture.rows("from s order by id"), "1 1.50 2025-01-31 a, b true\n2 null null null null");
        assert_eq!(fixture.rows("from m"), "1");
    }
    let types = fixture
        .rows("select string_agg(data_type, ' ' order by column_index) from duckdb_columns() where table_name = 's'");
    assert_eq!(types, "INTEGER DECIMAL(12,2) DATE VARCHAR BOOLEAN");
}

#[test]
fn a_build_is_part_of_the_callers_transaction() {
    use planalign_config::UnitOfWork;
    let fixture = Fixture::new(&[
        ("models/a.sql", "{{ config(materialized='table') }} select 1 as a"),
        ("models/b.sql", "{{ config(materialized='table') }} select a // (a - 1) + missing as a from {{ ref('a') }}"),
    ]);
    let mut unit = fixture.database.clone();
    unit.begin().expect("begin");
    fixture.build().expect_err("b fails");
    let other = fixture.database.second_connection().expect("second connection");
    assert_eq!(support::rows(&other, "select count(*) from duckdb_tables()"), "0");
    unit.rollback().expect("rollback");
}

#[test]
fn columns_are_reread_when_a_table_is_replaced_from_outside() {
    let fixture = Fixture::new(&[(
        "models/m.sql",
        "{{ config(materialized='incremental') }} select 1 as a, 'x' as b, true as c",
    )]);
    let mut runner = fixture.load().expect("load");
    let mut rerun = || run(&mut runner, "m", &vars("{}")).map(|results| results[0].rows);
    for _ in 0..3 {
        rerun().expect("run");
    }
    for (change, expected) in [
        ("create or replace table m as select 'y' as b, 2 as a", "y 2\nx 1"),
        ("alter table m add column c boolean", "y 2 null\nx 1 null\nx 1 true"),
        ("alter table m drop column a; alter table m add column b2 integer", ""),
    ] {
        fixture.database.execute_batch(change).expect("change");
        match rerun() {
            Ok(_) => assert_eq!(fixture.rows("from m"), expected),
            Err(error) => assert!(full_message(&error).contains("column \"b2\" not found"), "{error:?}"),
        }
    }
}

#[test]
fn a_name_that_differs_only_in_case_is_explained() {
    for query in ["select 1 as a", "select '{{ load_relation(this) }}' as a"] {
        let fixture = Fixture::new(&[("models/m.sql", query)]);
        fixture.database.execute_batch("create table \"M\" as select 2 as a").expect("table");
        let error = fixture.build().expect_err("two names").to_string();
        let expected =
            "`\"memory\".\"main\".\"m\"` is named `M` in the database, which differs only in case; rename one of them";
        assert!(error.ends_with(expected), "{error}");
    }
}
