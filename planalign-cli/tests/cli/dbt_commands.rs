//! `planalign dbt` on a small project, as a user of dbt runs it.

use planalign_config::lock::{Holder, RunLock};
use planalign_config::{Database, DatabaseOptions};
use serde_json::{Value, json};

use crate::sandbox::{CommandOutput, Sandbox, captured};

/// A seed, an ephemeral model, a table, an incremental model, a model that fails if told to, and tests.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new(0);
    for folder in ["shop", "shop/models", "shop/models/marts", "shop/seeds", "shop/tests"] {
        std::fs::create_dir(sandbox.path(folder)).expect("create");
    }
    let properties = "
models:
  - name: orders
    columns:
      - name: id
        data_tests: [unique, {accepted_values: {arguments: {values: [1]}, config: {severity: warn}}}]
sources: [{name: raw, schema: main, tables: [{name: orders_raw}]}]
";
    for (file, text) in [
        ("dbt_project.yml", "name: shop\nprofile: shop\nmodels: {shop: {marts: {+materialized: table}}}\n"),
        ("profiles.yml", "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, schema: main}}}\n"),
        ("seeds/orders_raw.csv", "id,customer,amount\n1,ann,10.50\n2,bob,\n"),
        ("models/base.sql", "{{ config(materialized='ephemeral') }} select * from {{ ref('orders_raw') }}"),
        ("models/marts/orders.sql", "select id, amount from {{ ref('base') }}"),
        ("models/marts/broken.sql", "select case when {{ var('works', false) }} then 1 else error('no') end as n"),
        ("models/marts/after_broken.sql", "select n from {{ ref('broken') }}"),
        (
            "models/log.sql",
            "{{ config(materialized='incremental') }} select count(*) as n from {{ ref('orders') }} -- {{ this }}",
        ),
        ("models/shop.yml", properties),
        ("tests/no_debts.sql", "select * from {{ ref('orders') }} where amount < 0"),
    ] {
        sandbox.write(&format!("shop/{file}"), text);
    }
    sandbox
}

fn dbt(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    let (command, options) = arguments.split_first().expect("a command");
    let all = [&["dbt", command, "--project-dir", "shop"], options].concat();
    captured(&sandbox.command(&all).output().expect("run planalign"))
}

/// The lines without times.
fn lines(output: &CommandOutput) -> String {
    let seconds = regex(r" in \d+\.\d\ds\]");
    let finished = regex(r"and \d+\.\d\d seconds \(\d+\.\d\ds\)");
    let time = regex(r"(?m)^\d\d:\d\d:\d\d ? ?");
    let text = time.replace_all(&output.stdout, "").into_owned();
    let text = seconds.replace_all(&text, " in [time]]").into_owned();
    finished.replace_all(&text, "and [time] seconds ([time])").replace(env!("CARGO_PKG_VERSION"), "[version]")
}

fn regex(text: &str) -> regex::Regex {
    regex::Regex::new(text).expect("a pattern")
}

fn artifact(sandbox: &Sandbox, file: &str) -> Value {
    let text = std::fs::read_to_string(sandbox.path("shop/target").join(file)).expect("an artifact");
    serde_json::from_str(&text).expect("JSON")
}

fn statuses(sandbox: &Sandbox) -> Vec<(String, String)> {
    let results = artifact(sandbox, "run_results.json");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let results = results["results"].as_array().expect("results").iter();
    results.map(|result| (text(&result["unique_id"]), text(&result["status"]))).collect()
}

