//! Names, materializations, and problems of manifests.

use serde_json::{Value, json};

use super::*;

fn node(package: &str, name: &str, materialized: &str, depends_on: &[&str]) -> (String, Value) {
    let node = json!({
        "resource_type": "model", "name": name, "package_name": package, "original_file_path": format!("models/{name}.sql"),
        "fqn": [package, name], "schema": "main", "alias": null, "config": { "materialized": materialized },
        "depends_on": { "nodes": depends_on },
    });
    (format!("model.{package}.{name}"), node)
}

fn manifest(nodes: impl IntoIterator<Item = (String, Value)>) -> Result<Manifest, RunnerError> {
    let nodes: serde_json::Map<String, Value> = nodes.into_iter().collect();
    let file = json!({ "metadata": { "adapter_type": "duckdb", "project_name": "shop" }, "nodes": nodes });
    Manifest::of(serde_json::from_value(file).expect("a manifest"))
}

#[test]
fn only_ambiguous_names_of_packages_carry_the_package() {
    let manifest = manifest([
        node("shop", "orders", "table", &["model.tools.orders"]),
        node("tools", "orders", "view", &["model.tools.dates"]),
        node("tools", "dates", "table", &[]),
    ])
    .expect("read");
    assert_eq!(manifest.order, ["dates", "tools.orders", "orders"]);
    assert_eq!(manifest.nodes["tools.orders"].selector, "package:tools,path:models/orders.sql");
    assert_eq!(manifest.nodes["tools.orders"].id, "model.tools.orders");
}

#[test]
fn every_materialization_is_one_that_a_run_knows() {
    let kinds = ["view", "table", "incremental", "ephemeral", "external", "materialized_view"];
    let mut nodes: Vec<_> = kinds.map(|kind| node("shop", kind, kind, &[])).into();
    let mut snapshot = node("shop", "history", "snapshot", &[]);
    snapshot.1["resource_type"] = "snapshot".into();
    let mut seed = node("shop", "levels", "seed", &[]);
    seed.1["resource_type"] = "seed".into();
    let mut test = node("shop", "unique_orders", "test", &[]);
    test.1["resource_type"] = "test".into();
    let mut query = node("shop", "inline", "view", &[]);
    query.1["original_file_path"] = "../target/inline_49891a37.sql".into();
    nodes.extend([snapshot, seed, test, query]);
    let manifest = manifest(nodes).expect("read");
    let known: Vec<(&str, Materialization)> =
        manifest.nodes.values().map(|node| (node.name.as_str(), node.materialization)).collect();
    let expected = [
        ("ephemeral", Materialization::Ephemeral),
        ("external", Materialization::Table),
        ("history", Materialization::Incremental),
        ("incremental", Materialization::Incremental),
        ("levels", Materialization::Seed),
        ("materialized_view", Materialization::Table),
        ("table", Materialization::Table),
        ("view", Materialization::View),
    ];
    assert_eq!(known, expected);
    assert_eq!(manifest.nodes["ephemeral"].relation, None);
    assert_eq!(manifest.nodes["levels"].relation.as_ref().map(|r| r.name.as_str()), Some("levels"));
}

#[test]
fn tests_read_models_and_the_sources_that_models_write() {
    let mut test =
        node("shop", "fails", "test", &["model.shop.orders", "source.shop.raw.dates", "source.shop.raw.files"]);
    test.1["resource_type"] = "test".into();
    test.1["config"] = json!({ "error_if": "> 5" });
    let mut of_package = node("tools", "fails", "test", &[]);
    of_package.1["resource_type"] = "test".into();
    let nodes = [node("shop", "orders", "table", &[]), node("shop", "dates", "table", &[]), test, of_package];
    let nodes: serde_json::Map<String, Value> = nodes.into_iter().collect();
    let source = |name: &str| json!({ "schema": "MAIN", "identifier": name });
    let sources = json!({ "source.shop.raw.dates": source("Dates"), "source.shop.raw.files": source("files") });
    let file = json!({ "metadata": { "project_name": "shop" }, "nodes": nodes, "sources": sources });
    let tests = Manifest::of(serde_json::from_value(file).expect("a manifest")).expect("read").tests;
    let described = DataTest {
        name: "fails".to_owned(),
        file: "models/fails.sql".to_owned(),
        depends_on: vec!["dates".to_owned(), "orders".to_owned()],
    };
    assert_eq!(tests[0].described(), described);
    assert_eq!((tests[0].warn_if.as_str(), tests[0].error_if.as_str()), ("!= 0", "> 5"));
    assert_eq!((tests[1].name.as_str(), tests[1].selector.as_str()), ("tools.fails", "fqn:tools.fails"));
}

#[test]
fn sources_contain_the_code_and_the_macros_that_it_reaches() {
    let mut orders = node("shop", "orders", "table", &[]);
    orders.1["raw_code"] = "select {{ cents(1) }}".into();
    orders.1["depends_on"]["macros"] = json!(["macro.shop.cents", "macro.dbt.run_query"]);
    let macros = json!({
        "macro.shop.cents": { "package_name": "shop", "macro_sql": "round", "depends_on": { "macros": ["macro.tools.scale", "macro.shop.cents"] } },
        "macro.tools.scale": { "package_name": "tools", "macro_sql": "100" },
        "macro.dbt.run_query": { "package_name": "dbt", "macro_sql": "not ours" },
        "macro.shop.unused": { "package_name": "shop", "macro_sql": "unused" },
    });
    let file = json!({ "metadata": {}, "nodes": { orders.0: orders.1 }, "macros": macros });
    let manifest = Manifest::of(serde_json::from_value(file).expect("a manifest")).expect("read");
    let expected = "null\nselect {{ cents(1) }}\n-- macro.shop.cents\nround\n-- macro.tools.scale\n100\n";
    assert_eq!(manifest.sources["model.orders"], expected);

    let folder = tempfile::tempdir().expect("temporary directory");
    std::fs::write(folder.path().join("levels.csv"), "id\n1\n").expect("seed");
    let seed = json!({
        "resource_type": "seed", "name": "levels", "package_name": "shop", "original_file_path": "levels.csv",
        "root_path": folder.path(), "unrendered_config": { "quote_columns": true },
    });
    let file = json!({ "metadata": {}, "nodes": { "seed.shop.levels": seed } });
    let manifest = Manifest::of(serde_json::from_value(file).expect("a manifest")).expect("read");
    assert_eq!(manifest.sources["seed.levels"], "{\"quote_columns\":true}\nid\n1\n\n");
}

#[test]
fn a_circle_and_a_file_that_is_not_a_manifest_are_errors() {
    let circle =
        manifest([node("shop", "a", "table", &["model.shop.b"]), node("shop", "b", "table", &["model.shop.a"])]);
    assert_eq!(circle.expect_err("a circle").to_string(), "models depend on each other in a circle: a -> b -> a");
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = folder.path().join("manifest.json");
    assert!(matches!(Manifest::read(&path), Err(RunnerError::Dbt(DbtError::Manifest { .. }))));
    std::fs::write(&path, "{}").expect("write");
    assert!(matches!(Manifest::read(&path), Err(RunnerError::Dbt(DbtError::Manifest { .. }))));
}
