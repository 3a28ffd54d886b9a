//! Every setting has a rule, and the rules agree with the types.

use std::collections::BTreeSet;

use super::*;
use crate::settings::SimulationConfig;
use crate::yaml::{self, Dialect};

fn settings() -> BTreeSet<String> {
    let config = SimulationConfig::new("a".parse().expect("id"), "b".parse().expect("id"));
    crate::settings::keys::leaves(config.to_tree()).into_keys().collect()
}

#[track_caller]
fn mistakes(key: &str, value: &str) -> Vec<Mistake> {
    let (node, errors) = yaml::parse(value, Dialect::Core);
    assert_eq!(errors, [], "{value}");
    let mut found = Vec::new();
    rule_of(key).expect(key).check(key, &node, &mut found);
    found
}

#[test]
fn each_setting_has_one_rule_and_each_rule_a_setting() {
    let settings = settings();
    for key in &settings {
        assert!(RULES.contains_key(key), "{key} has no rule");
    }
    for key in RULES.keys() {
        assert!(settings.contains(key), "{key} is not a setting");
    }
    assert!(rule_of("no.such_key").is_none());
}

#[test]
fn numbers_have_bounds() {
    for (key, rule) in &*RULES {
        let (least, most) = match rule.allowed {
            Allowed::Number(least, most) => (least, most),
            Allowed::Whole(least, most) => (least as f64, most as f64),
            _ => continue,
        };
        assert_eq!(mistakes(key, &least.to_string()), [], "{key} {least}");
        assert_eq!(mistakes(key, &most.to_string()), [], "{key} {most}");
        for outside in [(least - 1.0).to_string(), (most + 1.0).to_string(), ".nan".to_owned(), ".inf".to_owned()] {
            assert_eq!(mistakes(key, &outside).len(), 1, "{key} {outside}");
        }
    }
}

#[test]
fn rates_have_at_most_six_decimals() {
    for good in ["0.000001", "0.123456", "0.999999", "0.1", "1", "0"] {
        assert_eq!(mistakes("compensation.cola_rate", good), [], "{good}");
    }
    for bad in ["0.0000001", "0.1234567", "0.00000149"] {
        assert_eq!(mistakes("compensation.cola_rate", bad).len(), 1, "{bad}");
    }
}

#[test]
fn shares_sum_to_one_within_rounding() {
    let twelfths = |share: &str| format!("[{}]", [share; 12].join(", "));
    assert_eq!(mistakes("hiring.monthly_shares", &twelfths("0.0833")), []);
    assert_eq!(mistakes("hiring.monthly_shares", "null"), []);
    assert_eq!(mistakes("hiring.monthly_shares", &twelfths("0.08")).len(), 1);
    assert_eq!(mistakes("hiring.level_shares", "[2, -1, 0, 0, 0]").len(), 1);
    assert_eq!(mistakes("hiring.level_shares", "[1, 0, 0, 0, 0, 0]").len(), 1);
    assert_eq!(mistakes("compensation.raise_timing.monthly_shares", "null").len(), 1, "null is not allowed");
}

#[test]
fn dates_have_a_single_format() {
    let key = "enrollment.auto_enrollment.hire_date_cutoff";
    for good in ["2024-02-29", "null"] {
        assert_eq!(mistakes(key, good), [], "{good}");
    }
    for bad in ["2025-02-29", "20250101", "2025-1-1", "2025-01-01T00:00", "'20250101'", "01/02/2025"] {
        assert_eq!(mistakes(key, bad).len(), 1, "{bad}");
    }
}

#[test]
fn patterns_allow_what_the_types_accept() {
    for (month, day) in (0..14).flat_map(|month| (0..33).map(move |day| (month, day))) {
        let text = format!("{month:02}-{day:02}");
        let is_day = text.parse::<crate::settings::MonthDay>().is_ok();
        assert_eq!(mistakes("compensation.promotion_day", &format!("'{text}'")).is_empty(), is_day, "{text}");
    }
    for name in ["a", "A-1_b", "", "two words", "a.b", "größer", "x\ny", &"x".repeat(64), &"x".repeat(65)] {
        let is_name = name.parse::<crate::settings::Identifier>().is_ok();
        assert_eq!(mistakes("scenario_id", &format!("{name:?}")).is_empty(), is_name, "{name}");
    }
    for (message, is_line) in [("one line", true), ("two\nlines", false), ("a\ttab", false), (" ", false)] {
        let rule = format!("[{{ name: a, severity: info, sql: b, max_rows: 0, message: {message:?} }}]");
        assert_eq!(mistakes("validation.rules", &rule).is_empty(), is_line, "{message}");
    }
}
