//! Trees, positions, and how each dialect reads a text.

use serde_json::json;

use super::*;

fn parse_core(text: &str) -> (Node, Vec<YamlError>) {
    parse(text, Dialect::Core)
}

/// The value as dbt reads it.
#[track_caller]
fn dbt(text: &str) -> Json {
    let (root, errors) = parse(text, Dialect::PyYaml);
    assert_eq!(errors, [], "{text}");
    root.to_json()
}

#[test]
fn nodes_have_positions() {
    let (root, mistakes) = parse_core("# first\na:\n  b: [1, x]\n\"c\": 0.50\n");
    assert_eq!(mistakes, []);
    let Content::Map(entries) = &root.content else { panic!("{root}") };
    let positions: Vec<_> = entries.iter().map(|e| (e.key.as_str(), e.at.line, e.at.column, e.value.at.line)).collect();
    assert_eq!(positions, [("a", 2, 1, 3), ("c", 4, 1, 4)]);
    assert_eq!(root.to_string(), r#"{a: {b: [1, "x"]}, c: 0.5}"#);
}

#[test]
fn scalars_follow_the_core_schema() {
    #[track_caller]
    fn check(text: &str, expect: &Content) {
        let (root, mistakes) = parse_core(text);
        assert_eq!((&root.content, mistakes), (expect, Vec::new()), "{text}");
    }
    check("~", &Content::Null);
    check("true", &Content::Flag(true));
    check("0x10", &Content::Integer(16));
    check("1e3", &Content::Float("1e3".to_owned()));
    check("-.inf", &Content::Float("-inf".to_owned()));
    check("0.1000000000000000055", &Content::Float("0.1000000000000000055".to_owned()));
    for text in ["yes", "02-01", "2025-01-01", "99999999999999999999999"] {
        assert!(matches!(parse_core(text).0.content, Content::Text(_) | Content::Float(_)), "{text}");
    }
    check("'5'", &Content::Text("5".to_owned()));
}

#[test]
fn duplicate_keys_are_all_reported_with_their_paths() {
    let (_, mistakes) = parse_core("a: 1\na: 2\nb: [{ c: 1, c: 2 }]\nd:\n  e: 1\n  e: 1\n");
    let found: Vec<_> = mistakes.iter().map(|f| (f.key.as_str(), f.at.line, f.kind.to_string())).collect();
    let twice = |line| format!("given twice, first on line {line}");
    assert_eq!(found, [("a", 2, twice(1)), ("b[0].c", 3, twice(3)), ("d.e", 6, twice(5))]);
}

#[test]
fn dbt_merges_maps_and_repeats_values() {
    let base = "a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\n";
    let check = |text: &str, expect: Json| assert_eq!(dbt(&format!("{base}{text}"))["c"], expect, "{text}");
    check("c: *a\n", json!({ "x": 1, "y": 1 }));
    check("c: { y: 3, <<: *a }\n", json!({ "x": 1, "y": 3 }));
    check("c: { <<: [*a, *b], w: 0 }\n", json!({ "x": 1, "y": 1, "z": 2, "w": 0 }));
    assert_eq!(dbt("a: &name yes\n*name : [*name]\n"), json!({ "a": true, "true": [true] }));
}

#[test]
fn dbt_uses_the_last_duplicate_key_and_the_first_document_and_ignores_tags() {
    assert_eq!(dbt("a: 1\nb: 2\na: !tag 3\n---\nc: 4\n---\nd\n"), json!({ "a": 3, "b": 2 }));
    assert_eq!(dbt("1: a\nyes: b\n'no': c\n~: d\n"), json!({ "1": "a", "true": "b", "no": "c", "null": "d" }));
    assert_eq!(dbt(""), Json::Null);
}

#[test]
fn alias_expansion_is_limited() {
    let line = |level: usize| match level {
        0 => "a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned(),
        level => format!("a{level}: &a{level} [{}]", format!("*a{}, ", level - 1).repeat(10)),
    };
    let text = (0..9).map(line).collect::<Vec<_>>().join("\n");
    for (text, message) in [
        (text.as_str(), "aliases expand to too many values"),
        ("a: &a [*a]", "an alias inside the value that it repeats"),
        (&"[".repeat(200), "nested too deeply"),
    ] {
        let errors = parse(text, Dialect::PyYaml).1;
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [message]);
    }
}

#[test]
fn dbt_ignores_the_indentation_of_flow_lists_and_quoted_texts() {
    for (text, expected) in [
        ("a: [\n1,\n2\n]\nb: 3\n", json!({ "a": [1, 2], "b": 3 })),
        ("a: {\nx: 1\n}\nb: 2\n", json!({ "a": { "x": 1 }, "b": 2 })),
        ("- a: m\n  b: [\n      c\n]\n", json!([{ "a": "m", "b": ["c"] }])),
        ("a:\n  b: [\n1\n]\n  c: 2\n", json!({ "a": { "b": [1], "c": 2 } })),
        ("a:\n- [\n1\n]\n- 2\n", json!({ "a": [[1], 2] })),
        ("a: 'x\ny\n\nz'\nb: 1\n", json!({ "a": "x y\nz", "b": 1 })),
        ("a:\n    b: \"x\ny\"\n", json!({ "a": { "b": "x y" } })),
        ("a: |\n x\nb: [1,\n# c\n]\n", json!({ "a": "x\n", "b": [1] })),
        ("a: [\r\n1\r\n]\r\n", json!({ "a": [1] })),
    ] {
        assert_eq!(dbt(text), expected, "{text}");
    }
    let errors = parse("a: [\n1\nb: 2\n", Dialect::PyYaml).1;
    assert_eq!(errors.len(), 1, "{errors:?}");
}
