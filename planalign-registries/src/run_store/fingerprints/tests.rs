//! Fingerprints and how their differences are described.

use super::{FingerprintKind, Fingerprints};

fn fingerprints(entries: &[(&str, &str, &str)]) -> Fingerprints {
    let mut all = Fingerprints::default();
    for (kind, name, content) in entries {
        all.insert((*kind).into(), [((*name).to_owned(), (*content).to_owned())]);
    }
    all
}

#[test]
fn differences_say_exactly_what_changed() {
    let long = "select 1\n".repeat(20);
    let before = fingerprints(&[
        ("census", "sha256", &"a".repeat(64)),
        ("config", "compensation.cola_rate", "0.02"),
        ("config", "enrollment.scope", "all"),
        ("config", "same", "1"),
        ("config", "text", "short"),
        ("engine", "version", "v1.5.5"),
        ("model", "int_gone", &long),
        ("model", "int_changed", &long),
        ("seed", "config_levels", "a"),
    ]);
    let now = fingerprints(&[
        ("census", "sha256", &"b".repeat(64)),
        ("config", "compensation.cola_rate", "0.03"),
        ("config", "new_key", "true"),
        ("config", "same", "1"),
        ("config", "text", &long),
        ("engine", "version", "v1.5.6"),
        ("model", "int_changed", &long[1..]),
        ("model", "int_new", "select 2"),
        ("seed", "config_levels", "a"),
    ]);
    let lines: Vec<String> = before.differences(&now).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    census sha256 has changed
    compensation.cola_rate: 0.02 -> 0.03
    enrollment.scope: all -> absent
    new_key: absent -> true
    text has changed
    engine version: v1.5.5 -> v1.5.6
    model int_changed has changed
    model int_gone is gone
    model int_new is new
    ");
    assert_eq!(before.differences(&before), []);
}

#[test]
fn the_digest_depends_on_every_part_and_its_length() {
    let all = [
        fingerprints(&[("a", "b", "c")]),
        fingerprints(&[("a", "bc", "")]),
        fingerprints(&[("ab", "", "c")]),
        fingerprints(&[("a", "b", "d")]),
        fingerprints(&[("a", "b", "c"), ("a", "d", "")]),
        Fingerprints::default(),
    ];
    let digests: std::collections::BTreeSet<String> = all.iter().map(Fingerprints::digest).collect();
    assert_eq!(digests.len(), all.len());
    assert_eq!(all[5].digest(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(all[0].digest(), fingerprints(&[("a", "b", "c")]).digest());
}

#[test]
fn kinds_of_a_newer_program_are_kept() {
    let words = ["census", "config", "engine", "model", "program", "project_file", "seed", "settings", "weather"];
    let kinds = words.map(FingerprintKind::from);
    assert_eq!(kinds.iter().map(FingerprintKind::as_str).collect::<Vec<_>>(), words);
    assert!(kinds.is_sorted());
    assert!(matches!(kinds, [.., FingerprintKind::Other(_)]));
    let all = fingerprints(&[("weather", "today", "rain"), ("seed", "a", "b")]);
    let json = serde_json::to_string(&all).expect("JSON");
    assert_eq!(json, r#"{"seed":{"a":"b"},"weather":{"today":"rain"}}"#);
    assert_eq!(serde_json::from_str::<Fingerprints>(&json).expect("fingerprints"), all);
}
