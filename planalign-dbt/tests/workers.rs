//! Models of a stage that are built side by side: the tables are the same as of one worker, whatever the models read.

mod support;

use planalign_config::{Database, DatabaseOptions, UnitOfWork};
use planalign_dbt::{Flow, ModelRunner, NodeEvent, NodeResult, Outcome, RunnerError};
use support::{Fixture, rows, vars};

/// A model's configuration as in the simulation: rows of other years stay.
const BY_YEAR: &str = "{{ config(materialized='incremental', incremental_strategy='append', pre_hook=\"{% if is_incremental() %}delete from {{ this }} where year = {{ var('year') }}{% endif %}\") }}";

/// The project for two years, each in one transaction, with a number of workers.
struct Years {
    fixture: Fixture,
    workers: usize,
}

impl Years {
    fn new(files: &[(&str, &str)], workers: usize) -> Self {
        Self { fixture: Fixture::new(files), workers }
    }

    fn build(&self, year: i32) -> Result<Vec<NodeResult>, RunnerError> {
        let given = vars(&format!("{{\"year\": {year}}}"));
        let mut runner = self.fixture.load_with(&given)?;
        let nodes = runner.select("")?;
        let mut unit = self.fixture.database.clone();
        unit.begin().expect("begin");
        let built = runner.run(&nodes, &given, self.workers, &mut |_| Flow::Continue);
        if built.is_ok() { unit.commit() } else { unit.rollback() }.expect("end");
        assert_eq!(
            self.fixture.rows("select count(*) from duckdb_databases() where database_name like 'planalign worker%'"),
            "0"
        );
        built
    }

    /// Why models are built in order.
    fn in_order(&self) -> String {
        let given = vars("{\"year\": 2025}");
        let runner = self.fixture.load_with(&given).expect("load");
        let nodes = runner.select("").expect("nodes");
        let found = runner.in_order(&nodes, &given).expect("reasons");
        let lines: Vec<String> = found.iter().map(|(model, reason)| format!("{model}: {reason}\n")).collect();
        lines.concat()
    }
}

/// Builds two years twice, with one and with more workers, and compares the tables. Returns the rows of `shown`.
fn same(files: &[(&str, String)], shown: &str) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    let built = [1, 2, 4].map(|workers| {
        let years = Years::new(&files, workers);
        let mut counts = Vec::new();
        // A year may be rebuilt.
        for year in [2025, 2026, 2026] {
            let results = years.build(year).unwrap_or_else(|error| panic!("{workers} workers: {error:?}"));
            counts.push(results.into_iter().map(|result| (result.name, result.rows)).collect::<Vec<_>>());
        }
        (contents(&years.fixture.database), counts, years.fixture.rows(&format!("from {shown} order by all")))
    });
    let [one, two, four] = built;
    assert_eq!(two, one);
    assert_eq!(four, one);
    one.2
}

/// All columns, types, and rows.
fn contents(database: &Database) -> String {
    let tables =
        rows(database, "select table_name from duckdb_tables() where database_name = current_database() order by 1");
    let table = |name: &str| {
        let rows_of = rows(database, &format!("select columns(*)::varchar from \"{name}\" order by all"));
        format!("{name}\n{}\n{rows_of}\n", rows(database, &format!("describe \"{name}\"")))
    };
    tables.lines().map(table).collect()
}

fn model(query: &str) -> String {
    format!("{BY_YEAR} {query}")
}

#[test]
fn a_model_sees_committed_rows_of_other_years_and_new_ones() {
    // Names that are in no other word, so that the text of a query tells what it reads.
    let hired = model("select {{ var('year') }} as year, n from range(3) t(n)");
    // All years of `hired`, as they will be. The caller can't build all of its readers itself.
    let staff =
        model("select {{ var('year') }} as year, count(*) as n, count(distinct year) as years from {{ ref('hired') }}");
    let of_year = model(
        "select {{ var('year') }} as year, count(*) as n, count(distinct year) as years \
         from {{ ref('hired') }} where year = {{ var('year') }}",
    );
    let files = [
        ("models/hired.sql", hired),
        ("models/staff_1.sql", staff.clone()),
        ("models/staff_2.sql", staff.clone()),
        ("models/staff_3.sql", staff),
        ("models/new_staff.sql", of_year),
        (
            "models/totals.sql",
            model(
                "select {{ var('year') }} as year, sum(n) as n from (from {{ ref('staff_1') }} \
                 union all from {{ ref('staff_2') }} union all from {{ ref('staff_3') }})",
            ),
        ),
    ];
    assert_eq!(same(&files, "staff_1"), "2025 3 1\n2026 6 2");
    assert_eq!(same(&files, "new_staff"), "2025 3 1\n2026 3 1");
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    assert_eq!(Years::new(&files[..5], 2).in_order(), "");
}

