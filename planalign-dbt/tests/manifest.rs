//! What `manifest.json` says of a project where dbt compares it with another run.

mod support;

use planalign_dbt::{Artifacts, Invocation};
use serde_json::{Value as Json, json};
use support::{Fixture, vars};

fn manifest(files: &[(&str, &str)]) -> Json {
    let fixture = Fixture::new(files);
    let runner = fixture.load_with(&vars(r#"{"place": "here"}"#)).expect("load");
    let target = fixture.path().join("target");
    let artifacts = Artifacts::new(Invocation::new("build", serde_json::Map::new()));
    artifacts.write_manifest(&runner, &target).expect("write");
    let text = std::fs::read_to_string(target.join("manifest.json")).expect("read");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn sources_keep_freshness_of_every_level() {
    let manifest = manifest(&[
        ("dbt_project.yml", "name: p\nsources: {p: {+freshness: {warn_after: {count: 9, period: day}}}}\n"),
        (
            "models/s.yml",
            "
sources:
  - name: raw
    loader: copy
    meta: {owner: me}
    loaded_at_field: updated
    freshness: {warn_after: {count: 1, period: day}}
    tables:
      - {name: both, freshness: {error_after: {count: 2, period: hour}, filter: id > 0}}
      - {name: unset, loaded_at_field: \"{{ var('place') }}\", freshness: null}
      - {name: own, config: {loaded_at_field: t, freshness: {warn_after: {count: 3, period: minute}}, event_time: t}}
  - name: other
    tables: [{name: of_project}, {name: query, config: {loaded_at_query: select 1}}]
",
        ),
    ]);
    let nothing = json!({ "count": null, "period": null });
    let after = |count: u8, period: &str| json!({ "count": count, "period": period });
    for (table, field, freshness) in [
        (
            "raw.both",
            "updated",
            json!({ "warn_after": after(1, "day"), "error_after": after(2, "hour"), "filter": "id > 0" }),
        ),
        ("raw.unset", "here", Json::Null),
        ("raw.own", "t", json!({ "warn_after": after(3, "minute"), "error_after": nothing, "filter": null })),
    ] {
        let source = &manifest["sources"][format!("source.p.{table}")];
        for of in [source, &source["config"], &source["unrendered_config"]] {
            assert_eq!((&of["loaded_at_field"], &of["freshness"]), (&json!(field), &freshness), "{table}");
        }
        assert_eq!((&source["loader"], &source["meta"]), (&json!("copy"), &json!({ "owner": "me" })));
    }
    assert_eq!(manifest["sources"]["source.p.raw.own"]["config"]["event_time"], "t");
    let source = &manifest["sources"]["source.p.other.of_project"];
    assert_eq!(source["freshness"], json!({ "warn_after": after(9, "day"), "error_after": nothing, "filter": null }));
    assert_eq!(source["unrendered_config"]["freshness"], json!({ "warn_after": after(9, "day") }));
    assert_eq!(manifest["sources"]["source.p.other.query"]["loaded_at_query"], "select 1");
}

#[test]
fn descriptions_and_conditions_are_rendered() {
    let manifest = manifest(&[
        ("models/m.sql", "select 1 as a"),
        (
            "models/s.yml",
            "
models:
  - name: m
    description: it is {{ var('place') }}
    columns:
      - name: a
        description: \"{{ doc('unknown') }}\"
        data_tests: [not_null: {name: t, config: {where: \"a = '{{ var('place') }}'\"}}]
",
        ),
    ]);
    let model = &manifest["nodes"]["model.p.m"];
    assert_eq!(model["description"], "it is here");
    assert_eq!(model["columns"]["a"]["description"], "{{ doc('unknown') }}");
    let nodes = manifest["nodes"].as_object().expect("nodes");
    let (_, test) = nodes.iter().find(|(id, _)| id.starts_with("test.p.t.")).expect("test");
    assert_eq!(test["unrendered_config"]["where"], "a = 'here'");
    assert_eq!(test["raw_code"], "{{ test_not_null(**_dbt_generic_test_kwargs) }}{{ config(where=\"a = 'here'\") }}");
}

#[test]
fn exposures_name_what_they_depend_on() {
    let manifest = manifest(&[
        ("dbt_project.yml", "name: p\nexposures: {p: {+tags: [all]}}\n"),
        ("models/m.sql", "select 1 as a"),
        (
            "models/s.yml",
            "
sources: [{name: raw, tables: [{name: t}]}]
exposures:
  - name: dash
    label: Dashboard
    type: dashboard
    url: https://example.test/{{ var('place') }}
    depends_on: [ref('m'), \"source('raw', 't')\"]
    owner: {name: Me}
    tags: [own]
  - {name: gone, type: ml, owner: {name: Me}, config: {enabled: false}}
",
        ),
    ]);
    let exposures = manifest["exposures"].as_object().expect("exposures");
    assert_eq!(exposures.keys().collect::<Vec<_>>(), ["exposure.p.dash"]);
    let dash = &exposures["exposure.p.dash"];
    assert_eq!(dash["url"], "https://example.test/here");
    assert_eq!(dash["owner"], json!({ "email": null, "name": "Me" }));
    assert_eq!(dash["depends_on"]["nodes"], json!(["model.p.m", "source.p.raw.t"]));
    assert_eq!((&dash["tags"], &dash["unrendered_config"]), (&json!(["all", "own"]), &json!({ "tags": ["all"] })));
    assert_eq!(manifest["child_map"]["model.p.m"], json!(["exposure.p.dash"]));
}
