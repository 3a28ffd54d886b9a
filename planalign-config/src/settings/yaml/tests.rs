//! Trees and positions.

use super::*;

#[test]
fn nodes_know_where_they_stand() {
    let (root, flaws) = parse("# first\na:\n  b: [1, x]\n\"c\": 0.50\n");
    assert_eq!(flaws, []);
    let Content::Map(entries) = &root.content else { panic!("{root}") };
    let places: Vec<_> = entries.iter().map(|e| (e.key.as_str(), e.at.line, e.at.column, e.value.at.line)).collect();
    assert_eq!(places, [("a", 2, 1, 3), ("c", 4, 1, 4)]);
    assert_eq!(root.to_string(), r#"{a: {b: [1, "x"]}, c: 0.5}"#);
}

#[test]
fn scalars_are_those_of_the_core_schema() {
    #[track_caller]
    fn check(text: &str, expect: &Content) {
        let (root, flaws) = parse(text);
        assert_eq!((&root.content, flaws), (expect, Vec::new()), "{text}");
    }
    check("~", &Content::Null);
    check("true", &Content::Flag(true));
    check("0x10", &Content::Integer(16));
    check("1e3", &Content::Float(1000.0));
    for text in ["yes", "02-01", "2025-01-01", "99999999999999999999999"] {
        assert!(matches!(parse(text).0.content, Content::Text(_) | Content::Float(_)), "{text}");
    }
    check("'5'", &Content::Text("5".to_owned()));
}

#[test]
fn keys_given_twice_are_all_found_with_their_paths() {
    let (_, flaws) = parse("a: 1\na: 2\nb: [{ c: 1, c: 2 }]\nd:\n  e: 1\n  e: 1\n");
    let found: Vec<_> = flaws.iter().map(|f| (f.key.as_str(), f.at.line, f.kind.to_string())).collect();
    let twice = |line| format!("given twice, first on line {line}");
    assert_eq!(found, [("a", 2, twice(1)), ("b[0].c", 3, twice(3)), ("d.e", 6, twice(5))]);
}