#[test]
fn a_build_prints_what_dbt_prints_and_leaves_what_dbt_leaves() {
    let sandbox = shop();
    let output = dbt(&sandbox, &["build"]);
    assert_eq!((output.code, output.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(lines(&output));
    let expected = [
        ("seed.shop.orders_raw", "success"),
        ("model.shop.broken", "error"),
        ("model.shop.after_broken", "skipped"),
        ("model.shop.orders", "success"),
        ("test.shop.no_debts", "pass"),
        ("test.shop.unique_orders_id", "pass"),
        ("test.shop.accepted_values_orders_id__1", "warn"),
        ("model.shop.log", "success"),
    ];
    let found = statuses(&sandbox);
    let without_hash = |id: &str| id.split('.').take(3).collect::<Vec<_>>().join(".");
    let found: Vec<_> = found.iter().map(|(id, status)| (without_hash(id), status.as_str())).collect();
    assert_eq!(found, expected.map(|(id, status)| (id.to_owned(), status)));

    let manifest = artifact(&sandbox, "manifest.json");
    let orders = &manifest["nodes"]["model.shop.orders"];
    let sql = "with __dbt__cte__base as (\n select * from \"shop\".\"main\".\"orders_raw\"\n)\nselect id, amount from __dbt__cte__base";
    assert_eq!(orders["compiled_code"], sql);
    let compiled = std::fs::read_to_string(sandbox.path("shop/target/compiled/shop/models/marts/orders.sql"));
    assert_eq!(compiled.expect("compiled SQL"), sql);
    assert_eq!(manifest["parent_map"]["model.shop.orders"], json!(["model.shop.base"]));
    assert_eq!(orders["config"]["materialized"], "table");

    let database = Database::open(&sandbox.path("shop.duckdb"), &DatabaseOptions::default()).expect("open");
    assert_eq!(database.query_value("select n from log", &[]).expect("log").integer(), Some(2));
}

#[test]
fn each_command_does_its_part() {
    let sandbox = shop();
    let done = |arguments: &[&str]| {
        let output = dbt(&sandbox, arguments);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{arguments:?}: {}", output.stdout);
        output.stdout
    };
    assert!(done(&["seed"]).contains("[INSERT 2 in"));
    let models = done(&["run", "--vars", "{works: true}", "--threads", "1"]);
    assert!(models.ends_with("PASS=4 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=4\n"), "{models}");
    done(&["run", "--select", "log"]);
    let rows = |expected: i64| {
        let database = sandbox.open("shop.duckdb");
        assert_eq!(database.query_value("select count(*) from log", &[]).expect("log").integer(), Some(expected));
    };
    rows(2);
    done(&["run", "-s", "log", "-f"]);
    rows(1);
    assert!(done(&["test", "-q"]).contains("Warning in test accepted_values_orders_id__1 (models/shop.yml)"));
    let quiet = dbt(&sandbox, &["run", "--quiet", "-s", "broken"]);
    assert!(quiet.stdout.contains("1 of 1 ERROR creating sql table model main.broken"), "{}", quiet.stdout);
    assert!(!quiet.stdout.contains("START"), "{}", quiet.stdout);

    assert_eq!(
        done(&["ls", "--select", "+log", "--exclude", "test_type:generic"]),
        "shop.base\nshop.log\nshop.marts.orders\nshop.orders_raw\nshop.no_debts\n"
    );
    assert_eq!(done(&["ls", "--resource-type", "source", "seed"]), "shop.orders_raw\nsource:shop.raw.orders_raw\n");
    assert_eq!(
        done(&["ls", "-s", "orders", "--resource-type", "model", "--output", "path"]),
        "models/marts/orders.sql\n"
    );
    let listed: Value = serde_json::from_str(&done(&["list", "-s", "base", "--output", "json"])).expect("JSON");
    assert_eq!(
        (&listed["unique_id"], &listed["alias"], &listed["depends_on"]["nodes"]),
        (&json!("model.shop.base"), &json!("base"), &json!(["seed.shop.orders_raw"]))
    );
    assert_eq!((&listed["config"]["enabled"], &listed["config"]["unique_key"]), (&json!(true), &Value::Null));

    let shown = done(&["show", "--select", "orders", "orders_raw"]);
    let expected = "Previewing node 'orders':
| id | amount |
| -- | ------ |
|  1 |   10.5 |
|  2 |        |
Previewing node 'orders_raw':
| id | customer | amount |
| -- | -------- | ------ |
|  1 | ann      |   10.5 |
|  2 | bob      |        |
";
    assert_eq!(shown, expected);
    let inline = "select {{ 1 + 1 }} as two, true as yes, '07' as text from {{ ref('base') }}";
    let shown: Value =
        serde_json::from_str(&done(&["show", "--inline", inline, "--limit", "1", "--output", "json"])).expect("JSON");
    assert_eq!(shown, json!({ "show": [{ "two": 2, "yes": true, "text": "07" }] }));
    let inline =
        "select timestamp '2025-01-02 10:00:00.5' as t, timestamptz '2025-01-02 00:00:00+00' as z, blob 'ab' as b";
    let shown = done(&["show", "--inline", inline, "--output", "json"]);
    for text in ["2025-01-02T10:00:00.500000", "2025-01-02 00:00:00+00", "ab"] {
        assert!(shown.contains(&format!(": \"{text}\"")), "{shown}");
    }
    let shown = done(&["show", "--inline", "select 1 as a, 2 as a, 3 as \"A\""]);
    assert_eq!(shown, "Previewing inline node:\n| a | a | A |\n| - | - | - |\n| 1 | 2 | 3 |\n");
    assert!(done(&["show", "-s", "no_debts"]).starts_with("Previewing node 'no_debts':\n| id |"));

    assert_eq!(
        done(&["compile", "--inline", "select * from {{ ref('orders') }}"]),
        "Compiled inline node is:\nselect * from \"shop\".\"main\".\"orders\"\n"
    );
    assert!(done(&["compile", "-s", "log"]).starts_with("Compiled node 'log' is:\n select count(*) as n from"));
    let all = done(&["compile", "--target-path", "elsewhere"]);
    assert!(all.ends_with("Compiled SQL is in shop/elsewhere/compiled\n"), "{all}");
    assert!(sandbox.path("shop/elsewhere/compiled/shop/models/shop.yml/unique_orders_id.sql").is_file());
}

#[test]
fn the_first_failure_can_end_a_build() {
    let sandbox = shop();
    let output = dbt(&sandbox, &["build", "--fail-fast"]);
    assert_eq!(output.code, 1);
    assert!(output.stdout.ends_with("PASS=1 WARN=0 ERROR=1 SKIP=6 NO-OP=0 TOTAL=8\n"), "{}", output.stdout);
}

#[test]
fn mistakes_have_dbts_exit_code_and_say_what_is_wrong() {
    let sandbox = shop();
    let check = |arguments: &[&str], expected: &str| {
        let output = dbt(&sandbox, arguments);
        assert_eq!(output.code, 2, "{}", output.stdout);
        assert!(output.stderr.contains(expected), "{}", output.stderr);
    };
    check(
        &["test"],
        "there is no database `shop.duckdb` yet\nhelp: build it first (`planalign dbt build`), or change `path` in",
    );
    check(&["test"], "\n      relative paths start in the current directory, as in dbt\n");
    check(&["run", "--select", "order"], "error: order selects nothing; did you mean `orders`?");
    check(&["run", "--target", "prod"], "profile shop has no target prod");
    check(&["run", "--vars", "[1]"], "variables are a mapping");
    check(&["show"], "--inline <SQL>");
    check(&["run", "--select", " "], "error: the selection is empty\nhelp: to select everything, leave out `--select`");
    check(&["run", "--defer"], "error: `planalign dbt` does not support `--defer`\nhelp: use dbt itself");
    check(&["compile", "--inline", "{{ ref('nothing') }}"], "nothing");
    assert_eq!(dbt(&sandbox, &["seed"]).code, 0);
    check(&["show", "--inline", "select\n* from nowhere"], "nowhere does not exist");
    check(&["show", "--inline", "select\n* from nowhere"], "--> 2 | * from nowhere");
    check(&["show", "--inline", " "], "the query is empty");
    check(&["show", "-s", "test_type:generic"], "error: the selection has no model, seed, or test to show");
    check(&["run", "--profiles-dir", "elsewhere"], "profile shop needs a profiles.yml, but there is none in");
    sandbox.write("shop/models/broken.yml", "models: [{name: orders, versions: [{v: 1}]}]");
    check(&["ls"], "model versions, which is not supported: give each version of the model its own name");
    let other = captured(&sandbox.command(&["dbt", "retry"]).output().expect("run planalign"));
    assert!(other.code == 2 && other.stderr.contains("does not support `retry`"), "{}", other.stderr);
    let nowhere = captured(&sandbox.command(&["dbt", "ls"]).output().expect("run planalign"));
    assert_eq!(nowhere.code, 2);
    let expected =
        "error: found no dbt_project.yml here or above\nhelp: name the project's directory with `--project-dir`\n";
    assert_eq!(nowhere.stderr, expected);
}

#[test]
fn a_database_of_simulations_is_left_alone_while_one_runs() {
    let sandbox = shop();
    let holder = Holder::new("planalign simulate", "2025-01-01T00:00:00Z".parse().expect("timestamp"));
    let lock = RunLock::acquire(&sandbox.path("shop.duckdb"), &holder).expect("lock");
    let output = dbt(&sandbox, &["build"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("is in use by process"), "{}", output.stderr);
    drop(lock);
    assert_eq!(dbt(&sandbox, &["seed"]).code, 0);
}

#[test]
fn a_database_in_use_elsewhere_can_be_listed_but_not_built() {
    let sandbox = shop();
    assert_eq!(dbt(&sandbox, &["seed"]).code, 0);
    let _held = sandbox.open("shop.duckdb");
    let output = dbt(&sandbox, &["build"]);
    assert!(output.code == 2 && output.stderr.contains("help: close the other program"), "{}", output.stderr);
    let output = dbt(&sandbox, &["ls", "-s", "orders", "--resource-type", "model"]);
    assert_eq!((output.code, output.stdout.as_str()), (0, "shop.marts.orders\n"), "{}", output.stderr);
}

#[test]
fn what_is_wrong_with_a_profile_is_named() {
    let sandbox = shop();
    let with = |more: &str| {
        let output = format!("{{type: duckdb, path: shop.duckdb, {more}}}");
        sandbox.write("shop/profiles.yml", &format!("shop: {{target: dev, outputs: {{dev: {output}}}}}\n"));
        dbt(&sandbox, &["build"])
    };
    for more in ["settings: {colour: red}", "extensions: [nonsense]"] {
        let output = with(more);
        let expected = "error: cannot apply the profile's `settings` and `extensions`";
        assert!(output.code == 2 && output.stderr.starts_with(expected), "{}", output.stderr);
        assert!(output.stderr.contains("help: change them in `"), "{}", output.stderr);
    }
}

#[test]
fn quiet_or_not_skipped_unit_tests_are_named() {
    let sandbox = shop();
    let unit_test = "unit_tests: [{name: adds_up, model: orders, given: [], expect: {rows: []}}]";
    sandbox.write("shop/models/unit.yml", unit_test);
    for arguments in [&["seed"] as &[&str], &["seed", "-q"]] {
        let output = dbt(&sandbox, arguments);
        assert!(output.stderr.contains("unit tests are not supported"), "{arguments:?}: {}", output.stderr);
    }
    let output = dbt(&sandbox, &["test", "-s", "test_type:unit"]);
    assert!(output.code == 2 && output.stderr.contains("uses unit tests, which is not supported"), "{}", output.stderr);
}

#[test]
fn a_build_of_nothing_leaves_no_older_results() {
    let sandbox = shop();
    assert_eq!(dbt(&sandbox, &["seed"]).code, 0);
    assert_eq!(statuses(&sandbox).len(), 1);
    let output = dbt(&sandbox, &["run", "--select", "orders", "--exclude", "orders"]);
    assert!(output.code == 0 && output.stdout.contains("Nothing to do."), "{}", output.stdout);
    assert_eq!(statuses(&sandbox), []);
}

#[test]
fn results_of_a_simulation_are_not_overwritten() {
    let sandbox = shop();
    assert_eq!(dbt(&sandbox, &["seed"]).code, 0);
    let checkpoints = "create schema planalign; create table planalign.checkpoints as select 1 as sequence";
    sandbox.tamper("shop.duckdb", checkpoints);
    let output = dbt(&sandbox, &["run", "--full-refresh"]);
    assert_eq!(output.code, 2);
    let expected = "`shop.duckdb` has the results of a simulation, and its checkpoints would no longer match them";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
    assert_eq!(dbt(&sandbox, &["show", "-s", "orders_raw"]).code, 0);
}

#[test]
fn options_of_dbt_in_the_environment_count_or_are_named() {
    let sandbox = shop();
    let other = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}, prod: {type: duckdb, path: prod.duckdb}}}\n";
    sandbox.write("shop/profiles.yml", other);
    let mut command = sandbox.command(&["dbt", "build", "-s", "broken", "log"]);
    command.env("DBT_PROJECT_DIR", "shop").env("DBT_TARGET", "prod").env("DBT_FULL_REFRESH", "true");
    command.env("DBT_FAIL_FAST", "1").env("DBT_WARN_ERROR", "true").env("DBT_USE_COLORS", "0");
    let output = captured(&command.output().expect("run planalign"));
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert_eq!(output.stderr, "warning: ignored: DBT_WARN_ERROR, which `planalign dbt` does not support\n");
    assert!(output.stdout.contains("ERROR=1 SKIP=1"), "{}", output.stdout);
    assert!(sandbox.path("prod.duckdb").exists() && !sandbox.path("shop.duckdb").exists());
    // What `dbt retry` needs to repeat the call.
    let args = &artifact(&sandbox, "run_results.json")["args"];
    let known = ["which", "target", "full_refresh", "fail_fast", "select"].map(|key| args[key].clone());
    let expected = [json!("build"), json!("prod"), json!(true), json!(true), json!(["broken", "log"])];
    assert_eq!(known, expected);
}

#[test]
fn the_project_is_found_from_inside_and_values_stay_private() {
    let sandbox = shop();
    sandbox.write("shop/models/private.sql", "select cast(customer as integer) as n from {{ ref('orders_raw') }}");
    sandbox.write(
        "shop/models/private_table.sql",
        "{{ config(materialized='table') }} select * from {{ ref('private') }}",
    );
    let mut command = sandbox.command(&["dbt", "build", "--select", "+private_table"]);
    let output = captured(&command.current_dir(sandbox.path("shop/models")).output().expect("run planalign"));
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.stdout.contains("Conversion Error"), "{}", output.stdout);
    let results = std::fs::read_to_string(sandbox.path("shop/target/run_results.json")).expect("results");
    for name in ["ann", "bob"] {
        assert!(!output.stdout.contains(name) && !results.contains(name), "{}", output.stdout);
    }
}