#[test]
fn others_see_the_columns_and_types_of_the_table() {
    let files = [
        // In later years, the query is wider than the table, in another order, and of other types.
        (
            "models/a.sql",
            model(
                "{% if is_incremental() %} select 'x' as more, 7::bigint as n, {{ var('year') }} as year \
                 {% else %} select {{ var('year') }}::integer as year, 5::tinyint as n {% endif %}",
            ),
        ),
        (
            "models/b.sql",
            "{{ config(materialized='table') }} select *, typeof(n) as type from {{ ref('a') }}".to_owned(),
        ),
    ];
    assert_eq!(same(&files, "b"), "2025 5 TINYINT\n2026 7 TINYINT");
}

#[test]
fn every_type_arrives_unchanged() {
    let values = [
        "true",
        "1::tinyint",
        "2::smallint",
        "3::integer",
        "4::bigint",
        "170141183460469231731687303715884105727::hugeint",
        "5::utinyint",
        "6::ubigint",
        "1.25::float",
        "2.5::double",
        "12.34::decimal(12,2)",
        "12345678901234567890123456789.123456789::decimal(38,9)",
        "'text'",
        "date '2025-01-31'",
        "time '10:11:12.5'",
        "timestamp '2025-01-31 10:11:12.345678'",
        "timestamptz '2025-01-31 10:11:12+00'",
        "interval 3 days",
        "'b'::enum('a', 'b')",
        "'\\x00\\xff'::blob",
        "'101'::bit",
        "uuid '00000000-0000-0000-0000-000000000001'",
        "[1, null]",
        "{'a': 1, 'b': [true]}",
        "map {'k': 1}",
        "union_value(n := 1)",
        "'{}'::json",
    ];
    let columns: Vec<String> = values.iter().enumerate().map(|(at, value)| format!("{value} as c{at}")).collect();
    let nulls: Vec<String> = values.iter().map(|value| format!("if(false, {value}, null)")).collect();
    let rows_of = format!(
        "select {{{{ var('year') }}}} as year, {} union all select {{{{ var('year') }}}}, {}",
        columns.join(", "),
        nulls.join(", ")
    );
    let files = [
        ("models/a.sql", model(&rows_of)),
        ("models/b.sql", model("select * from {{ ref('a') }} where year = {{ var('year') }}")),
    ];
    assert_eq!(same(&files, "(select count(*), count(c10) from b)"), "4 2");
}

