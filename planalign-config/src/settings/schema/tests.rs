//! The schema agrees with loading.

pub(crate) mod admits;

use serde_json::{Value, json};

use super::*;
use crate::settings::layers::tests::Given;
use admits::admits;

/// A file that sets one key to a value.
fn file(key: &str, value: &Value) -> Value {
    let mut tree = json!({ "scenario_id": "base", "plan_design_id": "standard" });
    let at = key.split('.').fold(&mut tree, |tree, part| &mut tree[part]);
    *at = value.clone();
    tree
}

/// Checks a key's value against the schema and by loading it.
#[track_caller]
fn check(key: &str, value: &Value, expect: bool) {
    let file = file(key, value);
    assert_eq!(admits(&json_schema(), &file), expect, "{key} = {value}");
    let loaded = Given { file: &file.to_string(), ..Given::default() }.load();
    assert_eq!(loaded.is_ok(), expect, "{key} = {value}, loaded");
}

#[test]
fn valid_and_invalid_values() {
    let all = [
        ("scenario_id", json!("a-1"), true),
        ("scenario_id", json!("a b"), false),
        ("simulation.random_seed", json!(0), true),
        ("simulation.random_seed", json!(-1), false),
        ("simulation.random_seed", json!("7"), false),
        ("simulation.target_growth_rate", json!(-1), true),
        ("simulation.target_growth_rate", json!(1.5), false),
        ("workforce.first_full_year_rate", json!(null), true),
        ("workforce.total_termination_rate", json!(null), false),
        ("compensation.raise_timing.method", json!("fixed_day"), true),
        ("compensation.raise_timing.method", json!("weekly"), false),
        ("compensation.raise_timing.day", json!("7-15"), false),
        ("hiring.level_shares", json!([0.2, 0.2, 0.2, 0.2, 0.2]), true),
        ("hiring.level_shares", json!([0.5, 0.5]), false),
        ("enrollment.auto_enrollment.enabled", json!("yes"), false),
        ("enrollment.auto_enrollment.hire_date_cutoff", json!("2020-01-01"), true),
        ("enrollment.auto_enrollment.hire_date_cutoff", json!("01/01/2020"), false),
        ("enrollment.auto_enrollment.opt_out_rates.age_multipliers.young", json!(11), false),
        ("employer_match.tiers", json!([{ "up_to": 0.05, "rate": 1 }]), true),
        ("employer_match.tiers", json!([{ "up_to": 0.05 }]), false),
        ("compensation.promotion_compensation.level_overrides", json!({ "4": 0.15 }), true),
        ("compensation.promotion_compensation.level_overrides", json!({ "5": 0.15 }), false),
        ("workflow.stages", json!([{ "name": "VALIDATION", "rules": { "drop": ["event_sequence"] } }]), true),
        ("workflow.stages", json!([{ "rules": {} }]), false),
        ("validation.severity", json!({ "event_sequence": "warning" }), true),
        ("validation.severity", json!({ "event_sequences": "off" }), false),
        ("validation.severities", json!({}), false),
    ];
    for (key, value, expect) in all {
        check(key, &value, expect);
    }
}

#[test]
fn the_default_file_and_every_default_are_valid() {
    let default = Given { file: crate::settings::DEFAULT_CONFIG, ..Given::default() }.settings();
    let tree = Value::Object(default.to_tree());
    assert!(admits(&json_schema(), &tree));
    for entry in settings() {
        if let Some(default) = entry.default {
            check(&entry.key, &default, true);
        }
    }
}

#[test]
fn every_setting_has_a_meaning_and_all_but_the_ids_have_a_default() {
    let all = settings();
    for entry in &all {
        assert!(!entry.meaning.is_empty(), "{} has no comment", entry.key);
        assert!(!entry.allowed.is_empty(), "{}", entry.key);
    }
    let without: Vec<&str> = all.iter().filter(|e| e.default.is_none()).map(|e| e.key.as_str()).collect();
    assert_eq!(without, ["scenario_id", "plan_design_id"]);
    let is_listed = |key: &&String| all.iter().any(|entry| key.starts_with(&entry.key));
    let rules = RULES.keys().filter(|key| !is_listed(key));
    assert_eq!(rules.collect::<Vec<_>>(), [""; 0], "rules without a setting");
}

#[test]
fn a_file_without_ids_is_valid_as_a_layer() {
    assert!(admits(&json_schema(), &json!({ "simulation": { "random_seed": 7 } })));
}

#[test]
fn list_entries_are_described_field_by_field() {
    let settings = settings();
    let fields = |key: &str| &settings.iter().find(|setting| setting.key == key).expect("setting").fields;
    let keys = |key: &str| fields(key).iter().map(|field| (field.key.as_str(), field.is_required)).collect::<Vec<_>>();
    assert_eq!(
        keys("validation.rules"),
        [("name", true), ("severity", true), ("sql", true), ("stage", false), ("max_rows", true), ("message", true)]
    );
    assert_eq!(keys("workflow.stages")[..2], [("name", true), ("depends_on", false)]);
    assert!(keys("workflow.stages").contains(&("models.add", false)));
    assert_eq!(keys("census.columns"), []);
    let undocumented = settings.iter().flat_map(|setting| &setting.fields).find(|field| field.meaning.is_empty());
    assert_eq!(undocumented, None);
}