#[test]
fn what_a_worker_cannot_build_is_built_in_order() {
    let files = [
        ("seeds/s.csv", "id\n1\n".to_owned()),
        ("models/a.sql", model("select {{ var('year') }} as year, 1 as n")),
        ("models/b_view.sql", "select * from {{ ref('a') }}".to_owned()),
        ("models/c_reads_view.sql", model("select * from {{ ref('b_view') }}")),
        ("models/d_this.sql", model("select {{ var('year') }} as year {% if is_incremental() %} from (select count(*) from {{ this }}) {% endif %}")),
        ("models/e_query.sql", model("select {{ var('year') }} as year, {{ run_query('select 41 + 1').columns[0].values()[0] if execute else 0 }} as n")),
        ("macros/m.sql", "{% macro ask() %}{% set r = run_query('select 43') %}{{ r.columns[0].values()[0] if execute else 0 }}{% endmacro %}".to_owned()),
        ("models/f_macro.sql", model("select {{ var('year') }} as year, {{ ask() }} as n")),
        ("models/g_hook.sql", "{{ config(materialized='table', post_hook='insert into {{ this }} values (2)') }} select 1 as n".to_owned()),
        ("models/h_hook.sql", "{{ config(materialized='table', pre_hook='create or replace table side as select 1 as n') }} select 1 as n".to_owned()),
        ("models/i_name.sql", model("-- depends_on: {{ ref('a') }}\nselect {{ var('year') }} as year, count(*) as n from main.a")),
        ("models/j_key.sql", "{{ config(materialized='incremental', unique_key='year') }} select {{ var('year') }} as year, 1 as n".to_owned()),
        ("models/k_reads_key.sql", model("select {{ var('year') }} as year, count(*) as n from {{ ref('j_key') }}")),
        ("models/l_key.sql", "{{ config(materialized='incremental', unique_key='n') }} select 1 as n, {{ var('year') }} as year".to_owned()),
        ("models/m_sequence.sql", "{{ config(materialized='table', pre_hook='create sequence if not exists ids') }} select 1 as n".to_owned()),
        ("models/n_sequence.sql", "{{ config(materialized='table') }} select nextval('ids') > 0 as n".to_owned()),
    ];
    let plain: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    insta::assert_snapshot!(Years::new(&plain, 2).in_order(), @"
    b_view: is a view
    c_reads_view: reads b_view
    d_this: uses `this`
    e_query: uses `run_query`
    f_macro: uses `run_query`
    g_hook: has a post-hook
    h_hook: has a pre-hook that does more than delete its own rows
    i_name: reads a without `ref`
    j_key: replaces rows by a key, and others of its stage read it
    k_reads_key: reads j_key
    m_sequence: has a pre-hook that does more than delete its own rows
    n_sequence: uses a sequence
    s: is a seed
    ");
    assert_eq!(same(&files, "i_name"), "2025 1\n2026 2");
    assert_eq!(same(&files, "l_key"), "1 2026");
}

#[test]
fn a_view_of_an_earlier_stage_that_reads_this_one_is_followed() {
    let fixture = Fixture::new(&[
        ("models/a.sql", &model("select {{ var('year') }} as year")),
        ("models/b.sql", "select * from {{ ref('a') }}"),
        ("models/c.sql", &model("select {{ var('year') }} as year, count(*) as n from {{ ref('b') }}")),
    ]);
    let given = vars("{\"year\": 2025}");
    let runner = fixture.load_with(&given).expect("load");
    let nodes = ["a".to_owned(), "c".to_owned()];
    let reason = "reads models of its stage through the view b";
    assert_eq!(runner.in_order(&nodes, &given).expect("reasons"), [("c".to_owned(), reason.to_owned())]);
}

#[test]
fn the_first_failure_in_order_is_reported_and_nothing_stays() {
    let files = [
        ("models/a.sql", model("select {{ var('year') }} as year")),
        ("models/b.sql", model("select {{ var('year') }} as year, error('b') as n from range(100000)")),
        ("models/c.sql", model("select {{ var('year') }} as year, error('c') as n")),
        ("models/d.sql", model("select * from nowhere")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    for workers in [1, 2, 4] {
        let years = Years::new(&files, workers);
        let error = years.build(2025).expect_err("must fail");
        assert_eq!(error.node().map(|(node, _)| node), Some("b"), "{workers} workers");
        assert_eq!(years.fixture.rows("select count(*) from duckdb_tables()"), "0");
    }
}

#[test]
fn a_running_model_that_is_no_longer_needed_is_interrupted() {
    let files = [
        ("models/a.sql", model("select {{ var('year') }} as year, error('a') as n from range(1000)")),
        // Would take hours.
        ("models/b.sql", model("select count(*) as year from range(100000000) a, range(100000000) b")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    let years = Years::new(&files, 2);
    assert_eq!(years.build(2025).expect_err("must fail").node().map(|(node, _)| node), Some("a"));
}

#[test]
fn a_stop_ends_the_stage_without_traces() {
    let content = model("select {{ var('year') }} as year");
    let years = Years::new(&[("models/a.sql", &content), ("models/b.sql", &content), ("models/c.sql", &content)], 2);
    let given = vars("{\"year\": 2025}");
    let mut runner = years.fixture.load_with(&given).expect("load");
    let nodes = runner.select("").expect("nodes");
    let mut unit = years.fixture.database.clone();
    unit.begin().expect("begin");
    let mut events = Vec::new();
    let stopped = runner.run(&nodes, &given, 2, &mut |event| match event {
        NodeEvent::Started { name: "c", .. } => Flow::Stop,
        NodeEvent::Started { name, .. } => {
            events.push(format!("{name}?"));
            Flow::Continue
        }
        NodeEvent::Finished(Outcome::Built(result)) => {
            events.push(format!("{}!", result.name));
            Flow::Continue
        }
        _ => Flow::Continue,
    });
    unit.rollback().expect("rollback");
    assert!(matches!(stopped, Err(RunnerError::Stopped { .. })), "{stopped:?}");
    assert_eq!(events[..2], ["a?", "b?"]);
    assert_eq!(years.fixture.rows("select count(*) from duckdb_databases() where not internal"), "1");
}

#[test]
fn a_database_in_a_file_is_built_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    let content = model("select {{ var('year') }} as year, n from range(10) t(n)");
    let reader = model("select {{ var('year') }} as year, count(*) as n from {{ ref('a') }}");
    let files = Fixture::new(&[("models/a.sql", &content), ("models/b.sql", &reader)]);
    let built = [1, 2].map(|workers| {
        let database = Database::open(&folder.path().join(format!("w{workers}.duckdb")), &DatabaseOptions::default());
        let database = database.expect("open");
        for year in [2025, 2026] {
            let given = vars(&format!("{{\"year\": {year}}}"));
            let mut runner = planalign_dbt::EmbeddedRunner::load(files.path(), database.clone(), &given).expect("load");
            let nodes = runner.select("").expect("nodes");
            let mut unit = database.clone();
            unit.begin().expect("begin");
            runner.run(&nodes, &given, workers, &mut |_| Flow::Continue).expect("built");
            unit.commit().expect("commit");
        }
        contents(&database)
    });
    assert_eq!(built[0], built[1]);
}
